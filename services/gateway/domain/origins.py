"""Cross-origin calls (the Fetch standard's CORS protocol): what a page of another origin may send and read."""

from collections.abc import Collection, Sequence

METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
HEADERS = (
    b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, Traceparent, X-API-Key, "
    b"X-Cart-Token, X-Order-Token, X-Request-ID, X-Tenant-ID"
)
EXPOSED = (
    b"Allow, ETag, Idempotent-Replayed, Link, Location, Preference-Applied, RateLimit-Limit, RateLimit-Remaining, "
    b"RateLimit-Reset, Retry-After, WWW-Authenticate, X-Cart-Token, X-Request-ID"
)
PREFLIGHT_SECONDS = b"600"

Pairs = list[tuple[bytes, bytes]]


def is_own(origin: str, host: str, base_domains: Sequence[str], *, any_port: bool) -> bool:
    """Whether a page comes from this very host, from one of our domains, or from a subdomain of one."""
    scheme, _, authority = origin.partition("://")
    if scheme not in ("http", "https") or not authority:
        return False
    if authority == host:
        return True
    name, port = _split(authority)
    if not any_port and port != _split(host)[1]:
        return False
    return any(name == base or name.endswith(f".{base}") for base in base_domains)


def is_at_home(origin: str, domains: Collection[str], *, any_port: bool) -> bool:
    """Whether a page comes from one of a company's own domains: over HTTPS, where it is not a development machine."""
    if not domains:
        return False
    scheme, _, authority = origin.partition("://")
    name, port = _split(authority)
    return name in domains and ((scheme == "https" and not port) or (any_port and scheme in ("http", "https")))


def _split(authority: str) -> tuple[str, str]:
    name, _, port = authority.lower().partition(":")
    return name, port


def answer_headers(origin: str) -> Pairs:
    """What lets a page of this origin read the answer; credentials only because the origin is named."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", EXPOSED),
    ]


def preflight_headers(origin: str) -> Pairs:
    """What lets a page of this origin send the call at all."""
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", HEADERS),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
    ]
