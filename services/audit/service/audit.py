"""Use cases of the audit service."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from common.copies import LocalCopies
from common.errors import Invalid, NotFound
from common.events.tenancy import CompanyCreated, CompanyUpdated
from common.identity.principal import Principal
from common.messaging.feed import FeedBatch
from common.pagination import Page, PageRequest
from common.runtime import Background
from services.audit.domain import ChainCheck, Verdict, chain, describe
from services.audit.service.exporting import Export
from services.audit.service.queries import criteria
from services.audit.service.sealing import Sealing
from services.audit.store import AuditLog, read_part


class AuditService:
    """Recording what happened, showing it, and proving that nobody changed it afterwards."""

    def __init__(self, log: AuditLog, companies: LocalCopies, sealing: Sealing) -> None:
        self._log = log
        self._companies = companies
        self._sealing = sealing
        self.loops: Sequence[Background] = ()

    async def record(self, batch: FeedBatch) -> None:
        """Chain a batch of the feed; events that are in the log already stay as they are."""
        for fed in batch.events:
            data = fed.event.data
            if isinstance(data, CompanyCreated | CompanyUpdated):
                zone = {"timezone": data.timezone}
                await self._companies.take(data.company_id, data.company_id, fed.event.sequence, zone)
        described = [describe(fed.event, fed.document) for fed in batch.events]
        self._sealing.note(await self._log.append(batch, described, chain))

    async def list(self, who: Principal, filters: dict[str, str], page: PageRequest) -> Page[dict[str, Any]]:
        """Events of the caller's company, or of the platform. Raises Invalid ``invalid_query``."""
        company_id = chain_of(who)
        zone = await self._zone(company_id) if {"from", "to"} & filters.keys() else UTC
        return await self._log.page(company_id, criteria(filters, zone), page)

    async def find(self, who: Principal, event_id: str) -> dict[str, Any]:
        """One event of the caller's chain. Raises NotFound."""
        found = await self._log.find(chain_of(who), event_id)
        if found is None:
            raise NotFound("audit event")
        return found

    async def verify(self, who: Principal) -> Verdict:
        """Check a whole chain up to its present end, part by part, hashing beside the loop."""
        company_id = chain_of(who)
        marks = await asyncio.to_thread(self._sealing.marks, company_id)  # before the head, which is then ahead
        head = await self._log.head(company_id)
        check = ChainCheck(marks)
        async for part in self._log.parts(company_id, head.count):
            if not await asyncio.to_thread(_take_part, check, part):
                break
        if await self._log.exceeds(head):
            check.note_surplus(head)
        return check.verdict(head)

    async def checkpoints(self, who: Principal, page: PageRequest) -> Page[dict[str, Any]]:
        """The signed checkpoints of the caller's chain."""
        return await asyncio.to_thread(self._checkpoints, chain_of(who), page)

    async def export(self, who: Principal, filters: dict[str, str]) -> AsyncIterator[bytes]:
        """The caller's chain as JSON lines, or the run of it that covers the time asked for.

        Raises Invalid ``invalid_query``, before the first line.
        """
        company_id = chain_of(who)
        zone = await self._zone(company_id) if filters else UTC
        export = Export(self._log, self._sealing, company_id, filters)
        await export.begin(criteria(filters, zone))
        return export.lines()

    def _checkpoints(self, company_id: str | None, page: PageRequest) -> Page[dict[str, Any]]:
        found = self._sealing.listed(company_id, newest_first=page.descending)
        wanted = (each for each in found if _is_behind(each, page))
        shown = list(islice(wanted, page.limit + 1))
        following = None
        if len(shown) > page.limit:
            shown = shown[: page.limit]
            following = page.cursor_for(shown[-1][page.sort], shown[-1]["id"])
        return Page(items=shown, next_cursor=following)

    async def _zone(self, company_id: str | None) -> Any:
        found = await self._companies.find(company_id, company_id) if company_id else None
        return ZoneInfo(found["timezone"]) if found else UTC


def _take_part(check: ChainCheck, part: bytes) -> bool:
    return check.take(read_part(part))


def _is_behind(checkpoint: dict[str, Any], page: PageRequest) -> bool:
    if page.after is None:
        return True
    place, last = (checkpoint[page.sort], checkpoint["id"]), page.after
    try:
        return place < last if page.descending else place > last
    except TypeError as error:
        raise Invalid("invalid_cursor", "This cursor belongs to another list.") from error


def chain_of(who: Principal) -> str | None:
    """The company whose chain is meant; None, the platform's, for its administrator without a tenant."""
    return None if who.tenant_id is None and who.may("platform.read") else who.tenant
