"""Use cases of the debt service."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from common.clock import Clock
from common.errors import ComeBackLater, Conflict, Invalid, NotFound, VersionConflict
from common.events import Envelope
from common.events.orders import (
    CustomerCreated,
    CustomerUpdated,
    OrderCancelled,
    OrderConfirmed,
    SaleCompleted,
    SaleReturned,
)
from common.identity.principal import Principal
from common.ids import new_id
from common.logging import get_logger
from common.money import Money
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken, check_version
from services.debt.clients import Customers
from services.debt.domain import Debt, DebtorType, Status
from services.debt.store import Debts

log = get_logger(__name__)

Result = TypeVar("Result")
ON_ACCOUNT = "on_account"
CONFLICT_TRIES = 30
SWEEP_SECONDS = 1.0
SWEEP_BATCH = 100


@dataclass(frozen=True, slots=True)
class DebtFilter:
    """What a list is narrowed to."""

    debtor_id: str | None = None
    debtor_type: DebtorType | None = None
    status: Status | None = None
    order_id: str | None = None

    def criteria(self) -> dict[str, Any]:
        """As MongoDB asks."""
        named = {
            "debtorId": self.debtor_id,
            "debtorType": self.debtor_type,
            "status": self.status,
            "orderId": self.order_id,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Ageing:
    """An ageing report: one group a currency, and the names of the customers in it."""

    as_of: datetime
    groups: list[dict[str, Any]]
    names: dict[str, str | None]


class DebtService:
    """Debts of orders on account and those entered by hand."""

    def __init__(self, debts: Debts, customers: Customers, clock: Clock, *, due_days: int) -> None:
        self._debts = debts
        self._customers = customers
        self._clock = clock
        self._due_after = timedelta(days=due_days)

    async def enter(
        self,
        who: Principal,
        *,
        debt_id: str,
        debtor_type: DebtorType,
        debtor_id: str,
        principal: Money,
        due_at: datetime | None,
        schedule: list[tuple[datetime, Money]] | None,
    ) -> Debt:
        """Enter a debt by hand; the same ``debt_id`` again finds the first.

        Raises Invalid, NotFound for who is no customer here or a company other than the one acted in: nobody
        burdens a stranger.
        """
        debts = self._debts.for_company(who.tenant)
        known = await debts.find(debt_id)
        if known is not None:
            return known
        await self._require_debtor(who.tenant, debtor_type, debtor_id)
        now = self._clock.now()
        debt = Debt.owe(
            debt_id=debt_id,
            company_id=who.tenant,
            debtor_type=debtor_type,
            debtor_id=debtor_id,
            principal=principal,
            schedule=schedule or [(due_at or now + self._due_after, principal)],
            now=now,
        )
        try:
            return await debts.insert(debt)
        except Conflict:
            return await debts.get(debt_id)  # the same key at the same time: the other was faster

    async def _require_debtor(self, company_id: str, debtor_type: DebtorType, debtor_id: str) -> None:
        if debtor_type == "customer":
            await self._customers.require(company_id, debtor_id)
        elif debtor_id != company_id:
            raise NotFound("company")

    async def list(self, who: Principal, chosen: DebtFilter, page: PageRequest) -> Page[Debt]:
        """Debts of the company."""
        return await self._debts.for_company(who.tenant).page(chosen.criteria(), page)

    async def read(self, who: Principal, debt_id: str) -> Debt:
        """One debt. Raises NotFound."""
        return await self._debts.for_company(who.tenant).get(debt_id)

    async def pay(
        self, who: Principal, debt_id: str, *, payment_id: str, amount: Money, method: str, note: str | None
    ) -> Debt:
        """Record money received; the same ``payment_id`` again changes nothing. Raises Conflict ``debt_overpaid``."""

        async def work() -> Debt:
            debt = await self._debts.for_company(who.tenant).get(debt_id)
            debt.pay(payment_id, amount, method, note, self._clock.now())
            return await self._save(debt)

        return await _decide(work)

    async def give_up(self, who: Principal, debt_id: str, reason: str, if_match: str | None) -> Debt:
        """Write off what is left. Raises NotFound, InvalidTransition when paid, VersionConflict."""

        async def work() -> Debt:
            debt = await self._debts.for_company(who.tenant).get(debt_id)
            check_version(if_match, debt.version)
            debt.give_up(reason)
            return await self._save(debt)

        return await again_when_overtaken(work, if_match)

    async def ageing(self, who: Principal, as_of: datetime | None, limit: int) -> Ageing:
        """What is outstanding now, by currency and debtor, classed by age at ``as_of``."""
        at = as_of or self._clock.now()
        found = await self._debts.for_company(who.tenant).ageing(at, limit)
        ids = [row["_id"]["id"] for group in found for row in group["debtors"] if row["_id"]["type"] == "customer"]
        return Ageing(at, found, await self._customers.names(who.tenant, ids))

    async def know_customer(self, event: Envelope[CustomerCreated] | Envelope[CustomerUpdated]) -> None:
        """A customer record was made or edited."""
        if event.company_id:
            data = event.data
            await self._customers.take(event.company_id, data.customer_id, event.sequence, data.name)

    async def confirmed(self, event: Envelope[OrderConfirmed]) -> None:
        """An order on account was confirmed: its total is owed."""
        data = event.data
        if data.payment_method == ON_ACCOUNT and data.payment_status != "paid":
            await self._owe(event.company_id, data.order_id, data.customer_id, data.shop_id, data.total)

    async def sold(self, event: Envelope[SaleCompleted]) -> None:
        """A till sale: what went on account is owed."""
        data = event.data
        on_account = [tender.amount.amount for tender in data.tenders if tender.method == ON_ACCOUNT]
        if on_account:
            owed = Money.of(sum(on_account), data.total.currency)
            await self._owe(event.company_id, data.order_id, data.customer_id, data.shop_id, owed)

    async def returned(self, event: Envelope[SaleReturned]) -> None:
        """Goods on account came back: less is owed. Raises ComeBackLater while the debt is on its way."""
        data = event.data
        on_account = [tender.amount for tender in data.tenders if tender.method == ON_ACCOUNT]
        if not on_account or data.order_id is None:
            return
        less = Money.total(on_account, data.total.currency)

        async def work() -> None:
            debt = await self._debts.for_company(event.company_id).of_order(data.order_id or "")
            if debt is None:
                raise ComeBackLater(f"the debt of {data.order_id} is not here yet")
            debt.take_off(data.return_id, less, self._clock.now())
            await self._save(debt)

        await _decide(work)

    async def cancelled(self, event: Envelope[OrderCancelled]) -> None:
        """The order of a debt ended: nothing is owed for it. Raises ComeBackLater while the debt is on its way."""
        data = event.data

        async def work() -> None:
            debt = await self._debts.for_company(event.company_id).of_order(data.order_id)
            if debt is None:
                if data.was_confirmed and data.payment_method == ON_ACCOUNT:
                    raise ComeBackLater(f"the debt of {data.order_id} is not here yet")
                return
            debt.write_off("order_cancelled")
            await self._save(debt)

        await _decide(work)

    async def sweep_for_ever(self) -> None:
        """Mark what becomes overdue, until cancelled. N copies are normal: each mark is one conditional write."""
        while True:
            if await self.sweep() < SWEEP_BATCH:
                await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> int:
        """One round; returns how many debts were looked at."""
        due = await self._debts.for_platform().overdue(self._clock.now(), SWEEP_BATCH)
        for debt in due:
            debt.fall_overdue(self._clock.now())
            try:
                await self._save(debt)
            except VersionConflict:
                log.info("overdue_raced", debtId=debt.id)  # somebody else changed it; the next round looks again
        return len(due)

    async def _owe(
        self, company_id: str | None, order_id: str, customer_id: str | None, shop_id: str | None, amount: Money
    ) -> None:
        debts = self._debts.for_company(company_id)
        if await debts.of_order(order_id) is not None:
            return
        if customer_id is None:
            raise Invalid("customer_required", f"The order {order_id} is on account and names no customer.")
        now = self._clock.now()
        debt = Debt.owe(
            debt_id=new_id("dbt"),
            company_id=debts.company_id,
            debtor_type="customer",
            debtor_id=customer_id,
            principal=amount,
            schedule=[(now + self._due_after, amount)],
            now=now,
            order_id=order_id,
            shop_id=shop_id,
        )
        try:
            await debts.insert(debt)
        except Conflict:
            log.info("debt_known", orderId=order_id)  # another delivery was faster; the unique index decided

    async def _save(self, debt: Debt) -> Debt:
        """Store a debt that recorded something; one that did not is as it was."""
        if not debt.recorded:
            return debt
        return await self._debts.for_company(debt.company_id).save(debt)


async def _decide(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run a load-decide-save, and run it anew when somebody else was faster."""
    for _ in range(CONFLICT_TRIES):
        try:
            return await work()
        except VersionConflict:
            continue
    raise VersionConflict()
