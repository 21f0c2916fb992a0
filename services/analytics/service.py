"""Use cases of the analytics service."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.clock import Clock
from common.events import Envelope, EventData
from common.events.tenancy import CompanyCreated, CompanyUpdated
from common.identity.principal import Principal
from common.messaging.feed import FeedBatch
from common.runtime import Background
from services.analytics.clients import Companies
from services.analytics.domain import Dashboard, Effect, Range, Region, read_range
from services.analytics.store import Counted, Rollups

Counting = Mapping[type[EventData], Callable[[Region, Envelope[Any]], Effect | None]]

PLATFORM_ZONE = "UTC"
"""The days of the platform's own view, whose companies each reckon in a zone of their own."""


class AnalyticsService:
    """Counting what was sold, and showing it."""

    def __init__(self, rollups: Rollups, companies: Companies, clock: Clock) -> None:
        self._rollups = rollups
        self._companies = companies
        self._clock = clock
        self.loops: Sequence[Background] = ()

    async def note_company(self, company: CompanyCreated | CompanyUpdated, sequence: int) -> None:
        """Keep a company's time zone and currency; days already counted stay where they are."""
        await self._companies.note(Region(company.company_id, company.timezone, company.currency), sequence)

    async def count(self, batch: FeedBatch, counting: Counting) -> None:
        """Count what ``counting`` names, each event once. Raises Unavailable while a company is unknown here."""
        facts = [fed.event for fed in batch.events if type(fed.event.data) in counting]
        regions = await self._companies.regions(sorted({_company_of(event) for event in facts}))
        counted: list[Counted] = []
        for event in facts:
            region = regions[_company_of(event)]
            effect = counting[type(event.data)](region, event)
            if effect is not None:
                counted.append((event.id, region, effect))
        await self._rollups.add(batch, counted, self._clock.now())

    async def dashboard(self, who: Principal, start: str | None, end: str | None, shop_id: str | None) -> Dashboard:
        """Figures of the caller's company, or of the caller's shops. Raises NotFound for another's shop."""
        criteria: dict[str, Any] = {"companyId": who.tenant, **_shops(who, shop_id)}
        region = await self._companies.region(who.tenant)
        days = read_range(start, end, region.timezone, self._clock.now())
        return await self._figures(criteria, days, region.currency, region.timezone)

    async def platform(self, start: str | None, end: str | None) -> list[Dashboard]:
        """Figures of all companies together, one dashboard a currency."""
        days = read_range(start, end, PLATFORM_ZONE, self._clock.now())
        currencies = sorted(await self._rollups.by_day({}, days))
        return [await self._figures({}, days, currency, PLATFORM_ZONE) for currency in currencies]

    async def _figures(self, criteria: dict[str, Any], days: Range, currency: str, timezone: str) -> Dashboard:
        by_day = await self._rollups.by_day({**criteria, "currency": currency}, days)
        top = await self._rollups.top_products(criteria, days, currency)
        return Dashboard(days, currency, timezone, by_day.get(currency, []), top)


def _company_of(event: Envelope[EventData]) -> str:
    if event.company_id is None:
        raise ValueError(f"{event.type} {event.id} names no company")
    return event.company_id


def _shops(who: Principal, shop_id: str | None) -> dict[str, Any]:
    if shop_id is not None:
        who.require_shop(shop_id)
        return {"shopId": shop_id}
    return {"shopId": {"$in": list(who.shop_ids)}} if who.is_limited_to_shops else {}
