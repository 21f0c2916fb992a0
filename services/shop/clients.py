"""What shop knows of companies: a local copy fed by events, asked at company when it is missing."""

from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from common.clients import ServiceClients
from common.copies import LocalCopies
from common.errors import NotFound, Unavailable
from common.events.parts import CompanyLimits
from common.events.tenancy import CompanyCreated, CompanyUpdated

_KEPT = frozenset({"name", "slug", "timezone", "currency", "limits"})


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What opening a shop and showing a storefront needs."""

    name: str
    slug: str
    timezone: str
    currency: str
    limits: CompanyLimits


class Companies:
    """Companies by id, in the collection ``company_copies``."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], clients: ServiceClients) -> None:
        self._copies = LocalCopies(database, "company_copies")
        self._clients = clients

    async def take(self, data: CompanyCreated | CompanyUpdated, sequence: int) -> None:
        """Keep what an event tells, unless something newer is there."""
        fields = data.model_dump(by_alias=True, include=set(_KEPT))
        await self._copies.take(data.company_id, data.company_id, sequence, fields)

    async def get(self, company_id: str) -> CompanyFacts:
        """Raises NotFound, or Unavailable when company has to be asked and is away."""
        found = await self._copies.find(company_id, company_id, lambda: self._ask(company_id))
        if found is None:
            raise NotFound("company")
        limits = CompanyLimits.model_validate(found["limits"])
        return CompanyFacts(found["name"], found["slug"], found["timezone"], found["currency"], limits)

    async def find(self, company_id: str) -> CompanyFacts | None:
        """As :meth:`get`; None when nobody can say. A plan's limit waits, the merchant does not."""
        try:
            return await self.get(company_id)
        except Unavailable:
            return None

    async def _ask(self, company_id: str) -> dict[str, Any] | None:
        try:
            told = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
        except NotFound:
            return None
        return {name: told[name] for name in (*_KEPT, "sequence")}
