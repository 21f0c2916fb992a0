"""Which company a call is for: what the token, the subdomain, a header and a parameter say must agree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from common.errors import BadRequest, Forbidden

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
NOT_COMPANIES = frozenset({"www", "api"})


@dataclass(frozen=True, slots=True)
class Company:
    """What the gateway must know of a company."""

    id: str
    slug: str
    status: str
    allowed_origins: frozenset[str] = frozenset()
    requests_per_minute: int | None = None
    domains: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tenant:
    """The company of a call; ``is_default`` when nobody named it."""

    id: str | None
    is_default: bool = False


NO_TENANT = Tenant(None)


def is_name(text: str) -> bool:
    """Whether this can be a company's id or slug at all."""
    return _NAME.fullmatch(text) is not None


def subdomain_of(host: str, base_domains: Sequence[str]) -> str | None:
    """The company named by ``acme.localhost:8000``; None without a subdomain of one of ours."""
    name = host.partition(":")[0].lower()
    for base in base_domains:
        label = name.removesuffix(f".{base}")
        if label != name:
            return label if label not in NOT_COMPANIES else None
    return None


def own_domain_of(host: str, base_domains: Sequence[str]) -> str | None:
    """The name that a call was sent to, if it can be a company's own domain: none of ours, and no address."""
    name = host.partition(":")[0].lower().removesuffix(".")
    if name in base_domains or name[-1:].isdigit() or _DOMAIN.fullmatch(name) is None:
        return None
    return None if any(name.endswith(f".{base}") for base in base_domains) else name


def parameter_of(query: bytes) -> str | None:
    """The value of ``?tenant_id=``. Raises BadRequest ``tenant_mismatch`` when it stands there twice, differing."""
    if b"tenant_id=" not in query and b"%" not in query:
        return None
    pairs = (part.partition("=") for part in query.decode("latin-1").split("&"))
    values = {unquote_plus(value) for name, _, value in pairs if value and unquote_plus(name) == "tenant_id"}
    if len(values) > 1:
        raise BadRequest("tenant_mismatch", "The call names two companies.")
    return values.pop() if values else None


def agree(companies: Sequence[Company], own_id: str | None, *, is_platform: bool) -> Tenant:
    """The one company that all of these mean.

    Raises BadRequest ``tenant_mismatch``, or Forbidden ``company_suspended`` unless the platform's
    administrator asks.
    """
    ids = {company.id for company in companies} | ({own_id} if own_id else set())
    if len(ids) > 1:
        raise BadRequest("tenant_mismatch", "The call names two companies.")
    if not is_platform and any(company.status != "active" for company in companies):
        raise Forbidden("company_suspended", "This company is suspended.")
    return Tenant(next(iter(ids), None))
