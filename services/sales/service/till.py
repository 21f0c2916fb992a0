"""Till sales, one or up to five hundred at once: each is accepted once, whatever happens to its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from common.clock import Clock
from common.context import current
from common.errors import DomainError, Invalid, NotFound, Unavailable
from common.events.parts import Tender
from common.identity.principal import Principal
from common.ids import new_id
from common.money import Money
from common.pagination import Page, PageRequest
from services.sales.domain import lines
from services.sales.domain.customer import Customer
from services.sales.domain.former_prices import was_asked
from services.sales.domain.lines import Priced, Sellable, Wanted
from services.sales.domain.order import Order
from services.sales.domain.record import Actor
from services.sales.domain.till import Sale, doubt_of, sell
from services.sales.service.access import Access
from services.sales.service.copies import Copies
from services.sales.store import Customers, NumberSeries, Orders

FIRST_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class Rung:
    """One sale as a till sent it. ``fingerprint``: a hash of all that was sent."""

    client_sale_id: str
    shop_id: str
    items: Sequence[Wanted]
    discount: Money | None
    tenders: list[Tender]
    sold_at: datetime | None
    customer_id: str | None
    email: str | None
    note: str | None
    fingerprint: str


@dataclass(slots=True)
class Outcome:
    """What became of one sale."""

    client_sale_id: str | None = None
    status: Literal["accepted", "replayed", "rejected"] = "rejected"
    order: Order | None = None
    error: DomainError | None = None


@dataclass(slots=True)
class _Ready:
    rung: Rung
    outcome: Outcome
    order_id: str
    priced: Priced
    customer: Customer | None
    followers: list[tuple[Rung, Outcome]] = field(default_factory=list)


class TillService:
    """Accepts till sales and shows them."""

    def __init__(
        self,
        orders: Orders,
        customers: Customers,
        copies: Copies,
        numbers: NumberSeries,
        access: Access,
        clock: Clock,
    ) -> None:
        self._orders = orders
        self._customers = customers
        self._copies = copies
        self._numbers = numbers
        self._access = access
        self._clock = clock

    async def ring_up(self, who: Principal, rung: Rung) -> Outcome:
        """Accept one sale, or answer the same one again. Raises what makes it impossible."""
        [outcome] = await self.ring_up_all(who, [rung])
        if outcome.error is not None:
            raise outcome.error
        return outcome

    async def ring_up_rows(self, who: Principal, rows: Sequence[Rung | Invalid]) -> list[Outcome]:
        """An outcome a row; a row that is no sale at all is rejected alone."""
        sold = iter(await self.ring_up_all(who, [row for row in rows if isinstance(row, Rung)]))
        return [next(sold) if isinstance(row, Rung) else Outcome(error=row) for row in rows]

    async def ring_up_all(self, who: Principal, rungs: Sequence[Rung]) -> list[Outcome]:
        """An outcome a sale: a handful of queries and one write for all of them together."""
        outcomes = [Outcome(rung.client_sale_id) for rung in rungs]
        open_rows = await self._in_own_shops(who, list(zip(rungs, outcomes, strict=True)))
        new_rows = await self._unless_known(who.tenant, open_rows)
        ready = await self._priced(who, new_rows)
        await self._store(who.tenant, ready)
        return outcomes

    async def read(self, who: Principal, sale_id: str) -> Order:
        """One sale. Raises NotFound."""
        order = await self._access.order(who, sale_id)
        if order.channel != "pos":
            raise NotFound("sale")
        return order

    async def browse(self, who: Principal, criteria: dict[str, Any], page: PageRequest) -> Page[Order]:
        """Sales of the caller's shops."""
        if (shop_id := criteria.get("shopId")) is not None:
            who.require_shop(shop_id)
        allowed = await self._access.criteria(who)
        parts = [part for part in (allowed, criteria, {"channel": "pos"}) if part]
        return await self._orders.for_company(who.tenant).page({"$and": parts}, page)

    async def _in_own_shops(self, who: Principal, rows: list[tuple[Rung, Outcome]]) -> list[tuple[Rung, Outcome]]:
        refused: dict[str, DomainError] = {}
        for shop_id in {rung.shop_id for rung, _ in rows}:
            try:
                who.require_shop(shop_id)
                await self._copies.shop(who.tenant, shop_id, must_be_open=False)
            except NotFound as error:
                refused[shop_id] = error
        for rung, outcome in rows:
            outcome.error = refused.get(rung.shop_id)
        return [row for row in rows if row[1].error is None]

    async def _unless_known(self, company_id: str, rows: list[tuple[Rung, Outcome]]) -> list[tuple[Rung, Outcome]]:
        orders = self._orders.for_company(company_id)
        new_rows: list[tuple[Rung, Outcome]] = []
        for shop_id in {rung.shop_id for rung, _ in rows}:
            of_shop = [row for row in rows if row[0].shop_id == shop_id]
            known = await orders.sales_of(shop_id, [rung.client_sale_id for rung, _ in of_shop])
            for rung, outcome in of_shop:
                if (order := known.get(rung.client_sale_id)) is not None:
                    _repeat(rung, outcome, order)
                else:
                    new_rows.append((rung, outcome))
        return new_rows

    async def _priced(self, who: Principal, rows: list[tuple[Rung, Outcome]]) -> list[_Ready]:
        if not rows:
            return []
        company_id, now = who.tenant, self._clock.now()
        company = await self._copies.company(company_id)
        products, away = await self._products_of(company_id, rows)
        customers = await self._customers_of(company_id, rows)
        ready: dict[tuple[str, str], _Ready] = {}
        for rung, outcome in rows:
            key = (rung.shop_id, rung.client_sale_id)
            if key in ready:  # the same sale twice in one batch
                ready[key].followers.append((rung, outcome))
                continue
            order_id = new_id("ord")
            try:
                _check(who, rung, customers, now)
                if away is not None and any(want.product_id not in products for want in rung.items):
                    raise away
                priced = lines.price(
                    order_id, rung.items, products, company.tariff, only_active=False, discount=rung.discount
                )
                _check_prices(who, rung, products, now)
            except DomainError as error:
                outcome.error = error
            else:
                ready[key] = _Ready(rung, outcome, order_id, priced, customers.get(rung.customer_id or ""))
        return list(ready.values())

    async def _products_of(
        self, company_id: str, rows: list[tuple[Rung, Outcome]]
    ) -> tuple[dict[str, Sellable], Unavailable | None]:
        """What is sold; with the catalogue away, what is known here: those rows are not lost for the others."""
        wanted = {want.product_id for rung, _ in rows for want in rung.items}
        try:
            return await self._copies.products(company_id, wanted), None
        except Unavailable as error:
            return await self._copies.products_here(company_id, wanted), error

    async def _customers_of(self, company_id: str, rows: list[tuple[Rung, Outcome]]) -> dict[str, Customer]:
        named = sorted({rung.customer_id for rung, _ in rows if rung.customer_id})
        if not named:
            return {}
        found = await self._customers.for_company(company_id).find_many({"_id": {"$in": named}}, len(named))
        return {customer.id: customer for customer in found}

    async def _store(self, company_id: str, ready: list[_Ready]) -> None:
        if not ready:
            return
        numbers = await self._numbers.take(company_id, "sales", len(ready))
        now, by = self._clock.now(), Actor.read(current().actor)
        sold: list[_Ready] = []
        for row, number in zip(ready, numbers, strict=True):
            try:
                sale = _sale(company_id, row, f"TS-{FIRST_NUMBER + number}", now)
                row.outcome.order = sell(sale, row.priced, now=now, by=by)
            except DomainError as error:
                row.outcome.error = error
                for _, outcome in row.followers:
                    outcome.error = error
            else:
                sold.append(row)
        orders = self._orders.for_company(company_id)
        taken = await orders.sell([row.outcome.order for row in sold if row.outcome.order])
        stored = {row.order_id: row.outcome.order for row in sold if row.order_id not in taken}
        stored |= await self._winners(company_id, [row for row in sold if row.order_id in taken])
        for row in sold:
            if row.order_id in taken:
                _repeat(row.rung, row.outcome, stored[row.order_id])
            else:
                row.outcome.status = "accepted"
            for rung, outcome in row.followers:
                _repeat(rung, outcome, stored[row.order_id])

    async def _winners(self, company_id: str, lost: list[_Ready]) -> dict[str, Order | None]:
        """The sales that another copy accepted between our look and our write, by the id that ours would have had."""
        orders, found = self._orders.for_company(company_id), {}
        for shop_id in {row.rung.shop_id for row in lost}:
            of_shop = [row for row in lost if row.rung.shop_id == shop_id]
            known = await orders.sales_of(shop_id, [row.rung.client_sale_id for row in of_shop])
            found.update({row.order_id: known.get(row.rung.client_sale_id) for row in of_shop})
        return found


