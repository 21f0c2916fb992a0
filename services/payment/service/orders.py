"""What an order's own events do to its money."""

from collections.abc import Callable
from datetime import datetime

from common.card_numbers import holds_card_number
from common.errors import ComeBackLater, NotFound
from common.events import Envelope
from common.events.orders import OrderCancelled, OrderCreated, SaleCompleted
from common.events.payments import DebtPaymentRecorded
from common.events.stock import InventoryReserved
from common.ids import new_id
from common.money import Money
from services.payment.domain import OrderAccount, Payment, Posting
from services.payment.domain.account import PROMISED
from services.payment.domain.ledger import captured
from services.payment.domain.methods import PREFIX
from services.payment.domain.record import UNDER_WAY
from services.payment.domain.sources import sources_of
from services.payment.service.accepting import Accepting
from services.payment.service.charging import LATE, Charging
from services.payment.service.foundation import Foundation, decide
from services.payment.service.refunding import Refunding

ORDER_CANCELLED = "order_cancelled"


class OrderFlow:
    """Follows orders: opens their accounts, charges once goods are held, gives money back when they end."""

    def __init__(self, on: Foundation, accepting: Accepting, charging: Charging, refunding: Refunding) -> None:
        self._on = on
        self._accepting = accepting
        self._charging = charging
        self._refunding = refunding

    async def created(self, event: Envelope[OrderCreated]) -> None:
        """Learn the order; the later of this and the reservation charges it."""
        data = event.data

        def learn(account: OrderAccount) -> None:
            account.learn(
                total=data.total,
                method=data.payment_method,
                has_token=data.has_payment_token,
                shop_id=data.shop_id,
                customer_id=data.customer_id,
                deadline_at=data.deadline_at,
                capture=data.capture,
            )

        await self._advance(event.company_id, data.order_id, learn)

    async def reserved(self, event: Envelope[InventoryReserved]) -> None:
        """The goods are held."""

        def note(account: OrderAccount) -> None:
            account.reserved = True

        await self._advance(event.company_id, event.data.order_id, note)

    async def cancelled(self, event: Envelope[OrderCancelled]) -> None:
        """The order has ended: let go of what waits, send back what came in, remember it for what comes late."""
        data = event.data

        async def work() -> list[Payment]:
            account = await self._open(event.company_id, data.order_id)
            if account.ended:
                return await self._on.payments.for_company(event.company_id).of_order(data.order_id)
            account.ended = True
            payments = await self._on.payments.for_company(event.company_id).of_order(data.order_id)
            changed = [payment for payment in payments if self._end(account, payment)]
            await self._on.books.commit(account, changed)
            return changed

        for payment in await decide(work):
            if payment.status in UNDER_WAY:
                await self._charging.again(payment)
            for refund in payment.refunds:
                payment = await self._refunding.send(payment, refund.id)

    def _end(self, account: OrderAccount, payment: Payment) -> bool:
        """What an ended order means for one payment. False when nothing."""
        now = self._on.clock.now()
        if payment.refundable.amount > 0:
            payment.begin_refund(new_id("rfd"), None, ORDER_CANCELLED, now)
        elif payment.status == "pending":
            payment.void()
            account.end_try(payment.id)
        elif payment.status in UNDER_WAY:
            payment.due_at = now  # what is under way at the provider is asked for, then let go
        else:
            return False
        return True

    async def end_unknown(self, company_id: str, order_id: str) -> None:
        """Remember an order that nobody knows as ended, so that nothing is ever charged for it."""

        async def work() -> None:
            account = await self._open(company_id, order_id)
            if not account.ended:
                account.ended = True
                await self._on.books.commit(account)

        await decide(work)

    async def sold(self, event: Envelope[SaleCompleted]) -> None:
        """A till sale: what was handed over is recorded as it was; what goes on account waits for the debt."""
        data = event.data
        now = self._on.clock.now()
        account = await self._open(event.company_id, data.order_id)
        if account.is_stored:
            return
        account.learn(
            total=data.total,
            method=None,
            has_token=False,
            shop_id=data.shop_id,
            customer_id=data.customer_id,
            deadline_at=None,
        )
        account.started = account.reserved = True
        payments: list[Payment] = []
        postings: list[Posting] = []
        change = data.change.amount
        for number, tender in enumerate(data.tenders):
            kept = tender.amount
            if tender.method == "cash":
                back = min(change, kept.amount)
                kept, change = kept - Money.of(back, kept.currency), change - back
            if kept.amount > 0:
                payment = self._tender(account, number, tender.method, kept, now)
                payments.append(payment)
                postings += [captured(payment, kept.amount, now)] if payment.status == "succeeded" else []
        await self._on.books.commit(account, payments, postings)

    def _tender(self, account: OrderAccount, number: int, method: str, amount: Money, now: datetime) -> Payment:
        payment_id = f"pay_{account.id.partition('_')[2]}t{number}"
        provider = "terminal" if method == "card" else ""
        payment = Payment.open(account, payment_id, method, amount, now, provider=provider)
        if method == "on_account":
            account.promised = payment.id
        else:
            account.capture(amount.amount)
            payment.succeed(amount.amount, now)
        return payment

    async def debt_paid(self, event: Envelope[DebtPaymentRecorded]) -> None:
        """Money came in for a debt of an order on account. Raises ComeBackLater while the order is unknown."""
        data = event.data
        if data.order_id is None:
            return
        cause = f"debt:{data.debt_payment_id}"
        account = await self._on.accounts.for_company(event.company_id).find(data.order_id)
        if account is None or account.promised is None:
            raise ComeBackLater(f"the payment on account of {data.order_id} is not known yet")
        if await self._on.books.is_posted(account.company_id or "", cause):
            return
        payment = await self._on.payments.for_company(event.company_id).get(account.promised)
        now = self._on.clock.now()
        back = account.capture(data.amount.amount)
        payment.receive(data.amount, now)
        refunds = []
        if back > 0:
            refunds.append(payment.begin_refund(new_id("rfd"), Money.of(back, data.amount.currency), LATE, now))
        await self._on.books.commit(account, [payment], [captured(payment, data.amount.amount, now, cause)])
        for refund in refunds:
            await self._refunding.send(payment, refund.id)

    async def _advance(self, company_id: str | None, order_id: str, change: Callable[[OrderAccount], None]) -> None:
        """Take a change into the account and do the step that follows from it, in one commit."""
        account = await self._open(company_id, order_id)
        change(account)
        match account.next_step():
            case "open":
                payment = await self._automatic(account)
                await self._collect(account, payment)
            case "collect":
                payments = self._on.payments.for_company(company_id)
                await self._collect(account, await payments.get(account.active or ""))
            case None:
                await self._on.books.commit(account)

    async def _automatic(self, account: OrderAccount) -> Payment:
        """The record of what the order itself carries, made once; voided at once where it is not needed any more."""
        account.started = True
        method = account.method or ""
        payment = Payment.open(account, carried_id(account.id), method, account.open_amount, self._on.clock.now())
        payment.automatic = True
        takes = await self._accepting.is_accepted(account.company_id or "", method)
        if takes:
            await self._accepting.aim(payment, account)
        overtaken = account.active is not None or account.captured > 0 or account.authorized > 0
        if account.ended or overtaken:
            payment.void()
        elif not takes:
            payment.fail("method_unavailable", None)
        elif method in PROMISED:
            account.promised = payment.id
        else:
            account.active = payment.id
        return payment

    async def _collect(self, account: OrderAccount, payment: Payment) -> None:
        """Get the money of a try whose time has come; the call to the provider comes after the commit."""
        postings: list[Posting] = []
        if account.is_ready and account.active == payment.id and payment.status == "pending":
            if account.open_amount.amount < payment.amount.amount:  # another payment came in while this one waited
                payment.void()
                account.end_try(payment.id)
            elif payment.method == "cash" or payment.amount.amount == 0:
                postings += self.take(account, payment)
            else:
                await self._begin(account, payment)
        await self._on.books.commit(account, [payment], postings)
        if payment.status == "processing":
            await self._charging.ask(payment)

    async def _begin(self, account: OrderAccount, payment: Payment) -> None:
        """Ready the call: the token of what the order carries is asked of sales."""
        if payment.instrument is None and payment.automatic:
            company_id = account.company_id or ""
            token, by = await self._on.sales.instrument(company_id, account.id)
            if by is not None:
                payment.tried_from = sources_of(company_id, by["kind"], by["id"], by.get("address"))
            try:
                if token is None or holds_card_number(token):
                    raise NotFound("payment method")
                owners = await self._accepting.owners_of(account) if token.startswith(f"{PREFIX}_") else []
                await self._accepting.equip(payment, token, owners)
            except NotFound:
                payment.fail("instrument_refused", None)
        if payment.status == "pending":
            payment.begin(self._on.clock.now())
        else:
            account.end_try(payment.id)

    def take(self, account: OrderAccount, payment: Payment) -> list[Posting]:
        """Count money that was handed over: all that the payment is for, perhaps nothing."""
        now, amount = self._on.clock.now(), payment.amount.amount
        account.capture(amount)
        account.end_try(payment.id)
        payment.succeed(amount, now)
        return [captured(payment, amount, now)] if amount else []

    async def _open(self, company_id: str | None, order_id: str) -> OrderAccount:
        found = await self._on.accounts.for_company(company_id).find(order_id)
        return found or OrderAccount.open(order_id, company_id or "", self._on.clock.now())


def carried_id(order_id: str) -> str:
    """The id of the payment that an order itself carries: begun again, even by a database that was restored, it is
    the same, and so is its charge at the provider.
    """
    return f"pay_{order_id.partition('_')[2]}"
