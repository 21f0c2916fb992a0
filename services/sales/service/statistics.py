"""Orders counted by where they stand."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from common.clock import Clock
from common.identity.principal import Principal
from common.money import Money
from services.sales.service.access import Access
from services.sales.service.copies import Copies
from services.sales.service.filters import Filters
from services.sales.store import Orders

DEFAULT_SPAN = timedelta(days=30)
REVENUE_STATUSES = ("confirmed", "processing", "completed")


@dataclass(frozen=True, slots=True)
class Count:
    """How many orders share a value, and what they come to."""

    value: str
    orders: int
    total: Money


@dataclass(frozen=True, slots=True)
class Statistics:
    """Orders of a span by status. ``revenue``: what is confirmed, and was not cancelled since."""

    begin: datetime | None
    end: datetime | None
    orders: int
    total: Money
    revenue: Money
    average_order_value: Money
    by_status: list[Count]
    by_payment_status: list[Count]
    by_fulfilment_status: list[Count]
    by_channel: list[Count]


class StatisticsService:
    """Counts the orders that a caller may see, in one aggregation."""

    def __init__(self, orders: Orders, access: Access, copies: Copies, clock: Clock) -> None:
        self._orders = orders
        self._access = access
        self._copies = copies
        self._clock = clock

    async def count(self, who: Principal, filters: Filters) -> Statistics:
        """Orders placed within the span, the last thirty days where none is named."""
        currency = (await self._copies.company(who.tenant)).currency
        criteria = await filters.criteria(who.tenant, self._copies)
        if filters.shop_id is not None:
            who.require_shop(filters.shop_id)
        span = criteria.setdefault("placedAt", {"$gte": self._clock.now() - DEFAULT_SPAN})
        allowed = await self._access.criteria(who)
        groups = await self._orders.for_company(who.tenant).tally(
            {"$and": [part for part in (allowed, criteria) if part]}
        )
        return _fold(groups, currency, span.get("$gte"), span.get("$lt") or span.get("$lte"))


def _fold(groups: list[dict[str, Any]], currency: str, begin: datetime | None, end: datetime | None) -> Statistics:
    def by(axis: str) -> list[Count]:
        orders: Counter[str] = Counter()
        totals: Counter[str] = Counter()
        for group in groups:
            orders[group["_id"][axis]] += group["orders"]
            totals[group["_id"][axis]] += group["total"]
        return [Count(value, orders[value], Money.of(totals[value], currency)) for value in sorted(orders)]

    by_status = by("status")
    count = sum(each.orders for each in by_status)
    earning = [each for each in by_status if each.value in REVENUE_STATUSES]
    revenue = Money.total((each.total for each in earning), currency)
    earned = sum(each.orders for each in earning)
    return Statistics(
        begin=begin,
        end=end,
        orders=count,
        total=Money.total((each.total for each in by_status), currency),
        revenue=revenue,
        average_order_value=Money.of(revenue.amount // earned if earned else 0, currency),
        by_status=by_status,
        by_payment_status=by("payment"),
        by_fulfilment_status=by("fulfilment"),
        by_channel=by("channel"),
    )
