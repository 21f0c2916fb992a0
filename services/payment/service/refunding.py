"""Sending money back: the amount is set aside on the payment first, then the provider is called, then it settles."""

from common.card_numbers import holds_card_number
from common.errors import Invalid
from common.identity.principal import Principal
from common.logging import get_logger
from common.money import Money
from services.payment.clients import ProviderUnreachable
from services.payment.domain import OrderAccount, Outcome, Payment, Posting, Refund
from services.payment.domain.ledger import refund_returned, refunded
from services.payment.service.foundation import Foundation, decide

log = get_logger(__name__)


class Refunding:
    """Refunds asked for by staff, and those that follow from a cancelled order."""

    def __init__(self, on: Foundation) -> None:
        self._on = on

    async def refund(
        self, who: Principal, payment_id: str, *, refund_id: str, amount: Money | None, reason: str
    ) -> tuple[Payment, Refund]:
        """Refund all that is left, or ``amount`` of it. The same ``refund_id`` again finds the first.

        Raises NotFound, Conflict ``refund_exceeds_captured``, Invalid for another currency.
        """
        if holds_card_number(reason):
            raise Invalid(
                "card_number_refused", "Card numbers are not taken here.", [("reason", "holds a card number")]
            )

        async def work() -> Payment:
            asked = await self._on.payments.for_company(who.tenant).get(payment_id)
            who.require_shop(asked.shop_id, "payment")
            account, payment = await self._on.together(asked)
            if payment.refund(refund_id) is None:
                payment.begin_refund(refund_id, amount, reason, self._on.clock.now())
                await self._on.books.commit(account, [payment])
            return payment

        payment = await self.send(await decide(work), refund_id)
        refund = payment.refund(refund_id)
        assert refund is not None, "the refund was set aside above"
        return payment, refund

    async def send(self, payment: Payment, refund_id: str) -> Payment:
        """Send a refund that is set aside; money taken by hand is given back by hand, at once."""
        refund = payment.refund(refund_id)
        if refund is None or refund.status != "pending":
            return payment
        if payment.provider not in self._on.providers:
            return await self.settle(payment, refund_id, Outcome(kind="succeeded"))
        try:
            outcome = await self._on.provider(payment.provider).refund(payment, refund)
        except ProviderUnreachable as error:
            log.warning("refund_open", refundId=refund_id, reason=str(error))
            outcome = Outcome(kind="pending")
        return await self.settle(payment, refund_id, outcome)

    async def settle(self, asked: Payment, refund_id: str, outcome: Outcome) -> Payment:
        """Take a verdict about a refund into payment, account and ledger; known ones change nothing."""

        async def work() -> Payment:
            account, payment = await self._on.together(asked)
            refund = payment.refund(refund_id)
            if refund is not None:
                await self._settle(payment, account, refund, outcome)
            return payment

        return await decide(work)

    async def _settle(self, payment: Payment, account: OrderAccount, refund: Refund, outcome: Outcome) -> None:
        now = self._on.clock.now()
        postings: list[Posting] = []
        match outcome.kind:
            case "succeeded" if payment.settle_refund(refund.id, outcome.reference, now):
                account.refunded += refund.amount.amount
                postings.append(refunded(payment, refund, now))
            case "failed":
                before = payment.fail_refund(refund.id, outcome.code, outcome.reference, now)
                if before is None:
                    return
                if before == "succeeded":
                    account.refunded -= refund.amount.amount
                    postings.append(refund_returned(payment, refund, now))
            case "pending" if refund.status == "pending":
                payment.postpone_refund(refund.id, outcome.reference, now)
            case _:
                return
        await self._on.books.commit(account, [payment], postings)
