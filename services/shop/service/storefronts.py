"""Use cases of storefronts."""

from typing import Any

from common.clock import Clock
from common.errors import Conflict
from common.identity.principal import Principal
from common.ids import new_id
from common.web.etag import again_when_overtaken, check_version
from services.shop.clients import Companies, CompanyFacts
from services.shop.domain.storefront import Storefront
from services.shop.store import Storefronts


class StorefrontService:
    """Showing and configuring a company's storefront."""

    def __init__(self, storefronts: Storefronts, companies: Companies, clock: Clock) -> None:
        self._storefronts = storefronts
        self._companies = companies
        self._clock = clock

    async def show(self, who: Principal) -> tuple[Storefront, CompanyFacts]:
        """The configuration, as it was made or as every storefront begins. Raises NotFound for no such company."""
        company = await self._companies.get(who.tenant)
        return await self._find_or_begin(who.tenant), company

    async def configure(
        self, who: Principal, changes: dict[str, Any], if_match: str | None
    ) -> tuple[Storefront, CompanyFacts]:
        """Change the configuration. Raises VersionConflict when ``if_match`` names an old version."""
        company = await self._companies.get(who.tenant)

        async def change() -> Storefront:
            store = self._storefronts.for_company(who.tenant)
            storefront = await self._find_or_begin(who.tenant)
            check_version(if_match, storefront.version)
            is_stored = storefront.version > 0
            if not storefront.configure(changes):
                return storefront
            if is_stored:
                return await store.save(storefront)
            try:
                return await store.insert(storefront)
            except Conflict:  # configured for the first time elsewhere, in this moment
                stored = await store.of_company()
                assert stored is not None
                check_version(if_match, stored.version)
                stored.configure(changes)
                return await store.save(stored)

        return await again_when_overtaken(change, if_match), company

    async def _find_or_begin(self, company_id: str) -> Storefront:
        stored = await self._storefronts.for_company(company_id).of_company()
        return stored or Storefront.begin(storefront_id=new_id("sto"), company_id=company_id, now=self._clock.now())
