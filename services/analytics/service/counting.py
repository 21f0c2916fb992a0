"""Counting what the feed brings, and the dashboard."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.clock import Clock
from common.copies import Copy
from common.events import Envelope, EventData
from common.events.tenancy import CompanyCreated, CompanyUpdated
from common.identity.principal import Principal
from common.messaging.feed import FeedBatch
from common.runtime import Background
from services.analytics.clients import Companies, Names
from services.analytics.domain import Dashboard, Effect, Range, Region, read_range
from services.analytics.service.reporting import ReportService, shops_of
from services.analytics.store import Counted, Rollups

Counting = Mapping[type[EventData], Callable[[Region, Envelope[Any]], Effect]]

PLATFORM_ZONE = "UTC"
"""The days of the platform's own view, whose companies each reckon in a zone of their own."""


class AnalyticsService:
    """Counting what was sold, and showing it."""

    def __init__(
        self, rollups: Rollups, companies: Companies, names: Names, reports: ReportService, clock: Clock
    ) -> None:
        self._rollups = rollups
        self._companies = companies
        self._names = names
        self._clock = clock
        self.reports = reports
        self.loops: Sequence[Background] = ()

    async def note_company(self, company: CompanyCreated | CompanyUpdated, sequence: int) -> None:
        """Keep a company's time zone and currency; days already counted stay where they are."""
        await self._companies.note(Region(company.company_id, company.timezone, company.currency), sequence)

    async def note_names(self, notes: Sequence[Copy]) -> None:
        """Keep what products, categories, shops and customers are called, and how products are filed."""
        await self._names.note(notes)

    async def count(self, batch: FeedBatch, counting: Counting) -> None:
        """Count what ``counting`` names, each event once. Raises Unavailable while a company is unknown here."""
        facts = [fed.event for fed in batch.events if type(fed.event.data) in counting]
        regions = await self._companies.regions(sorted({_company_of(event) for event in facts}))
        counted: list[Counted] = []
        for event in facts:
            region = regions[_company_of(event)]
            counted.append((event.id, region, counting[type(event.data)](region, event)))
        await self._rollups.add(batch, counted, self._clock.now(), await self._categories(counted))

    async def _categories(self, counted: Sequence[Counted]) -> dict[str, str]:
        """How every product in these facts is filed; product ids are unique over companies."""
        sold: dict[str, set[str]] = {}
        for _, region, effect in counted:
            sold.setdefault(region.company_id, set()).update(line.product_id for line in effect.lines)
        filed: dict[str, str] = {}
        for company_id, products in sold.items():
            filed |= await self._names.categories(company_id, sorted(products))
        return filed

    async def dashboard(self, who: Principal, start: str | None, end: str | None, shop_id: str | None) -> Dashboard:
        """Figures of the caller's company, or of the caller's shops. Raises NotFound for another's shop."""
        criteria: dict[str, Any] = {"companyId": who.tenant, **shops_of(who, shop_id)}
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
