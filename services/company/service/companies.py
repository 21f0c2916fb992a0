"""Use cases of the company service."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from common.clock import Clock
from common.errors import Conflict, DomainError, Forbidden, NotFound, Unavailable
from common.identity.principal import Principal
from common.logging import get_logger
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken, check_version
from services.company.clients import Admin, Auth
from services.company.domain import Company, Plan, Status
from services.company.service.domains import DomainService
from services.company.service.isolation import IsolationService
from services.company.store import Companies, Foundings

log = get_logger(__name__)

ABANDONED_SECONDS = 30
"""Longer than any call to auth takes: a founding as old as this has nobody working on it."""

PLATFORM_ONLY = frozenset({"status", "plan", "limits"})
"""What a company's own admin may read, and only the platform's administrator change."""

SWEEP_SECONDS = 10
SWEEP_LIMIT = 50


class CompanyService:
    """Founding and changing companies."""

    def __init__(
        self,
        companies: Companies,
        foundings: Foundings,
        auth: Auth,
        clock: Clock,
        domains: DomainService,
        isolation: IsolationService,
    ) -> None:
        self.domains = domains
        self.isolation = isolation
        self._companies = companies
        self._foundings = foundings
        self._auth = auth
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
        plan: Plan,
        admin: Admin,
    ) -> Company:
        """Found a company with its admin. Nothing of it is seen before the admin exists.

        Raises Conflict ``slug_taken`` or ``account_exists``, Invalid for a reserved slug or a weak password.
        """
        known = await self._companies.for_platform().find(company_id)
        if known is not None:
            return known
        company = Company.found(
            company_id=company_id,
            name=name,
            slug=slug,
            currency=currency,
            timezone=timezone,
            country=country,
            plan=plan,
            now=self._clock.now(),
        )
        await self._hold_slug(company)
        try:
            if not await self._auth.has_staff(company_id):
                await self._auth.hire_admin(company_id, admin)
        except Unavailable:
            raise  # what auth did is unknown: the sweeper finds out, or the next call under the same key
        except DomainError:
            await self._foundings.forget(company_id)
            raise
        return await self._complete(company)

    async def read(self, who: Principal, company_id: str) -> Company:
        """One company. Raises NotFound, also for one that is not the caller's."""
        if not who.may("companies.list") and who.company_id != company_id:
            raise NotFound("company")
        return await self._companies.for_company(company_id).get(company_id)

    async def list(self, who: Principal, search: str | None, status: Status | None, page: PageRequest) -> Page[Company]:
        """Companies; a company's own admin sees that one."""
        criteria: dict[str, Any] = {"status": status} if status else {}
        if search:
            begins = {"$regex": re.escape(search), "$options": "i"}
            criteria["$or"] = [{"name": begins}, {"slug": begins}]
        own = who.company_id if not who.may("companies.list") else None
        store = self._companies.for_company(own) if own else self._platform_view(who)
        return await store.page(criteria, page)

    async def edit(self, who: Principal, company_id: str, changes: dict[str, Any], if_match: str | None) -> Company:
        """Change a company. Raises NotFound, Forbidden for the status, VersionConflict, InvalidTransition."""

        async def change() -> Company:
            company = await self.read(who, company_id)
            if PLATFORM_ONLY & changes.keys() and not who.may("companies.suspend"):
                raise Forbidden("permission_denied", "Only the platform's administrator changes status and plan.")
            check_version(if_match, company.version)
            company.edit(changes)
            if not company.recorded:
                return company
            return await self._companies.for_company(company_id).save(company)

        return await again_when_overtaken(change, if_match)

    async def tell(self, name: str) -> tuple[Company, Sequence[str]]:
        """A company by id or slug with the names of its domains, for other services. Raises NotFound."""
        company = await self._companies.by_id_or_slug(name)
        if company is None:
            raise NotFound("company")
        return company, await self.domains.verified_names(company.id)

    async def knows_origin(self, origin: str) -> bool:
        """Whether any active company lets pages of this origin call, or is at home there.

        Asked before the company is known.
        """
        if await self._companies.allows(origin):
            return True
        host = origin.partition("://")[2].partition(":")[0]
        try:
            holder = await self.domains.holder(host)
        except NotFound:
            return False
        return await self._companies.is_active(holder.company_id)

    async def sweep_for_ever(self) -> None:
        """Bring abandoned foundings to an end, again and again."""
        while True:
            await self.sweep()
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """End foundings that a crash left: complete those whose admin was made, forget the others."""
        before = self._clock.now() - timedelta(seconds=ABANDONED_SECONDS)
        left = await self._foundings.for_platform().find_many({"createdAt": {"$lt": before}}, SWEEP_LIMIT)
        for company in left:
            try:
                is_staffed = await self._auth.has_staff(company.id)
            except Unavailable:
                return
            log.info("founding_was_left", companyId=company.id, isStaffed=is_staffed)
            if is_staffed:
                await self._complete(company)
            else:
                await self._foundings.forget(company.id)

    def _platform_view(self, who: Principal) -> Companies:
        who.require("companies.list")
        return self._companies.for_platform()

    async def _hold_slug(self, company: Company) -> None:
        foundings = self._foundings.for_platform()
        if await foundings.find(company.id) is None:
            await foundings.insert(company.model_copy(deep=True))
        holder = await self._companies.by_id_or_slug(company.slug)
        if holder is not None and holder.id != company.id:
            await self._foundings.forget(company.id)
            raise Conflict("slug_taken", "This slug is already in use.")

    async def _complete(self, company: Company) -> Company:
        fresh = Company.model_validate(company.model_dump())
        fresh.announce()
        known = await self._companies.for_platform().find(company.id)
        if known is None:
            known = await self._companies.for_company(company.id).insert(fresh)
        await self._foundings.forget(company.id)
        return known
