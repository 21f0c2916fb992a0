"""One payment: one try to get an order's money, its captures and its refunds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate, Part
from common.errors import Conflict, Invalid, InvalidTransition
from common.events.payments import (
    PaymentExpired,
    PaymentFailed,
    PaymentInitiated,
    PaymentRefunded,
    PaymentRequiresAction,
    PaymentSucceeded,
    PaymentVoided,
    RefundFailed,
)
from common.money import Money
from services.payment.domain.account import OrderAccount

Status = Literal[
    "pending",
    "processing",
    "requires_action",
    "authorized",
    "succeeded",
    "failed",
    "expired",
    "voided",
    "partially_refunded",
    "refunded",
]
RefundStatus = Literal["pending", "succeeded", "failed"]

# Money that the provider reports as captured is a fact, so whatever had been given up may still succeed.
MOVES: dict[Status, frozenset[Status]] = {
    "pending": frozenset({"processing", "succeeded", "failed", "expired", "voided", "partially_refunded", "refunded"}),
    "processing": frozenset({"requires_action", "authorized", "succeeded", "failed", "expired", "voided"}),
    "requires_action": frozenset({"authorized", "succeeded", "failed", "expired", "voided"}),
    "authorized": frozenset({"succeeded", "expired", "voided"}),
    "failed": frozenset({"succeeded"}),
    "expired": frozenset({"succeeded"}),
    "voided": frozenset({"succeeded"}),
    "succeeded": frozenset({"partially_refunded", "refunded"}),
    "partially_refunded": frozenset({"succeeded", "refunded"}),
    "refunded": frozenset({"partially_refunded", "succeeded"}),
}
UNDER_WAY: tuple[Status, ...] = ("processing", "requires_action", "authorized")
PROVIDER_OF = {
    "card": "stripe",
    "paypal": "paypal",
    "cash": "cash",
    "cash_on_delivery": "cash",
    "on_account": "account",
}

CALL_SECONDS = 15
"""How long a provider call is left alone before a sweeper repeats it with the same key."""
POLL_SECONDS = 30
LONGEST_WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a provider says about a payment or a refund; ``captured`` in minor units."""

    kind: Literal["succeeded", "requires_action", "failed", "canceled", "pending"]
    reference: str | None = None
    captured: int = 0
    action_url: str | None = None
    code: str = ""
    decline_code: str | None = None


class NextAction(Part):
    """What the buyer has to do."""

    type: Literal["redirect"] = "redirect"
    url: str


class Failure(Part):
    """Why it failed, in the provider's words."""

    code: str
    decline_code: str | None = None


class Refund(Part):
    """Money on its way back, embedded in its payment: the sum is checked where it is stored."""

    id: str
    amount: Money
    reason: str
    status: RefundStatus = "pending"
    reference: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime


