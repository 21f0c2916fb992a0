"""Reports along one dimension, over a range of the company's own days."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Literal

from common.clock import Clock
from common.errors import NotFound
from common.identity.principal import Principal
from services.analytics.clients import Companies, Names
from services.analytics.domain import (
    CustomerFigures,
    Dimension,
    Range,
    Region,
    Report,
    Slice,
    Sums,
    read_range,
)
from services.analytics.store.reports import Measure, Reports

Grouping = Literal["day", "shop", "channel", "category"]
NAMED = frozenset({"shop", "category"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is narrowed to, as the query says it."""

    start: str | None = None
    end: str | None = None
    shop_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """A range in one company, and the condition that finds its rollups."""

    region: Region
    days: Range
    criteria: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Overview:
    """The main figures of a range, and of as many days before it."""

    ground: Ground
    sums: Sums
    before: Sums
    orders: dict[str, Sums]
    captured: int
    failed: int


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What became of orders: by state, by day, by channel, and why they were cancelled."""

    ground: Ground
    by_state: dict[str, Sums]
    by_day: dict[str, dict[str, Sums]]
    by_channel: list[Slice]
    reasons: list[Slice]


@dataclass(frozen=True, slots=True)
class PaymentReport:
    """Money in and out by method, and why tries failed."""

    ground: Ground
    methods: list[Slice]
    failures: list[Slice]


@dataclass(frozen=True, slots=True)
class ProductReport:
    """Products by what they brought in or how many left; ``total`` of the whole range."""

    ground: Ground
    items: list[tuple[str, Slice]]
    total: Sums


class ReportService:
    """Reading what was counted."""

    def __init__(self, reports: Reports, companies: Companies, names: Names, clock: Clock) -> None:
        self._reports = reports
        self._companies = companies
        self._names = names
        self._clock = clock

    async def sales(self, who: Principal, asked: Asked, grouping: Grouping) -> Report:
        """Revenue, orders, units and refunds along ``grouping``. Raises Invalid ``invalid_query``, NotFound."""
        ground = await self._ground(who, asked)
        totals = await self._reports.totals(ground.criteria, ground.days)
        slices = await self._grouped(ground, grouping)
        if grouping in NAMED:
            slices = await self._named(ground, slices)
        return Report(ground.days, ground.region.currency, ground.region.timezone, slices, totals)

    async def overview(self, who: Principal, asked: Asked) -> Overview:
        """The main figures beside those of the days before. Raises as :meth:`sales`."""
        ground = await self._ground(who, asked)
        sums, before, orders, methods, failures = await asyncio.gather(
            self._reports.totals(ground.criteria, ground.days),
            self._reports.totals(ground.criteria, ground.days.before),
            self._reports.parts(ground.criteria, ground.days, "order"),
            self._reports.parts(ground.criteria, ground.days, "payment_method"),
            self._reports.parts(ground.criteria, ground.days, "payment_failure"),
        )
        captured, failed = sum(each.sums.amount for each in methods), sum(each.sums.count for each in failures)
        return Overview(ground, sums, before, _by_key(orders), captured, failed)

    async def today(self, who: Principal, shop_id: str | None) -> Overview:
        """The figures of the company's present day so far."""
        now = self._clock.now().isoformat()
        return await self.overview(who, Asked(now, None, shop_id))

    async def orders(self, who: Principal, asked: Asked) -> OrderReport:
        """What became of orders. Raises as :meth:`sales`."""
        ground = await self._ground(who, asked)
        states, by_day, channels, reasons = await asyncio.gather(
            self._reports.parts(ground.criteria, ground.days, "order"),
            self._reports.parts_by_day(ground.criteria, ground.days, "order"),
            self._reports.parts(ground.criteria, ground.days, "channel"),
            self._reports.parts(ground.criteria, ground.days, "cancel_reason"),
        )
        return OrderReport(ground, _by_key(states), by_day, channels, reasons)

    async def payments(self, who: Principal, asked: Asked) -> PaymentReport:
        """Money in and out. Raises as :meth:`sales`."""
        ground = await self._ground(who, asked)
        methods, failures = await asyncio.gather(
            self._reports.parts(ground.criteria, ground.days, "payment_method"),
            self._reports.parts(ground.criteria, ground.days, "payment_failure"),
        )
        return PaymentReport(ground, methods, failures)

    async def stock(self, who: Principal, asked: Asked) -> Report:
        """Pieces moved, by reason. Raises as :meth:`sales`."""
        return await self._parts(who, asked, "stock")

    async def products(
        self, who: Principal, asked: Asked, measure: Measure, *, best_first: bool, limit: int
    ) -> ProductReport:
        """Products that were sold. Raises as :meth:`sales`."""
        ground = await self._ground(who, asked)
        items, total = await asyncio.gather(
            self._reports.products(ground.criteria, ground.days, measure, best_first=best_first, limit=limit),
            self._reports.totals(ground.criteria, ground.days),
        )
        return ProductReport(ground, items, total)

    async def product(self, who: Principal, asked: Asked, product_id: str) -> tuple[str | None, Report]:
        """One product's name and days. Raises NotFound for one that the company does not have."""
        name = await self._names.name_of(who.tenant, product_id)
        ground = await self._ground(who, asked)
        slices = await self._reports.product_by_day({**ground.criteria, "productId": product_id}, ground.days)
        report = Report(ground.days, ground.region.currency, ground.region.timezone, slices, _total(slices))
        return name, report

    async def customer(self, who: Principal, customer_id: str) -> tuple[Region, CustomerFigures]:
        """What one customer bought. Raises NotFound for one that the company does not have."""
        name = await self._names.name_of(who.tenant, customer_id)
        region = await self._companies.region(who.tenant)
        found = await self._reports.customer(who.tenant, customer_id)
        if found is None:
            found = CustomerFigures(customer_id, None, 0, 0, 0, None, None)
        return region, replace(found, name=name)

    async def _parts(self, who: Principal, asked: Asked, dimension: Dimension) -> Report:
        ground = await self._ground(who, asked)
        slices = await self._reports.parts(ground.criteria, ground.days, dimension)
        return Report(ground.days, ground.region.currency, ground.region.timezone, slices, _total(slices))

    async def _grouped(self, ground: Ground, grouping: Grouping) -> list[Slice]:
        if grouping == "day":
            return await self._reports.by_day(ground.criteria, ground.days)
        if grouping == "shop":
            return await self._reports.by_shop(ground.criteria, ground.days)
        return await self._reports.parts(ground.criteria, ground.days, grouping)

    async def _named(self, ground: Ground, slices: list[Slice]) -> list[Slice]:
        names = await self._names.of(ground.region.company_id, [each.key for each in slices])
        return [replace(each, name=names.get(each.key)) for each in slices]

    async def _ground(self, who: Principal, asked: Asked) -> Ground:
        region = await self._companies.region(who.tenant)
        if asked.shop_id is not None:
            await self._require_shop(who, asked.shop_id)
        days = read_range(asked.start, asked.end, region.timezone, self._clock.now())
        criteria = {"companyId": who.tenant, "currency": region.currency, **shops_of(who, asked.shop_id)}
        return Ground(region, days, criteria)

    async def _require_shop(self, who: Principal, shop_id: str) -> None:
        who.require_shop(shop_id)
        try:
            await self._names.name_of(who.tenant, shop_id)
        except NotFound:
            raise NotFound("shop") from None


def shops_of(who: Principal, shop_id: str | None) -> dict[str, Any]:
    """The condition on shops for a caller. Raises NotFound for a shop that is not the caller's."""
    if shop_id is not None:
        who.require_shop(shop_id)
        return {"shopId": shop_id}
    return {"shopId": {"$in": list(who.shop_ids)}} if who.is_limited_to_shops else {}


def _by_key(slices: list[Slice]) -> dict[str, Sums]:
    return {each.key: each.sums for each in slices}


def _total(slices: list[Slice]) -> Sums:
    return Sums(
        revenue=sum(each.sums.revenue for each in slices),
        orders=sum(each.sums.orders for each in slices),
        units=sum(each.sums.units for each in slices),
        refunds=sum(each.sums.refunds for each in slices),
        count=sum(each.sums.count for each in slices),
        amount=sum(each.sums.amount for each in slices),
    )
