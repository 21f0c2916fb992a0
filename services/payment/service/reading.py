"""Reading payments and the ledger."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from common.errors import Invalid
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from services.payment.domain import Payment
from services.payment.service.foundation import Foundation
from services.payment.service.processing import Processing

_DAY_LENGTH = len("2026-01-31")


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What a list is narrowed to. ``since`` and ``until`` are RFC 3339 instants or days, both inclusive."""

    order_id: str | None = None
    status: str | None = None
    method: str | None = None
    since: str | None = None
    until: str | None = None


class Reading:
    """Lists and single payments, each within what the caller may see."""

    def __init__(self, on: Foundation, processing: Processing) -> None:
        self._on = on
        self._processing = processing

    async def list(self, who: Principal, chosen: PaymentFilter, page: PageRequest) -> Page[Payment]:
        """Payments of the company; for those limited to shops, of theirs."""
        criteria: dict[str, Any] = {}
        for name, value in (("orderId", chosen.order_id), ("status", chosen.status), ("method", chosen.method)):
            if value is not None:
                criteria[name] = value
        if who.is_limited_to_shops:
            criteria["shopId"] = {"$in": [*who.shop_ids]}
        if chosen.since or chosen.until:
            criteria["createdAt"] = await self._window(who.tenant, chosen)
        return await self._on.payments.for_company(who.tenant).page(criteria, page)

    async def read(self, who: Principal, payment_id: str, order_token: str | None) -> Payment:
        """One payment. Raises NotFound, also for one that the caller has nothing to do with."""
        payment = await self._on.payments.for_company(who.tenant).get(payment_id)
        if who.may("payments.read"):
            who.require_shop(payment.shop_id, "payment")
            return payment
        await self._processing.account(who, payment.order_id, order_token)
        return payment

    async def _window(self, company_id: str, chosen: PaymentFilter) -> dict[str, datetime]:
        days = any(text and len(text) == _DAY_LENGTH for text in (chosen.since, chosen.until))
        zone = ZoneInfo(await self._on.company.timezone(company_id)) if days else ZoneInfo("UTC")
        window: dict[str, datetime] = {}
        if chosen.since:
            window["$gte"] = _instant("from", chosen.since, zone, days=0)
        if chosen.until and len(chosen.until) == _DAY_LENGTH:
            window["$lt"] = _instant("to", chosen.until, zone, days=1)
        elif chosen.until:
            window["$lte"] = _instant("to", chosen.until, zone, days=0)
        return window


def _instant(name: str, text: str, zone: ZoneInfo, *, days: int) -> datetime:
    """An instant, or the start of a day in ``zone``, ``days`` later. Raises Invalid ``invalid_query``."""
    try:
        if len(text) == _DAY_LENGTH:
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time.min, zone).astimezone(UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("without an offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("invalid_query", "Not a time.", [(name, "RFC 3339, or YYYY-MM-DD")]) from error
