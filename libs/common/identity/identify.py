"""From the headers of a request to a Principal."""

from starlette.requests import Request

from common import context
from common.errors import BadRequest, Unauthenticated
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.identity.service_tokens import ServiceVerifier
from common.identity.tokens import AccessClaims, TokenVerifier

CONTEXT_HEADER = "x-markethall-context"
"""Carries the gateway's service token, which names the tenant of the call."""

PLATFORM_ROLE = "super_admin"
"""Events name this role beside the actor, who may act in any company."""

ACTOR_HEADER = "x-markethall-actor"
"""On whose behalf another service calls; believed only beside a service token."""


class Identifier:
    """Identifies the caller of one request: a person or key through the gateway, or another service."""

    def __init__(self, tokens: TokenVerifier, services: ServiceVerifier) -> None:
        self._tokens = tokens
        self._services = services

    async def __call__(self, request: Request) -> Principal:
        """The principal; also named as the actor of what this call causes.

        Raises Unauthenticated when the call comes neither through the gateway nor from a service.
        """
        known = getattr(request.state, "principal", None)
        if isinstance(known, Principal):
            return known
        principal = await self._identify(request)
        behind = request.headers.get(ACTOR_HEADER) if principal.kind == "service" else None
        role = principal.role if principal.role == PLATFORM_ROLE else None
        context.act_as(behind or principal.actor, principal.tenant_id, role)
        request.state.principal = principal
        return principal

    async def _identify(self, request: Request) -> Principal:
        gateway = request.headers.get(CONTEXT_HEADER)
        bearer = bearer_of(request.headers.get("authorization"))
        if gateway is None:
            return self._service(bearer)
        caller = self._services.verify(gateway)
        if caller.service != "gateway":
            raise Unauthenticated("invalid_service_token", "Only the gateway forwards calls.")
        if bearer is None:
            return anonymous(caller.tenant_id)
        return principal_of(await self._tokens.verify(bearer), caller.tenant_id)

    def _service(self, bearer: str | None) -> Principal:
        if bearer is None:
            raise Unauthenticated("authentication_required", "This address is reached through the gateway.")
        claims = self._services.verify(bearer)
        return Principal(
            kind="service",
            id=claims.service,
            role="service",
            permissions=permissions_of("service"),
            company_id=claims.tenant_id,
            tenant_id=claims.tenant_id,
        )


def bearer_of(authorization: str | None) -> str | None:
    """The token of an Authorization header. Raises Unauthenticated for another scheme."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("invalid_token", "Send `Authorization: Bearer <access token>`.")
    return token.strip()


def anonymous(tenant_id: str | None) -> Principal:
    """A caller without credentials, perhaps on a company's storefront."""
    return Principal(
        kind="anonymous", id="", role="anonymous", permissions=permissions_of("anonymous"), tenant_id=tenant_id
    )


def principal_of(claims: AccessClaims, tenant_id: str | None) -> Principal:
    """The principal of verified claims in the tenant of the call. Raises BadRequest ``tenant_mismatch``."""
    if claims.company_id is not None and tenant_id is not None and claims.company_id != tenant_id:
        raise BadRequest("tenant_mismatch", "The token belongs to another company than the one named.")
    permissions = permissions_of(claims.role, list(claims.permissions) if claims.permissions is not None else None)
    return Principal(
        kind="key" if claims.kind == "key" else "user",
        id=claims.subject,
        role=claims.role,
        permissions=permissions,
        company_id=claims.company_id,
        tenant_id=claims.company_id or tenant_id,
        shop_ids=claims.shop_ids,
        customer_id=claims.customer_id,
        session_id=claims.session_id,
        email=claims.email,
        issued_at=claims.issued_at,
    )
