"""Companies as analytics knows them, and the names of what is counted: copies from events."""

from collections.abc import Sequence
from typing import Any

from common.clients import ServiceClients
from common.copies import Copy, LocalCopies
from common.errors import NotFound
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


class Names:
    """What products, categories, shops and customers are called, and how products are filed."""

    def __init__(self, copies: LocalCopies) -> None:
        self._copies = copies

    async def note(self, notes: Sequence[Copy]) -> None:
        """Keep what a batch of events says, unless something newer is known."""
        await self._copies.take_many(notes)

    async def of(self, company_id: str, ids: Sequence[str]) -> dict[str, str | None]:
        """Names by id, of those that are known."""
        return {each: copy.get("name") for each, copy in (await self._found(company_id, ids)).items()}

    async def categories(self, company_id: str, product_ids: Sequence[str]) -> dict[str, str]:
        """By product, its category; those without one are left out."""
        found = await self._found(company_id, product_ids)
        return {each: copy["categoryId"] for each, copy in found.items() if copy.get("categoryId")}

    async def name_of(self, company_id: str, entity_id: str) -> str | None:
        """The name. Raises NotFound for what this company does not have."""
        found = await self._found(company_id, [entity_id])
        if entity_id not in found:
            raise NotFound("resource")
        name: str | None = found[entity_id].get("name")
        return name

    async def _found(self, company_id: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return await self._copies.find_many(company_id, list(ids)) if ids else {}
