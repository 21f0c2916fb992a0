"""Money on its way back: set aside on the payment first, so that the sum never exceeds what was captured."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from common.errors import Conflict, Forbidden, Invalid, InvalidTransition
from common.events.payments import PaymentRefunded, RefundFailed
from common.money import Money
from services.payment.domain.record import CALL_SECONDS, POLL_SECONDS, PaymentRecord, Refund, RefundStatus, Status


class RefundedPayment(PaymentRecord):
    """The refunds of a payment."""

    @property
    def refundable(self) -> Money:
        """What was captured and is neither back nor on its way back."""
        taken = sum(refund.amount.amount for refund in self.refunds if refund.status != "failed")
        return Money.of(self.captured.amount - taken, self.amount.currency)

    def begin_refund(
        self, refund_id: str, amount: Money | None, reason: str, now: datetime, *, handed: str | None = None
    ) -> Refund:
        """Set an amount aside for a refund, all that is left without ``amount``; ``handed``: see :class:`Refund`.

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
        refund = Refund(id=refund_id, amount=wanted, reason=reason, handed=handed, created_at=now, updated_at=now)
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
        """Not settled yet, or nobody answered: look again soon, each time a little later."""
        refund = self.refund(refund_id)
        if refund is not None and refund.status == "pending":
            self._change_refund(refund, "pending", reference, now)
            self.due_at = now + timedelta(seconds=min(2 ** min(refund.version, 5), POLL_SECONDS))

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


def check_refund_limit(payments: Iterable[RefundedPayment], asked: Money, limit: Money) -> None:
    """Raises Forbidden ``refund_limit_exceeded`` when all refunds of an order would pass the caller's limit together.

    However many payments the order was cut into: whoever takes money in parts must not give back the more for it.
    """
    taken = sum(payment.captured.amount - payment.refundable.amount for payment in payments)
    if asked.currency != limit.currency or taken + asked.amount > limit.amount:
        raise Forbidden("refund_limit_exceeded", "This is more than you may give back of one order.")
