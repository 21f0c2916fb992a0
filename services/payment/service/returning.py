"""Money that goes back over a shop's counter with returned goods."""

from collections.abc import Sequence

from common.errors import ComeBackLater
from common.events import Envelope
from common.events.orders import SaleReturned
from common.events.parts import Tender
from common.money import Money
from services.payment.domain import OrderAccount, Payment, Posting
from services.payment.domain.ledger import handed_back
from services.payment.domain.payment import BY_HAND
from services.payment.service.foundation import Foundation, decide
from services.payment.service.refunding import Refunding

RETURNED = "returned"
HANDED_BY = {"cash": "cash", "card": "terminal", "paypal": "cash"}
"""Who gives money back that did not come in by this method."""

Begun = list[tuple[Payment, str]]


class Returning:
    """Books what a till gave back, as refunds of the payments that had brought it in."""

    def __init__(self, on: Foundation, refunding: Refunding) -> None:
        self._on = on
        self._refunding = refunding

    async def returned(self, event: Envelope[SaleReturned]) -> None:
        """Take a return into payments and ledger, once. Raises ComeBackLater while its order is unknown."""
        data, company_id = event.data, event.company_id or ""
        if data.order_id is None:
            await self._on.books.post([self._by_hand(event, number, tender) for number, tender in _money(data)])
            return

        async def work() -> Begun:
            account = await self._on.accounts.for_company(company_id).find(data.order_id or "")
            if account is None or not account.known:
                raise ComeBackLater(f"the order {data.order_id} is not known yet")
            return await self._begin(account, event)

        for payment, refund_id in await decide(work):
            await self._refunding.send(payment, refund_id)

    async def _begin(self, account: OrderAccount, event: Envelope[SaleReturned]) -> Begun:
        """Set every part aside in one commit; what was set aside before is only sent on."""
        data = event.data
        payments = await self._on.payments.for_company(event.company_id).of_order(account.id)
        stem = f"rfd_{data.return_id.partition('_')[2]}t"
        known = [(payment, each.id) for payment in payments for each in payment.refunds if each.id.startswith(stem)]
        if known or data.return_id in account.returns:
            return known
        account.returns = [*account.returns, data.return_id]
        begun: Begun = []
        postings: list[Posting] = []
        for number, tender in _money(data):
            left = self._spread(payments, tender, f"{stem}{number}p", begun)
            if left.amount:  # more than its payments have left: money of the till all the same
                postings.append(self._by_hand(event, number, Tender(method=tender.method, amount=left)))
        changed = {payment.id: payment for payment, _ in begun}
        promised = next((payment for payment in payments if payment.id == account.promised), None)
        if promised is not None and promised.forgive(_credit(data)):
            changed[promised.id] = promised
        await self._on.books.commit(account, list(changed.values()), postings)
        return begun

    def _spread(self, payments: Sequence[Payment], tender: Tender, stem: str, begun: Begun) -> Money:
        """Begin the refunds of one tender; what could not be placed."""
        left = tender.amount
        for number, payment in enumerate(_in_turn(payments, tender.method)):
            part = min(left, payment.refundable)
            if part.amount > 0:
                handed = None if _came_so(payment, tender.method) else HANDED_BY[tender.method]
                refund_id = f"{stem}{number}"
                payment.begin_refund(refund_id, part, RETURNED, self._on.clock.now(), handed=handed)
                begun.append((payment, refund_id))
                left -= part
        return left

    def _by_hand(self, event: Envelope[SaleReturned], number: int, tender: Tender) -> Posting:
        data = event.data
        return handed_back(
            cause=f"return:{data.return_id}:{number}",
            company_id=event.company_id or "",
            order_id=data.order_id or data.return_id,
            return_id=data.return_id,
            handed=HANDED_BY[tender.method],
            amount=tender.amount,
            now=self._on.clock.now(),
        )


def _money(data: SaleReturned) -> list[tuple[int, Tender]]:
    return [(number, tender) for number, tender in enumerate(data.tenders) if tender.method in HANDED_BY]


def _credit(data: SaleReturned) -> int:
    """What was taken off the customer's debt, in minor units."""
    return sum(tender.amount.amount for tender in data.tenders if tender.method == "on_account")


def _came_so(payment: Payment, method: str) -> bool:
    """Whether money of this method goes back through this payment itself."""
    return payment.method == method or (method == "cash" and payment.provider == "cash")


def _in_turn(payments: Sequence[Payment], method: str) -> list[Payment]:
    """Where money of a method goes back first: how it came, then what no provider holds, then the rest."""
    if method != "cash":
        return [payment for payment in payments if payment.method == method]
    return sorted(payments, key=lambda each: (not _came_so(each, method), each.provider not in BY_HAND))
