"""Companies as analytics knows them, and the names of what is counted: copies from events."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

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

    def __init__(self, copies: LocalCopies, clients: ServiceClients) -> None:
        self._copies = copies
        self._clients = clients

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
        """The name; its owner is asked for what no event has told yet.

        Raises NotFound for what this company does not have, Unavailable while the owner does not answer.
        """
        found = await self._copies.find(company_id, entity_id, lambda: self._ask(company_id, entity_id))
        if found is None:
            raise NotFound("resource")
        name: str | None = found.get("name")
        return name

    async def _ask(self, company_id: str, entity_id: str) -> dict[str, Any] | None:
        owner = _OWNERS.get(entity_id[:4])
        if entity_id.startswith("prd_"):
            body = {"productIds": [entity_id]}
            told = await self._clients.post("catalog", "/internal/products/lookup", body, tenant=company_id)
            return next((_filed(product) for product in told["items"]), None)
        if owner is None:
            return None
        service, path = owner
        try:
            told = await self._clients.get(service, path + quote(entity_id, safe=""), tenant=company_id)
        except NotFound:
            return None
        return {"name": told["name"], "sequence": told["sequence"]}

    async def _found(self, company_id: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return await self._copies.find_many(company_id, list(ids)) if ids else {}


def _filed(product: dict[str, Any]) -> dict[str, Any]:
    return {name: product[name] for name in ("name", "categoryId", "sequence")}


_OWNERS = {"cus_": ("sales", "/internal/customers/"), "shp_": ("shop", "/internal/shops/")}
"""Who is asked for what begins so."""
