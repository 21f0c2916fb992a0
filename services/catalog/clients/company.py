"""What catalog knows of companies: a local copy fed by events, asked at company when it is missing."""

from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from common.clients import ServiceClients
from common.copies import LocalCopies
from common.errors import NotFound
from common.events.parts import CompanyLimits, CompanySettings

REMEMBERED_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """The currency a company sells in (it never changes), the settings prices depend on, and its plan's limits."""

    currency: str
    settings: CompanySettings
    limits: CompanyLimits


class Companies:
    """Companies by id, in the collection ``company_copies``."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], clients: ServiceClients) -> None:
        self._copies = LocalCopies(database, "company_copies")
        self._clients = clients
        self._currencies: dict[str, str] = {}

    async def take(self, company_id: str, sequence: int, facts: CompanyFacts) -> None:
        """Keep what an event tells, unless something newer is there."""
        fields = {
            "currency": facts.currency,
            "settings": facts.settings.model_dump(by_alias=True),
            "limits": facts.limits.model_dump(by_alias=True),
        }
        await self._copies.take(company_id, company_id, sequence, fields)

    async def get(self, company_id: str) -> CompanyFacts:
        """Currency and settings. Raises NotFound, or Unavailable when company has to be asked and is away."""
        found = await self._copies.find(company_id, company_id, lambda: self._ask(company_id))
        if found is None:
            raise NotFound("company")
        return CompanyFacts(
            found["currency"],
            CompanySettings.model_validate(found["settings"]),
            CompanyLimits.model_validate(found.get("limits") or {}),
        )

    async def currency_of(self, company_id: str) -> str:
        """The currency, remembered in this process."""
        known = self._currencies.get(company_id)
        if known is None:
            known = (await self.get(company_id)).currency
            if len(self._currencies) >= REMEMBERED_LIMIT:
                self._currencies.clear()
            self._currencies[company_id] = known
        return known

    async def _ask(self, company_id: str) -> dict[str, Any] | None:
        try:
            told = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
        except NotFound:
            return None
        return {name: told[name] for name in ("currency", "settings", "limits", "sequence") if name in told}
