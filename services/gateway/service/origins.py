"""Which pages may call: those of the platform itself, and those that a company allows."""

from common.clients import CallRefused, ServiceClients
from common.clock import monotonic_seconds
from common.errors import DomainError, NotFound, Unavailable
from services.gateway.domain import origins, tenancy
from services.gateway.service.call import Call
from services.gateway.service.tenants import Tenants
from services.gateway.settings import Settings

REMEMBERED = 4096
LONGEST_ORIGIN = 255


class Origins:
    """Answers preflights, and marks answers that a page of another origin may read."""

    def __init__(self, clients: ServiceClients, tenants: Tenants, settings: Settings) -> None:
        self._clients = clients
        self._tenants = tenants
        self._base_domains = settings.base_domains
        self._any_port = settings.environment == "development"
        self._fresh_seconds = settings.company_seconds
        self._known: dict[str, tuple[bool, float]] = {}

    async def preflight(self, call: Call) -> None:
        """Add what the answer to a preflight says; nothing where the origin may not call."""
        origin = call.head.first(b"origin")
        if origin is not None and await self._may_call(call, origin):
            call.added += origins.preflight_headers(origin)

    async def mark(self, call: Call) -> None:
        """Let the page that sent this call read the answer, if it may."""
        origin = call.head.first(b"origin")
        if origin is None:
            return
        try:
            is_allowed = await self._may_call(call, origin)
        except Unavailable:
            return
        if is_allowed:
            call.added += origins.answer_headers(origin)

    def forget(self) -> None:
        """A company was changed: what is allowed must be asked again."""
        self._known.clear()

    async def _may_call(self, call: Call, origin: str) -> bool:
        host = call.head.first(b"host") or ""
        if len(origin) > LONGEST_ORIGIN or "://" not in origin:
            return False
        if origins.is_own(origin, host, self._base_domains, any_port=self._any_port):
            return True
        name = call.tenant.id or (call.claims.company_id if call.claims is not None else None) or self._named(call)
        if name is None:
            return await self._is_known(origin)
        company = await self._tenants.find(name)
        return company is not None and (
            origin in company.allowed_origins or origins.is_at_home(origin, company.domains, any_port=self._any_port)
        )

    def _named(self, call: Call) -> str | None:
        """The company as far as a preflight names it, which carries no header of the call to come."""
        try:
            in_query = tenancy.parameter_of(call.scope["query_string"])
        except DomainError:
            return None
        in_host = tenancy.subdomain_of(call.head.first(b"host") or "", self._base_domains)
        return in_host or call.head.first(b"x-tenant-id") or in_query

    async def _is_known(self, origin: str) -> bool:
        """Whether any company allows the origin."""
        known = self._known.get(origin)
        if known is not None and known[1] > monotonic_seconds():
            return known[0]
        try:
            told = await self._clients.get("company", "/internal/origins", origin=origin)
        except (NotFound, CallRefused):
            return False
        if len(self._known) >= REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[origin] = (bool(told["isAllowed"]), monotonic_seconds() + self._fresh_seconds)
        return bool(told["isAllowed"])