def _repeat(rung: Rung, outcome: Outcome, order: Order | None) -> None:
    assert order is not None and order.till is not None, "a till sale is stored under its client's id"
    if order.till.fingerprint == rung.fingerprint:
        outcome.status, outcome.order = "replayed", order
    else:
        outcome.status, outcome.order = "rejected", None
        outcome.error = Invalid("idempotency_key_reused", "This clientSaleId belongs to another sale.")


def _check(who: Principal, rung: Rung, customers: dict[str, Customer], now: datetime) -> None:
    if rung.discount is not None or any(item.discount is not None for item in rung.items):
        who.require("orders.discount")
    if rung.customer_id is not None and rung.customer_id not in customers:
        raise NotFound("customer")
    if rung.sold_at is not None:
        doubt_of(rung.sold_at, now)


def _check_prices(who: Principal, rung: Rung, products: dict[str, Sellable], now: datetime) -> None:
    """A price of the till's own needs the permission; one that the catalogue asked until lately does not."""
    if who.may("orders.override_price"):
        return
    for number, want in enumerate(rung.items):
        product = products[want.product_id]
        _, listed = product.choose(want.variant_id, f"items.{number}")
        if want.unit_price in (None, listed):
            continue
        assert want.unit_price is not None
        if not was_asked(product.former_prices, want.variant_id, want.unit_price, rung.sold_at or now):
            who.require("orders.override_price")


def _sale(company_id: str, row: _Ready, number: str, now: datetime) -> Sale:
    rung = row.rung
    return Sale(
        order_id=row.order_id,
        company_id=company_id,
        number=number,
        shop_id=rung.shop_id,
        customer_id=rung.customer_id,
        customer_name=row.customer.name if row.customer else None,
        email=rung.email.lower() if rung.email else row.customer.email if row.customer else None,
        client_sale_id=rung.client_sale_id,
        tenders=rung.tenders,
        note=rung.note,
        sold_at=rung.sold_at or now,
        fingerprint=rung.fingerprint,
    )
