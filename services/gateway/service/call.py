"""One call on its way through the gateway."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any
from urllib.parse import unquote

from starlette.types import Scope

from common import context, telemetry
from common.errors import NotFound
from common.identity.identify import anonymous, principal_of
from common.identity.tokens import AccessClaims
from common.ids import new_id
from services.gateway.domain import destinations
from services.gateway.domain.aliases import resolve
from services.gateway.domain.head import HTTPS_ONLY, IDEMPOTENT_METHODS, Head, read_head
from services.gateway.domain.rates import Kind, kind_of
from services.gateway.domain.tenancy import NO_TENANT, Tenant

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

Networks = list[IPv4Network | IPv6Network]


@dataclass(slots=True)
class Call:
    """What is known of a call.

    ``added`` goes into the head of whatever is answered, and ``limits`` with it: the headers of the tightest limit,
    of which ``remaining`` calls are left.
    """

    scope: Scope
    head: Head
    address: str
    is_https: bool
    request_id: str
    added: list[tuple[bytes, bytes]] = field(default_factory=list)
    claims: AccessClaims | None = None
    tenant: Tenant = NO_TENANT
    method: str = "GET"
    path_tenant: str | None = None
    remaining: int | None = None
    limits: list[tuple[bytes, bytes]] = field(default_factory=list)
    kind: Kind = "read"
    service: str = "none"
    status: int = 0
    is_shed: bool = False

    def path(self) -> tuple[str, str]:
        """The canonical decoded path, and the target as sent on; sets kind, and method and ``path_tenant`` of an alias.

        Raises NotFound for one that climbs, NotBuiltYet and MethodNotAllowed as the alias table says.
        """
        scope = self.scope
        path, raw = scope["path"], scope.get("raw_path") or scope["path"].encode()
        if not destinations.is_safe(path, raw):
            raise NotFound("address")
        path, raw = destinations.without_slash(path, raw)
        query = scope["query_string"]
        alias = resolve(self.method, raw.decode("latin-1"), is_known=destinations.service_for(path) is not None)
        if alias is not None:
            path, raw = unquote(alias.path), alias.path.encode("latin-1")
            query = b"&".join(part for part in (alias.query, query) if part)
            self.path_tenant = alias.tenant
            self._become(alias.method)
        self.kind = kind_of(self.method, path)
        target: bytes = raw + b"?" + query if query else raw
        return path, target.decode("latin-1")

    def _become(self, method: str) -> None:
        """Another method: whether repeating does harm is a matter of what is called in the end."""
        self.method = method
        self.head.repeats_safely = method in IDEMPOTENT_METHODS or self.head.has_idempotency_key

    def answer_head(self) -> list[tuple[bytes, bytes]]:
        """What the gateway adds to the head of the answer."""
        return self.added + self.limits

    def told(self) -> list[tuple[str, str]]:
        """The headers that services believe because the gateway wrote them."""
        told = [
            ("x-request-id", self.request_id),
            ("x-forwarded-for", self.address),
            ("x-forwarded-proto", "https" if self.is_https else "http"),
        ]
        host = self.head.first(b"host")
        if host is not None:
            told.append(("x-forwarded-host", host))
        return told

    def own_scope(self, path: str) -> dict[str, Any]:
        """The scope for what the gateway answers itself: nothing forged, the principal known."""
        tenant_id = self.tenant.id
        who = principal_of(self.claims, tenant_id) if self.claims is not None else anonymous(tenant_id)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.head.passed]
        headers.append((b"x-request-id", self.request_id.encode()))
        state = {**self.scope.get("state", {}), "principal": who}
        return {
            **self.scope,
            "method": self.method,
            "path": path,
            "raw_path": path.encode(),
            "headers": headers,
            "state": state,
        }


def begin(scope: Scope, trusted: Networks) -> Call:
    """Read the head, find the caller's address, accept or make the request id."""
    method = scope.get("method", "GET")
    head = read_head(method, scope["headers"])
    address = _address(scope, head, trusted)
    request_id = head.first(b"x-request-id") or ""
    if not _REQUEST_ID.fullmatch(request_id):
        request_id = new_id("req")
    context.enter(
        context.CallContext(
            correlation_id=request_id, actor="anonymous", client_ip=address, traceparent=telemetry.here()
        )
    )
    added = [(b"x-request-id", request_id.encode())]
    is_https = _is_https(scope, head, trusted)
    if is_https:
        added.append(HTTPS_ONLY)
    return Call(scope, head, address, is_https, request_id, added, method=method)


def _address(scope: Scope, head: Head, trusted: Networks) -> str:
    """The peer's address, or what a trusted proxy says of the one before it."""
    client = scope.get("client")
    address = str(client[0]) if client else "unknown"
    if not trusted:
        return address
    for named in reversed([part.strip() for part in head.x_forwarded_for.split(",") if part.strip()]):
        if not _is_trusted(address, trusted):
            break
        address = named
    return address


def _is_https(scope: Scope, head: Head, trusted: Networks) -> bool:
    """Whether the client speaks TLS: with us, or with a trusted proxy before us."""
    client = scope.get("client")
    if trusted and client and _is_trusted(str(client[0]), trusted) and head.x_forwarded_proto:
        return head.x_forwarded_proto.rpartition(",")[2].strip().lower() == "https"
    return scope.get("scheme", "http") in ("https", "wss")


def _is_trusted(address: str, trusted: Networks) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in trusted)
