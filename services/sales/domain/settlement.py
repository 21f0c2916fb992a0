"""What an order makes of the money that payment and debt tell of.

A fact that comes after the order has moved past it changes nothing here: whoever told it undoes it on
``order.cancelled``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from common.errors import ComeBackLater
from common.events.parts import Tender
from common.money import Money
from services.sales.domain.moves import MovingOrder
from services.sales.domain.record import SYSTEM, Actor, OrderPayment, PaymentState
from services.sales.domain.states import move_for

ON_ACCOUNT = "on_account"

_FINAL_STATES: tuple[PaymentState, ...] = ("succeeded", "partially_refunded", "refunded")


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """What an event says of one payment."""

    payment_id: str
    method: str
    amount: Money


class SettlingOrder(MovingOrder):
    """An order and its payments."""

    def payment_authorized(self, fact: PaymentFact, *, now: datetime, by: Actor) -> None:
        """Money is set aside, to be captured later; the whole total confirms. Too late once it was let go."""
        known = self._payment(fact.payment_id)
        if known is not None and known.status in ("voided", "expired"):
            return
        self._keep_unless_captured(fact, "authorized")
        if self._set_aside() + self.paid >= self.totals.grand_total:
            self._follow("authorized", now=now, by=by)
        self._confirm_if_ready(now=now, by=by)

    def payment_succeeded(self, fact: PaymentFact, *, now: datetime, by: Actor) -> None:
        """Money came in; ``fact.amount`` is all that this payment has captured so far."""
        known = self._payment(fact.payment_id)
        refunded = known.refunded if known else Money.zero(fact.amount.currency)
        captured = max(known.captured, fact.amount) if known else fact.amount
        status: PaymentState = known.status if known and known.status in _FINAL_STATES else "succeeded"
        self._keep(fact, status, captured=captured, refunded=refunded)
        self._recount()
        self._note_if_covered(now=now, by=by)
        self._confirm_if_ready(now=now, by=by)

    def payment_failed(self, fact: PaymentFact, *, final: bool, now: datetime, by: Actor) -> None:
        """The provider said no; ``final`` ends the order, another try leaves it as it is."""
        self._keep_unless_captured(fact, "failed")
        if not (final and self._follow("declined", now=now, by=SYSTEM, reason="payment_failed")):
            self._note("payment_failed", now=now, by=by)

    def payment_expired(self, fact: PaymentFact, *, now: datetime) -> None:
        """Nothing can be captured any more; an order that waits for this money ends."""
        self._keep_unless_captured(fact, "expired")
        if self.payment_status not in ("unpaid", "authorized") or self.is_promised:
            return
        if not self._follow("overdue", now=now, by=SYSTEM, reason="expired"):
            self._void_if_nothing_is_set_aside(now=now)

    def payment_requires_action(self, fact: PaymentFact, *, now: datetime, by: Actor) -> None:
        """The buyer is asked by the bank; the order waits on."""
        self._keep_unless_captured(fact, "requires_action")
        self._note("payment_requires_action", now=now, by=by)

    def payment_voided(self, fact: PaymentFact, *, now: datetime) -> None:
        """A pending or authorised payment was let go."""
        self._keep_unless_captured(fact, "voided")
        self._void_if_nothing_is_set_aside(now=now)

    def payment_refunded(self, fact: PaymentFact, refunded: Money, *, now: datetime, by: Actor) -> None:
        """Money went back; ``refunded`` is the sum of that payment's refunds so far.

        Raises ComeBackLater while the payment itself has not been told of.
        """
        known = self._payment(fact.payment_id)
        if known is None or known.captured.amount == 0:
            raise ComeBackLater(f"payment {fact.payment_id} is not known yet")
        so_far = max(known.refunded, refunded)
        status: PaymentState = "refunded" if so_far >= known.captured else "partially_refunded"
        self._keep(fact, status, captured=known.captured, refunded=so_far)
        before = self.refunded
        self._recount()
        if self.refunded != before:  # what went back over a counter was counted there
            self._follow_refunds(now=now, by=by)

    def debt_settled(self, *, now: datetime, by: Actor) -> None:
        """The debt of an order on account was paid in full."""
        if self.status != "cancelled":
            self.settled = True
            self._recount()
            self._note_if_covered(now=now, by=by)

    def expire(self, *, now: datetime) -> bool:
        """End the order if its deadline has passed. True when it did."""
        if self.due_at is None or now < self.due_at:
            return False
        return self._follow("overdue", now=now, by=SYSTEM, reason="expired")

    @property
    def is_covered(self) -> bool:
        """Whether confirmation waits for no money any more: it is promised, set aside or here."""
        return self.is_promised or self.payment_status in ("authorized", "paid", "partially_refunded")

    def _confirm_if_ready(self, *, now: datetime, by: Actor) -> None:
        """Confirm what is held and covered; past the deadline the hold may be gone, so it ends instead."""
        if move_for("ready", self.state) is None or not self.is_covered:
            return
        if not self.expire(now=now):
            self._move("ready", now=now, by=by)

    def _note_if_covered(self, *, now: datetime, by: Actor) -> None:
        is_free = self.totals.grand_total.amount == 0 and not self.is_promised
        if (self.paid.amount > 0 or is_free or self.settled) and self.paid >= self.totals.grand_total:
            is_resting = self.status == "on_hold" and self.confirmed_at is not None
            self._follow("settled" if is_resting else "captured", now=now, by=by)

    def _follow_refunds(self, *, now: datetime, by: Actor) -> None:
        everything = self.refunded >= max(self.paid, Money.of(1, self.paid.currency))
        self._follow("refunded_all" if everything else "refunded_part", now=now, by=by)

    def _payment(self, payment_id: str) -> OrderPayment | None:
        return next((payment for payment in self.payments if payment.id == payment_id), None)

    def _set_aside(self) -> Money:
        authorized = (payment.amount for payment in self.payments if payment.status == "authorized")
        return Money.total(authorized, self.totals.grand_total.currency)

    def _void_if_nothing_is_set_aside(self, *, now: datetime) -> None:
        if self._set_aside() + self.paid < self.totals.grand_total:
            self._follow("voided", now=now, by=SYSTEM)

    def _keep(self, fact: PaymentFact, status: PaymentState, *, captured: Money, refunded: Money) -> None:
        entry = OrderPayment(
            id=fact.payment_id,
            method=fact.method,
            amount=max(fact.amount, captured),
            status=status,
            captured=captured,
            refunded=refunded,
        )
        known = [payment.id for payment in self.payments]
        if fact.payment_id in known:
            self.payments = [entry if payment.id == entry.id else payment for payment in self.payments]
        else:
            self.payments = [*self.payments, entry]

    def _keep_unless_captured(self, fact: PaymentFact, status: PaymentState) -> None:
        known = self._payment(fact.payment_id)
        if known is None or known.status not in _FINAL_STATES:
            nothing = Money.zero(fact.amount.currency)
            self._keep(fact, status, captured=nothing, refunded=nothing)

    def _recount(self) -> None:
        total = self.totals.grand_total
        captured = Money.total((payment.captured for payment in self.payments), total.currency)
        self.paid = total if self.settled else captured
        told = Money.total((payment.refunded for payment in self.payments), total.currency)
        by_hand = self._given("cash") + (self._given("card") if self.till else Money.zero(total.currency))
        credited = self._given(ON_ACCOUNT) if self.settled else Money.zero(total.currency)
        self.refunded = max(told, by_hand) + credited

    def _given(self, method: str | None = None) -> Money:
        """What went back with returned goods, in whatever form or in this one."""
        currency = self.totals.grand_total.currency
        sums = [sum_of(entry.tenders, currency, method) for entry in self.given_back]
        return Money.total(sums, currency)


def sum_of(tenders: Sequence[Tender], currency: str, method: str | None = None) -> Money:
    """What was handed over in one form; without ``method`` in all of them."""
    return Money.total((each.amount for each in tenders if method in (None, each.method)), currency)
