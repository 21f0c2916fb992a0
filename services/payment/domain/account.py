"""The order's account: the one document that decides the races about an order's money."""

from datetime import datetime
from typing import Literal

from common.aggregate import Aggregate
from common.errors import Conflict, Invalid, InvalidTransition
from common.money import Money

TRIES = 5
PROMISED = ("cash_on_delivery", "on_account")
CHARGED = ("card", "paypal")

Step = Literal["open", "collect"]


class OrderAccount(Aggregate):
    """What is due on an order and what came in. Made by whichever event names the order first.

    ``known``: the order's own facts are here. ``active``: the try under way. ``promised``: the record of
    money that comes later (on delivery, on account). ``started``: what the order itself carried was acted on.
    ``returns``: returns at tills that were taken into its payments.
    ``unfinished``: the writes to payments and ledger that belong to this version and follow it.
    """

    shop_id: str | None = None
    customer_id: str | None = None
    order_token_hash: str | None = None
    known: bool = False
    total: Money | None = None
    method: str | None = None
    has_token: bool = False
    deadline_at: datetime | None = None
    reserved: bool = False
    ended: bool = False
    started: bool = False
    active: str | None = None
    promised: str | None = None
    tries: int = 0
    capture_method: Literal["automatic", "manual"] = "automatic"
    captured: int = 0
    authorized: int = 0
    refunded: int = 0
    returns: list[str] = []
    unfinished: list[bytes] = []
    unfinished_at: datetime | None = None

    @classmethod
    def open(cls, order_id: str, company_id: str, now: datetime) -> "OrderAccount":
        """An account of which nothing is known yet."""
        return cls(id=order_id, company_id=company_id, created_at=now, updated_at=now)

    @property
    def due(self) -> Money:
        """What is still to be captured. Only for a known order."""
        assert self.total is not None, "the order is not known"
        return Money.of(max(self.total.amount - self.captured, 0), self.total.currency)

    @property
    def open_amount(self) -> Money:
        """What a new try may ask for: what is due and not held already."""
        return Money.of(max(self.due.amount - self.authorized, 0), self.due.currency)

    def learn(
        self,
        *,
        total: Money,
        method: str | None,
        has_token: bool,
        shop_id: str | None,
        customer_id: str | None,
        deadline_at: datetime | None,
        capture: str = "automatic",
    ) -> None:
        """Take the order's facts, once; they never change."""
        if self.known:
            return
        self.total, self.method, self.has_token = total, method, has_token
        self.shop_id, self.customer_id, self.deadline_at = shop_id, customer_id, deadline_at
        self.capture_method = "manual" if capture == "manual" else "automatic"
        self.known = True

    @property
    def carries_payment(self) -> bool:
        """Whether the order itself says how it is paid."""
        return self.method in (*PROMISED, "cash") or (self.method in CHARGED and self.has_token)

    def next_step(self) -> Step | None:
        """What is to be done now: open the record of what the order carries, or get the money of a waiting try."""
        if not self.known:
            return None
        if not self.started and self.carries_payment:
            return "open"
        if self.is_ready and self.active is not None:
            return "collect"
        return None

    @property
    def is_ready(self) -> bool:
        """Whether money may be taken: the goods are held and the order has not ended."""
        return self.reserved and not self.ended

    def check_open(self) -> None:
        """Raises InvalidTransition for an order that ended or is on account, Conflict ``already_paid``."""
        if self.ended:
            raise InvalidTransition("The order has ended; it takes no payment.")
        if self.method == "on_account":
            raise InvalidTransition("The order is on account: its debt is paid instead.")
        if self.due.amount == 0:
            raise Conflict("already_paid", "The order is paid.")
        if self.open_amount.amount == 0:
            raise Conflict("payment_in_progress", "All that is due is authorised; capture or void it.")

    def part(self, amount: Money | None) -> Money:
        """The amount of one payment: ``amount`` of what is open, else all of it.

        Raises Invalid ``currency_mismatch``, Conflict ``amount_exceeds_due``.
        """
        if amount is None:
            return self.open_amount
        if amount.currency != self.open_amount.currency:
            raise Invalid(
                "currency_mismatch", f"The order is in {self.open_amount.currency}.", [("amount", "currency")]
            )
        if amount.amount > self.open_amount.amount:
            raise Conflict("amount_exceeds_due", "More would be paid than is due.", due=self.open_amount.model_dump())
        return amount

    def begin_try(self, payment_id: str, *, by_process: bool) -> None:
        """Take the one place for a try. Raises Conflict when it is taken or the tries are used up."""
        self.check_open()
        if self.active not in (None, payment_id):
            raise Conflict("payment_in_progress", "Another payment of this order is under way.")
        if by_process:
            if self.tries >= TRIES:
                raise Conflict("payment_tries_exhausted", f"The order was tried {TRIES} times.")
            self.tries += 1
        self.active = payment_id

    def end_try(self, payment_id: str) -> None:
        """Free the place if this payment holds it."""
        if self.active == payment_id:
            self.active = None

    def hold(self, amount: int) -> None:
        """Count money that is held for us; negative when it is let go or taken."""
        self.authorized += amount

    def capture(self, amount: int) -> int:
        """Count money that came in; returns how much of it must go back at once, in minor units.

        All of it for an ended order, else what exceeds the order's total.
        """
        before, self.captured = self.captured, self.captured + amount
        if self.ended:
            return amount
        if self.total is None:
            return 0
        return min(amount, max(before + amount - max(self.total.amount, before), 0))
