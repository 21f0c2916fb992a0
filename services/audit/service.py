"""Use cases of the audit service."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from common.copies import LocalCopies
from common.errors import Invalid
from common.events.tenancy import CompanyCreated, CompanyUpdated
from common.identity.principal import Principal
from common.messaging.feed import FeedBatch
from common.pagination import Page, PageRequest
from common.runtime import Background
from services.audit.domain import ACTOR_TYPES, RESOURCE_TYPES, ChainCheck, Verdict, chain, describe, instant
from services.audit.store import AuditLog, read_part

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class AuditService:
    """Recording what happened, showing it, and proving that nobody changed it afterwards."""

    def __init__(self, log: AuditLog, companies: LocalCopies) -> None:
        self._log = log
        self._companies = companies
        self.loops: Sequence[Background] = ()

    async def record(self, batch: FeedBatch) -> None:
        """Chain a batch of the feed; events that are in the log already stay as they are."""
        for fed in batch.events:
            data = fed.event.data
            if isinstance(data, CompanyCreated | CompanyUpdated):
                zone = {"timezone": data.timezone}
                await self._companies.take(data.company_id, data.company_id, fed.event.sequence, zone)
        described = [describe(fed.event, fed.document) for fed in batch.events]
        await self._log.append(batch, described, chain)

    async def list(self, who: Principal, filters: dict[str, str], page: PageRequest) -> Page[dict[str, Any]]:
        """Events of the caller's company, or of the platform. Raises Invalid ``invalid_query``."""
        company_id = chain_of(who)
        zone = await self._zone(company_id) if {"from", "to"} & filters.keys() else UTC
        return await self._log.page(company_id, criteria(filters, zone), page)

    async def verify(self, who: Principal) -> Verdict:
        """Check a whole chain up to its present end, part by part, hashing beside the loop."""
        head = await self._log.head(chain_of(who))
        check = ChainCheck(head)
        async for part in self._log.parts(head.company_id, head.count):
            if not await asyncio.to_thread(_take_part, check, part):
                break
        if await self._log.exceeds(head):
            check.note_surplus()
        return check.verdict()

    async def _zone(self, company_id: str | None) -> Any:
        found = await self._companies.find(company_id, company_id) if company_id else None
        return ZoneInfo(found["timezone"]) if found else UTC


def _take_part(check: ChainCheck, part: bytes) -> bool:
    return check.take(read_part(part))


def chain_of(who: Principal) -> str | None:
    """The company whose chain is meant; None, the platform's, for its administrator without a tenant."""
    return None if who.tenant_id is None and who.may("platform.read") else who.tenant


def criteria(filters: dict[str, str], zone: Any) -> dict[str, Any]:
    """The query that the filters ask for. ``actor`` and ``resource`` take an id, a type, or ``type:id``."""
    wanted: dict[str, Any] = {}
    if "action" in filters:
        wanted["action"] = filters["action"]
    if "actor" in filters:
        wanted |= _named("actor", filters["actor"], frozenset(ACTOR_TYPES))
    if "resource" in filters:
        wanted |= _named("resource", filters["resource"], RESOURCE_TYPES)
    between = {}
    if "from" in filters:
        between["$gte"] = instant(_moment("from", filters["from"], zone))
    if "to" in filters:
        is_day = _DAY.fullmatch(filters["to"]) is not None
        end = _moment("to", filters["to"], zone, days=1 if is_day else 0)
        between["$lt" if is_day else "$lte"] = instant(end)
    return {**wanted, **({"createdAt": between} if between else {})}


def _named(field: str, value: str, types: frozenset[str]) -> dict[str, Any]:
    kind, colon, named = value.partition(":")
    if colon:
        return {f"{field}.type": kind, f"{field}.id": named}
    return {f"{field}.type" if value in types else f"{field}.id": value}


def _moment(name: str, value: str, zone: Any, days: int = 0) -> datetime:
    """An instant, or the beginning of a day (``days`` later) in ``zone``. Raises Invalid ``invalid_query``."""
    try:
        if _DAY.fullmatch(value):
            return datetime.combine(date.fromisoformat(value) + timedelta(days=days), time(), zone)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("an instant needs its offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("invalid_query", str(error), [(name, "must be RFC 3339 or YYYY-MM-DD")]) from error
