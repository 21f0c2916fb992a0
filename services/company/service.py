"""Use cases of the company service."""

import re
from typing import Any

from common.clients import CallRefused, ServiceClients
from common.clock import Clock
from common.errors import Conflict, Invalid, NotFound, Unavailable
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from common.web.etag import check_version
from services.company.domain import Company, check_slug
from services.company.store import Companies

TRUSTED_REFUSALS = (400, 409, 422)


class CompanyService:
    """Founding, showing and changing companies."""

    def __init__(self, companies: Companies, clients: ServiceClients, clock: Clock) -> None:
        self._companies = companies
        self._clients = clients
        self._clock = clock

    async def found(
        self,
        *,
        company_id: str,
        name: str,
        slug: str,
        currency: str,
        timezone: str,
        country: str | None,
        admin: dict[str, Any],
    ) -> Company:
        """Found a company and have auth make its admin; nothing is left of it when auth refuses.

        The admin comes first, under the company's future id, so that no company stands without one. Raises
        Conflict ``slug_taken`` or auth's own refusal, such as ``account_exists``.
        """
        check_slug(slug)
        platform = self._companies.for_platform()
        again = await platform.find(company_id)
        if again is not None:
            return again
        if await platform.find_one({"slug": slug}):
            raise Conflict("slug_taken", "This slug is already in use.")
        company = Company.found(
            company_id=company_id,
            name=name,
            slug=slug,
            currency=currency,
            timezone=timezone,
            country=country,
            now=self._clock.now(),
        )
        user_id = await self._make_admin(company_id, admin)
        try:
            return await platform.insert(company)
        except Conflict:
            await self._clients.delete("auth", f"/internal/staff/{company_id}/{user_id}", tenant=company_id)
            raise

    async def _make_admin(self, company_id: str, admin: dict[str, Any]) -> str:
        account = {**admin, "companyId": company_id, "role": "company_admin", "shopIds": []}
        try:
            told = await self._clients.post("auth", "/internal/staff", account, tenant=company_id)
        except CallRefused as error:
            if error.status not in TRUSTED_REFUSALS:
                raise Unavailable("The admin's account could not be made.") from error
            detail = str(error.problem.get("detail", ""))
            if error.status == 409:
                raise Conflict(error.code, detail) from error
            fields = [(f"admin.{each['field']}", each["message"]) for each in error.problem.get("errors", ())]
            raise Invalid(error.code, detail, fields) from error
        return str(told["userId"])

    async def list(
        self, who: Principal, criteria: dict[str, Any], search: str | None, page: PageRequest
    ) -> Page[Company]:
        """Every company for a super admin, one's own for its admin."""
        if search:
            criteria = {**criteria, "name": {"$regex": f"^{re.escape(search)}", "$options": "i"}}
        return await self._visible(who).page(criteria, page)

    async def read(self, who: Principal, company_id: str) -> Company:
        """One company. Raises NotFound for any but one's own, except for super admins."""
        return await self._visible(who).get(company_id)

    async def edit(self, who: Principal, company_id: str, changes: dict[str, Any], if_match: str | None) -> Company:
        """Change a company. Raises Forbidden where only a super admin may, VersionConflict for an old version."""
        if "status" in changes:
            who.require("companies.suspend")
        company = await self.read(who, company_id)
        check_version(if_match, company.version)
        if "settings" in changes:
            told = changes["settings"].model_dump(exclude_unset=True)
            changes = {**changes, "settings": company.settings.model_copy(update=told)}
        company.edit(changes)
        return await self._visible(who).save(company) if company.recorded else company

    async def tell(self, id_or_slug: str) -> Company:
        """One company for another service, by id or slug. Raises NotFound."""
        key = "_id" if id_or_slug.startswith("cmp_") else "slug"
        company = await self._companies.for_platform().find_one({key: id_or_slug})
        if company is None:
            raise NotFound("company")
        return company

    def _visible(self, who: Principal) -> Companies:
        everything = who.may("companies.list")
        return self._companies.for_platform() if everything else self._companies.for_company(who.tenant)
