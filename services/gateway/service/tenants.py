"""Companies by id or slug, asked of the company service and remembered for a while."""

import asyncio
from dataclasses import dataclass
from typing import Any

from common.clients import CallRefused, ServiceClients
from common.clock import monotonic_seconds
from common.errors import NotFound, Unavailable
from common.events import Envelope, EventData
from common.events.tenancy import DomainRemoved, DomainVerified
from common.identity.tokens import AccessClaims
from services.gateway.domain import tenancy
from services.gateway.domain.tenancy import Company, Tenant

REMEMBERED = 4096
ABSENT_SECONDS = 5.0
REST_SECONDS = 0.5
"""How long nothing more is asked in passing after a question without an answer."""

STALE_SECONDS = 86_400.0
"""How long an old answer is better than none while the company service is away: browsing goes on."""


@dataclass(frozen=True, slots=True)
class _Known:
    company: Company | None
    at: float


class Tenants:
    """Finds the company of a call. Absence is remembered too, so that strangers cause no floods."""

    def __init__(self, clients: ServiceClients, fresh_seconds: float, default: str | None) -> None:
        self._clients = clients
        self._fresh_seconds = fresh_seconds
        self._default = default
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[Company | None]] = {}
        self._refreshing: set[asyncio.Task[None]] = set()
        self._rests_until = float("-inf")

    async def resolve(self, claims: AccessClaims | None, named: list[str]) -> Tenant:
        """The company of a call from whoever holds ``claims``, naming ``named`` (ids or slugs).

        Raises NotFound for an unknown one, and as :func:`tenancy.agree`.
        """
        own = claims.company_id if claims is not None else None
        if own is not None and all(name == own for name in named):
            return Tenant(own)
        if not named:
            return await self._by_default(claims)
        companies = []
        for name in set(named):
            company = await self._find(name)
            if company is None:
                raise NotFound("company")
            companies.append(company)
        return tenancy.agree(companies, own, is_platform=claims is not None and claims.role == "super_admin")

    async def require_visible(self, claims: AccessClaims, name: str) -> None:
        """Raises NotFound for a company that the holder of ``claims`` may not see."""
        company = await self._find(name)
        if company is None or (claims.role != "super_admin" and claims.company_id != company.id):
            raise NotFound("company")

    async def find(self, name: str) -> Company | None:
        """The company of this id or slug; None where there is none. Raises Unavailable."""
        return await self._find(name)

    def peek(self, company_id: str) -> Company | None:
        """What is known of a company without waiting; what is missing or old is asked for meanwhile."""
        known = self._known.get(company_id)
        now = monotonic_seconds()
        if (known is None or now - known.at > self._fresh_seconds) and now >= self._rests_until:
            self._rests_until = now + REST_SECONDS
            asked = asyncio.create_task(self._refresh(company_id))
            self._refreshing.add(asked)
            asked.add_done_callback(self._refreshing.discard)
        return known.company if known is not None else None

    async def _refresh(self, company_id: str) -> None:
        try:
            await self._ask_once(company_id)
        except Unavailable:
            return
        self._rests_until = float("-inf")

    def forget(self, event: Envelope[EventData]) -> None:
        """A company was made or changed: ask again."""
        data = event.data
        company_id, slug = getattr(data, "company_id", None), getattr(data, "slug", None)
        if isinstance(data, DomainVerified | DomainRemoved):
            company_id = event.company_id
        for name in [name for name, known in self._known.items() if _is(known, name, company_id, slug)]:
            del self._known[name]

    async def _by_default(self, claims: AccessClaims | None) -> Tenant:
        if self._default is None or (claims is not None and claims.role != "customer"):
            return tenancy.NO_TENANT
        company = await self._find(self._default)
        if company is None or company.status != "active":
            return tenancy.NO_TENANT
        return Tenant(company.id, is_default=True)

    async def _find(self, name: str) -> Company | None:
        if not tenancy.is_name(name):
            return None
        known = self._known.get(name)
        age = monotonic_seconds() - known.at if known else 0.0
        if known is not None and age < (self._fresh_seconds if known.company else ABSENT_SECONDS):
            return known.company
        try:
            return await self._ask_once(name)
        except Unavailable:
            if known is None or age > STALE_SECONDS:
                raise
            return known.company

    async def _ask_once(self, name: str) -> Company | None:
        """Ask; calls for the same company that arrive meanwhile wait for the same answer."""
        task = self._asking.get(name)
        if task is None:
            task = self._asking[name] = asyncio.create_task(self._ask(name))
            task.add_done_callback(lambda _: self._asking.pop(name, None))
        return await asyncio.shield(task)

    async def _ask(self, name: str) -> Company | None:
        try:
            told = await self._clients.get("company", f"/internal/companies/{name}")
            company = _company_of(told)
        except NotFound:
            company = None
        except CallRefused as error:
            raise Unavailable("The company service refused the question.") from error
        if len(self._known) >= REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[name] = _Known(company, monotonic_seconds())
        return company


def _company_of(told: dict[str, Any]) -> Company:
    return Company(
        told["id"],
        told["slug"],
        told["status"],
        frozenset(told["settings"]["allowedOrigins"]),
        told["limits"]["requestsPerMinute"],
        frozenset(told["domains"]),
    )


def _is(known: _Known, name: str, company_id: str | None, slug: str | None) -> bool:
    return name in (company_id, slug) or (known.company is not None and known.company.id == company_id)
