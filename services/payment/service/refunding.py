"""Sending money back: the amount is set aside on the payment first, then the provider is called, then it settles."""

from collections.abc import Callable, Sequence

from common.card_numbers import holds_card_number
from common.errors import Conflict, Invalid, InvalidTransition, Unavailable
from common.identity.principal import Principal
from common.logging import get_logger
from common.money import Money
from services.payment.clients import ProviderUnreachable
from services.payment.domain import OrderAccount, Outcome, Payment, Posting, Refund
from services.payment.domain.ledger import refund_returned, refunded
from services.payment.domain.refunds import check_refund_limit
from services.payment.service.foundation import Foundation, decide
from services.payment.service.turns import Turns

log = get_logger(__name__)


class Refunding:
    """Refunds asked for by staff, and those that follow from a cancelled order."""

    def __init__(self, on: Foundation) -> None:
        self._on = on
        self.turns = Turns()

    async def refund(
        self, who: Principal, payment_id: str, *, refund_id: str, amount: Money | None, reason: str
    ) -> tuple[Payment, Refund]:
        """Refund all that is left, or ``amount`` of it. The same ``refund_id`` again finds the first.

        Raises NotFound, Conflict ``refund_exceeds_captured``, Invalid for another currency.
        """
        _check_reason(reason)
        limit = await self._limit(who)
        asked = await self._on.payments.for_company(who.tenant).get(payment_id)
        who.require_shop(asked.shop_id, "payment")

        async def work() -> Payment:
            account, payment = await self._on.together(asked)
            if payment.refund(refund_id) is None:
                await self._check_limit(payment, amount, limit)
                payment.begin_refund(refund_id, amount, reason, self._on.clock.now())
                await self._on.books.commit(account, [payment])
            return payment

        async with self.turns.of(asked.order_id):
            payment = await decide(work)
        payment = await self._sent(payment, refund_id)
        refund = payment.refund(refund_id)
        assert refund is not None, "the refund was set aside above"
        return payment, refund

    async def refund_order(
        self, who: Principal, order_id: str, *, id_for: Callable[[int], str], amount: Money | None, reason: str
    ) -> list[tuple[Payment, Refund]]:
        """Refund ``amount`` of an order, or all that is left, from its payments, the newest first.

        Raises as :meth:`refund`; ``id_for`` names the refund of each payment in turn, the same again every time.
        """
        _check_reason(reason)
        limit = await self._limit(who)

        async def work() -> list[tuple[Payment, str]]:
            account = await self._on.accounts.for_company(who.tenant).get(order_id)
            who.require_shop(account.shop_id, "order")
            payments = (await self._on.payments.for_company(who.tenant).of_order(order_id))[::-1]
            ids = {id_for(number) for number in range(len(payments))}
            known = [(payment, refund.id) for payment in payments for refund in payment.refunds if refund.id in ids]
            if known:
                return known
            parts = spread(payments, amount)
            if limit is not None:
                check_refund_limit(payments, Money.total((part for _, part in parts), parts[0][1].currency), limit)
            for number, (payment, part) in enumerate(parts):
                payment.begin_refund(id_for(number), part, reason, self._on.clock.now())
            await self._on.books.commit(account, [payment for payment, _ in parts])
            return [(payment, id_for(number)) for number, (payment, _) in enumerate(parts)]

        async with self.turns.of(order_id):
            begun = await decide(work)
        done: list[tuple[Payment, Refund]] = []
        for payment, refund_id in begun:
            sent = await self._sent(payment, refund_id)
            refund = sent.refund(refund_id)
            assert refund is not None, "the refund was set aside above"
            done.append((sent, refund))
        return done

    async def _check_limit(self, payment: Payment, amount: Money | None, limit: Money | None) -> None:
        """Raises Forbidden ``refund_limit_exceeded``; what else the order was paid with counts as well."""
        if limit is None:
            return
        of_order = await self._on.payments.for_company(payment.company_id).of_order(payment.order_id)
        others = [each for each in of_order if each.id != payment.id]
        check_refund_limit([payment, *others], amount or payment.refundable, limit)

    async def _limit(self, who: Principal) -> Money | None:
        """The most that this caller gives back of one order; None without limit."""
        if who.role != "shop_staff":
            return None
        company_id = who.tenant
        copy = await self._on.companies.find(company_id, company_id, lambda: self._on.company.settings(company_id))
        told = ((copy or {}).get("settings") or {}).get("staffRefundLimit")
        return Money.model_validate(told) if told else None

    async def _sent(self, payment: Payment, refund_id: str) -> Payment:
        """As :meth:`send`. A refund that is set aside is never answered 503: the money may be back already, and
        a call without a key that was told so would ask for it again; where others change the order too often
        to note the verdict, it stays pending until the sweeper does."""
        try:
            return await self.send(payment, refund_id)
        except Unavailable:
            log.warning("refund_unsettled", refundId=refund_id)
            return payment

    async def send(self, payment: Payment, refund_id: str) -> Payment:
        """Send a refund that is set aside; money taken by hand is given back by hand, at once."""
        refund = payment.refund(refund_id)
        if refund is None or refund.status != "pending":
            return payment
        if refund.handed is not None or not payment.is_moved_by_provider:
            return await self.settle(payment, refund_id, Outcome(kind="succeeded"))
        try:
            outcome = await (await self._on.providers.of(payment)).refund(payment, refund)
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

        async with self.turns.of(asked.order_id):
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


def spread(payments: Sequence[Payment], amount: Money | None) -> list[tuple[Payment, Money]]:
    """Which part of a refund comes from which payment, in the order given.

    Raises InvalidTransition when nothing was captured, Invalid ``currency_mismatch``, Conflict
    ``refund_exceeds_captured``.
    """
    open_ones = [payment for payment in payments if payment.refundable.amount > 0]
    if not any(payment.captured.amount for payment in payments):
        raise InvalidTransition("Nothing was captured, so nothing can be refunded.")
    currency = payments[0].amount.currency
    if amount is not None and amount.currency != currency:
        raise Invalid("currency_mismatch", f"The order is in {currency}.", [("amount", "currency")])
    left = amount.amount if amount is not None else sum(payment.refundable.amount for payment in open_ones)
    if left == 0 or left > sum(payment.refundable.amount for payment in open_ones):
        raise Conflict("refund_exceeds_captured", "More would be refunded than was captured.")
    parts: list[tuple[Payment, Money]] = []
    for payment in open_ones:
        part = min(left, payment.refundable.amount)
        if part > 0:
            parts.append((payment, Money.of(part, currency)))
        left -= part
    return parts


def _check_reason(reason: str) -> None:
    if holds_card_number(reason):
        raise Invalid("card_number_refused", "Card numbers are not taken here.", [("reason", "holds a card number")])
