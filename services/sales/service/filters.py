"""From the query of a list to what MongoDB is asked."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from common.errors import Invalid
from services.sales.service.copies import Copies

_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of orders may be narrowed by; ``begin`` and ``end`` as sent, totals in minor units."""

    status: str | None = None
    payment_status: str | None = None
    fulfilment_status: str | None = None
    channel: str | None = None
    customer_id: str | None = None
    shop_id: str | None = None
    client_sale_id: str | None = None
    payment_method: str | None = None
    fulfilment_method: str | None = None
    email: str | None = None
    number: str | None = None
    sku: str | None = None
    min_total: int | None = None
    max_total: int | None = None
    begin: str | None = None
    end: str | None = None
    search: str | None = None

    async def criteria(self, company_id: str, copies: Copies) -> dict[str, Any]:
        """The condition. Days are those of the company's time zone. Raises Invalid ``invalid_query``."""
        plain = {
            "status": self.status,
            "paymentStatus": self.payment_status,
            "fulfilmentStatus": self.fulfilment_status,
            "channel": self.channel,
            "customerId": self.customer_id,
            "shopId": self.shop_id,
            "till.clientSaleId": self.client_sale_id,
            "payment.method": self.payment_method,
            "fulfilmentMethod": self.fulfilment_method,
            "email": self.email.lower() if self.email else None,
            "number": self.number.upper() if self.number else None,
            "items.sku": self.sku,
        }
        criteria: dict[str, Any] = {name: value for name, value in plain.items() if value is not None}
        if self.begin or self.end:
            zone = await self._zone(company_id, copies)
            criteria["placedAt"] = self._span(zone)
        bounds = {"$gte": self.min_total, "$lte": self.max_total}
        if total := {bound: amount for bound, amount in bounds.items() if amount is not None}:
            criteria["total"] = total
        if self.search and self.search.strip():
            criteria["searchKeys"] = {"$regex": f"^{re.escape(self.search.strip().casefold())}"}
        return criteria

    async def _zone(self, company_id: str, copies: Copies) -> ZoneInfo:
        if not any(_DAY.match(value) for value in (self.begin, self.end) if value):
            return ZoneInfo("UTC")
        return ZoneInfo((await copies.company(company_id)).timezone)

    def _span(self, zone: ZoneInfo) -> dict[str, datetime]:
        span = {}
        if self.begin:
            span["$gte"] = _instant("from", self.begin, zone)
        if self.end:
            if _DAY.match(self.end):
                span["$lt"] = _instant("to", self.end, zone, days=1)
            else:
                span["$lte"] = _instant("to", self.end, zone)
        return span


def _instant(name: str, value: str, zone: ZoneInfo, days: int = 0) -> datetime:
    try:
        if _DAY.match(value):
            day = date.fromisoformat(value) + timedelta(days=days)
            return datetime.combine(day, time.min, zone).astimezone(UTC)
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError("no offset")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = "must be RFC 3339, or YYYY-MM-DD"
        raise Invalid("invalid_query", "This is not a time.", [(name, message)]) from error
