"""Companies as analytics knows them: copies from events, asked at their owner when missing."""

from typing import Any

from common.clients import ServiceClients
from common.copies import LocalCopies
from services.analytics.domain import Region


class Companies:
    """Time zone and currency of each company."""

    def __init__(self, copies: LocalCopies, clients: ServiceClients) -> None:
        self._copies = copies
        self._clients = clients

    async def note(self, region: Region, sequence: int) -> None:
        """Keep what an event says, unless something newer is known."""
        facts = {"timezone": region.timezone, "currency": region.currency}
        await self._copies.take(region.company_id, region.company_id, sequence, facts)

    async def region(self, company_id: str) -> Region:
        """How a company reckons. Raises NotFound, or Unavailable while its owner does not answer."""

        async def ask() -> dict[str, Any]:
            told = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
            return {name: told[name] for name in ("timezone", "currency", "sequence")}

        found = await self._copies.find(company_id, company_id, ask)
        assert found is not None, "asked or stored"
        return Region(company_id, found["timezone"], found["currency"])

    async def regions(self, company_ids: list[str]) -> dict[str, Region]:
        """Several at once. Raises as :meth:`region`."""
        cursor = self._copies.collection.find({"_id": {"$in": company_ids}}).limit(len(company_ids) or 1)
        known = {
            document["_id"]: Region(document["_id"], document["timezone"], document["currency"])
            async for document in cursor
        }
        for company_id in company_ids:
            if company_id not in known:
                known[company_id] = await self.region(company_id)
        return known
