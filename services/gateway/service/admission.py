"""Who calls, is it within the limits, and for which company?"""

from urllib.parse import unquote

from common.errors import BadRequest, DomainError, TooManyRequests
from common.identity.identify import bearer_of
from common.runtime import Runtime
from services.gateway.domain import destinations, tenancy
from services.gateway.domain.rates import Kind, caller_of
from services.gateway.service.call import Call
from services.gateway.service.homes import Homes
from services.gateway.service.keys import Keys
from services.gateway.service.limits import Limits
from services.gateway.service.tenants import Tenants
from services.gateway.settings import Settings


class Admission:
    """Admits a call, or raises what refuses it. Every call is counted, refused ones too."""

    def __init__(self, runtime: Runtime, settings: Settings, tenants: Tenants) -> None:
        self._runtime = runtime
        self._settings = settings
        self._tenants = tenants
        self._limits = Limits(settings)
        self._limit_of: dict[Kind, str] = {
            "sign_in": settings.sign_in_limit,
            "write": settings.write_limit,
            "read": settings.read_limit,
        }
        self.homes = Homes(runtime.clients, settings.company_seconds)
        self.keys = Keys(runtime.clients, runtime.tokens.verify)

    async def admit(self, call: Call, path: str) -> None:
        """Set the call's claims and tenant.

        Raises Unauthenticated, BadRequest ``credentials_conflict`` or ``tenant_mismatch``, NotFound,
        Forbidden ``company_suspended``, TooManyRequests or Unavailable.
        """
        kind = call.kind
        if path in destinations.WITHOUT_TOKEN:
            call.head.drop_token()
        try:
            of_key = await self._identify(call)
        except TooManyRequests:
            raise
        except DomainError:
            await self.count(call, kind)
            raise
        await self.count(call, kind)
        call.tenant = await self._tenants.resolve(call.claims, await self._named(call, path, of_key))
        await self._count_in_company(call, kind)

    async def count(self, call: Call, kind: Kind) -> None:
        """Count the call for its account, or else its address."""
        claims = call.claims
        subject, role = (claims.subject, claims.role) if claims is not None else (None, None)
        await self._take(call, self._limit_of[kind], caller_of(kind, call.address, subject, role))

    async def _identify(self, call: Call) -> str | None:
        """Set the claims; answers the company of a key, which names the tenant."""
        bearer, key = bearer_of(call.head.first(b"authorization")), call.head.first(b"x-api-key")
        if key is None:
            call.claims = await self._runtime.tokens.verify(bearer) if bearer is not None else None
            return None
        opened = await self.keys.open(key, lambda: self._before_new_key(call))
        if bearer is None:
            call.claims = opened.claims
            call.head.passed.append(("authorization", f"Bearer {opened.token}"))
        elif opened.claims.role != "publishable_key":
            raise BadRequest("credentials_conflict", "Send a token or a secret key, not both.")
        else:
            call.claims = await self._runtime.tokens.verify(bearer)
        await self._take(call, self._settings.key_limit, f"key:{opened.claims.subject}")
        return opened.claims.company_id

    async def _before_new_key(self, call: Call) -> None:
        """A key that is not known here is a try, as signing in is; told of only where it is refused."""
        await self._take(call, self._settings.sign_in_limit, f"new_key:{call.address}", is_told=False)

    async def _before_new_host(self, call: Call) -> None:
        """A name that nobody knows here costs a question: strangers get as many as tries to sign in."""
        await self._take(call, self._settings.sign_in_limit, f"new_host:{call.address}", is_told=False)

    async def _at(self, call: Call, path: str) -> str | None:
        """The company whose own domain, or subdomain of ours, the call was sent to."""
        host = call.head.first(b"host") or ""
        domain = tenancy.own_domain_of(host, self._settings.base_domains)
        if domain is None or destinations.service_for(path) is None:  # health is told at any name, whoever is away
            return tenancy.subdomain_of(host, self._settings.base_domains)
        return await self.homes.find(domain, lambda: self._before_new_host(call))

    async def _named(self, call: Call, path: str, of_key: str | None) -> list[str]:
        named = [
            await self._at(call, path),
            call.head.first(b"x-tenant-id"),
            tenancy.parameter_of(call.scope["query_string"]),
            of_key,
        ]
        if call.path_tenant is not None and call.claims is not None:
            in_path = unquote(call.path_tenant)
            await self._tenants.require_visible(call.claims, in_path)
            named.append(in_path)
        return [name for name in named if name]

    async def _count_in_company(self, call: Call, kind: Kind) -> None:
        """All callers of a company share what its plan allows; who tries to sign in there, a limit of their own."""
        company_id = call.tenant.id
        if kind == "sign_in":
            await self._take(call, self._settings.sign_in_tenant_limit, f"sign_in:tenant:{company_id}")
        if company_id is None:
            return
        company = self._tenants.peek(company_id)
        if company is not None and company.requests_per_minute is not None:
            await self._take(call, f"{company.requests_per_minute}/m", f"company:{company_id}")

    async def _take(self, call: Call, limit: str, caller: str, *, is_told: bool = True) -> None:
        """Count once; the answer's head tells of the tightest limit. Raises TooManyRequests."""
        allowance = await self._limits.take(limit, caller)
        is_refused = allowance.retry_seconds is not None
        is_tightest = call.remaining is None or allowance.remaining < call.remaining
        if is_refused or (is_told and is_tightest):
            call.remaining = allowance.remaining
            call.limits = allowance.headers()
        if allowance.retry_seconds is not None:
            raise TooManyRequests("Too many calls; slow down.", allowance.retry_seconds)