class Payment(Aggregate):
    """``automatic``: the order itself carried it, so its failure ends the order. ``instrument`` is sealed.

    ``due_at``: when a sweeper must look at it next; null when nobody waits for anything.
    """

    order_id: str
    shop_id: str | None = None
    customer_id: str | None = None
    method: str
    provider: str
    status: Status = "pending"
    amount: Money
    captured: Money
    refunded: Money
    next_action: NextAction | None = None
    failure: Failure | None = None
    refunds: list[Refund] = []
    automatic: bool = False
    instrument: str | None = None
    reference: str | None = None
    attempts: int = 0
    deadline_at: datetime
    due_at: datetime | None = None

    @classmethod
    def open(
        cls, account: OrderAccount, payment_id: str, method: str, amount: Money, now: datetime, *, provider: str = ""
    ) -> "Payment":
        """A new record of an order's payment; nothing has moved yet."""
        payment = cls(
            id=payment_id,
            company_id=account.company_id,
            created_at=now,
            updated_at=now,
            order_id=account.id,
            shop_id=account.shop_id,
            customer_id=account.customer_id,
            method=method,
            provider=provider or PROVIDER_OF[method],
            amount=amount,
            captured=Money.zero(amount.currency),
            refunded=Money.zero(amount.currency),
            deadline_at=account.deadline_at or now,
        )
        payment.record(
            PaymentInitiated(
                payment_id=payment.id,
                order_id=payment.order_id,
                shop_id=payment.shop_id,
                method=method,
                provider=payment.provider,
                amount=amount,
            )
        )
        return payment

    def begin(self, now: datetime) -> None:
        """The provider is about to be asked."""
        self._move("processing")
        self.leave_alone(now)

    def leave_alone(self, now: datetime) -> None:
        """Claim the next call to the provider; nobody repeats it for ``CALL_SECONDS``."""
        self.attempts += 1
        self.due_at = now + timedelta(seconds=CALL_SECONDS)

    def wait(self, now: datetime) -> None:
        """No answer: ask again later, each time a little later."""
        self.due_at = now + timedelta(seconds=min(2 ** min(self.attempts - 1, 6), LONGEST_WAIT_SECONDS))

    def ask_action(self, outcome: Outcome, now: datetime) -> None:
        """The buyer must confirm with the bank. Nothing happens when that is known already."""
        self.due_at = now + timedelta(seconds=POLL_SECONDS)
        if self.status == "requires_action":
            return
        self._move("requires_action")
        self.reference = outcome.reference or self.reference
        self.next_action = NextAction(url=outcome.action_url) if outcome.action_url else None
        self.record(
            PaymentRequiresAction(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                amount=self.amount,
            )
        )

    def succeed(self, captured: int, now: datetime, reference: str | None = None) -> None:
        """Money was captured, ``captured`` minor units of it."""
        self._move("succeeded")
        self.reference = reference or self.reference
        self._close()
        self.failure = None
        self._count_in(captured)

    def _count_in(self, captured: int) -> None:
        self.captured = Money.of(self.captured.amount + captured, self.amount.currency)
        self.record(
            PaymentSucceeded(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                provider=self.provider,
                amount=self.captured,
            )
        )

    def fail(self, code: str, decline_code: str | None, reference: str | None = None) -> None:
        """The provider said no."""
        self._move("failed")
        self.reference = reference or self.reference
        self._close()
        self.failure = Failure(code=code, decline_code=decline_code)
        self.record(
            PaymentFailed(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                amount=self.amount,
                code=code,
                decline_code=decline_code,
                final=self.automatic,
            )
        )

    def expire(self) -> None:
        """Nobody paid in time."""
        self._move("expired")
        self._close()
        self.record(
            PaymentExpired(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                amount=self.amount,
            )
        )

    def void(self) -> None:
        """Let go before money moved."""
        self._move("voided")
        self._close()
        self.record(
            PaymentVoided(
                payment_id=self.id,
                order_id=self.order_id,
                shop_id=self.shop_id,
                method=self.method,
                amount=self.amount,
            )
        )

    def receive(self, amount: Money, now: datetime) -> None:
        """A part of what was promised came in, which is told with the sum so far; the last of it settles it."""
        if self.status == "pending" and amount.amount < self.amount.amount - self.captured.amount:
            self._count_in(amount.amount)
        else:
            self.succeed(amount.amount, now)

    @property
    def refundable(self) -> Money:
        """What was captured and is neither back nor on its way back."""
        taken = sum(refund.amount.amount for refund in self.refunds if refund.status != "failed")
        return Money.of(self.captured.amount - taken, self.amount.currency)

    def begin_refund(self, refund_id: str, amount: Money | None, reason: str, now: datetime) -> Refund:
        """Set an amount aside for a refund, all that is left without ``amount``.

        Raises Conflict ``refund_exceeds_captured``, InvalidTransition when nothing was captured.
        """
        known = self.refund(refund_id)
        if known is not None:
            return known
        if self.captured.amount == 0:
            raise InvalidTransition("Nothing was captured, so nothing can be refunded.")
        if amount is not None and amount.currency != self.amount.currency:
            raise Invalid("currency_mismatch", f"The payment is in {self.amount.currency}.", [("amount", "currency")])
        wanted = amount or self.refundable
        if wanted.amount == 0 or wanted.amount > self.refundable.amount:
            raise Conflict("refund_exceeds_captured", "More would be refunded than was captured.")
        refund = Refund(id=refund_id, amount=wanted, reason=reason, created_at=now, updated_at=now)
        self.refunds = [*self.refunds, refund]
        self.due_at = now + timedelta(seconds=CALL_SECONDS)
        return refund

    def refund(self, refund_id: str) -> Refund | None:
        """The refund with this id."""
        return next((refund for refund in self.refunds if refund.id == refund_id), None)

    def settle_refund(self, refund_id: str, reference: str | None, now: datetime) -> bool:
        """The money went back. False when that was known."""
        refund = self.refund(refund_id)
        if refund is None or refund.status != "pending":
            return False
        self._change_refund(refund, "succeeded", reference, now)
        self._count_refunds()
        self.record(
            PaymentRefunded(
                payment_id=self.id,
                order_id=self.order_id,
                refund_id=refund.id,
                shop_id=self.shop_id,
                method=self.method,
                amount=refund.amount,
                refunded=self.refunded,
                captured=self.captured,
                reason=refund.reason,
            )
        )
        return True

    def fail_refund(self, refund_id: str, code: str, reference: str | None, now: datetime) -> RefundStatus | None:
        """The money could not go back: the amount is given back. Returns the status before, None if known."""
        refund = self.refund(refund_id)
        if refund is None or refund.status == "failed":
            return None
        before = refund.status
        self._change_refund(refund, "failed", reference, now)
        self._count_refunds()
        self.record(
            RefundFailed(
                payment_id=self.id,
                order_id=self.order_id,
                refund_id=refund.id,
                shop_id=self.shop_id,
                amount=refund.amount,
                code=code,
            )
        )
        return before

    def postpone_refund(self, refund_id: str, reference: str | None, now: datetime) -> None:
        """Not settled yet; look again later."""
        refund = self.refund(refund_id)
        if refund is not None and refund.status == "pending":
            self._change_refund(refund, "pending", reference, now)
            self.due_at = now + timedelta(seconds=POLL_SECONDS)

    def _change_refund(self, refund: Refund, status: RefundStatus, reference: str | None, now: datetime) -> None:
        changed = refund.model_copy(
            update={
                "status": status,
                "reference": reference or refund.reference,
                "version": refund.version + 1,
                "updated_at": now,
            }
        )
        self.refunds = [changed if each.id == refund.id else each for each in self.refunds]
        if not any(each.status == "pending" for each in self.refunds):
            self.due_at = None

    def _count_refunds(self) -> None:
        gone = sum(refund.amount.amount for refund in self.refunds if refund.status == "succeeded")
        self.refunded = Money.of(gone, self.amount.currency)
        target: Status = (
            "succeeded" if gone == 0 else "refunded" if gone == self.captured.amount else "partially_refunded"
        )
        if target != self.status:
            self._move(target)

    def _close(self) -> None:
        self.next_action = None
        self.instrument = None
        self.due_at = None

    def _move(self, to: Status) -> None:
        if to not in MOVES[self.status]:
            raise InvalidTransition(f"A {self.status} payment cannot become {to}.")
        self.status = to
