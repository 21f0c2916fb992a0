"""The route table: which service answers which address. What is not named here is 404."""

ROUTES: dict[str, str] = {
    "/.well-known": "auth",
    "/api/auth": "auth",
    "/api/users": "auth",
    "/api/keys": "auth",
    "/api/roles": "auth",
    "/api/companies": "company",
    "/api/shops": "shop",
    "/api/storefront": "shop",
    "/api/products": "catalog",
    "/api/categories": "catalog",
    "/api/collections": "catalog",
    "/api/cart": "catalog",
    "/api/orders": "sales",
    "/api/pos": "sales",
    "/api/customers": "sales",
    "/api/payments": "payment",
    "/api/inventory": "inventory",
    "/api/notifications": "notification",
    "/api/realtime": "realtime",
    "/api/audit": "audit",
    "/api/analytics": "analytics",
    "/api/debts": "debt",
    "/ws": "realtime",
}

OWN = frozenset({"/health", "/health/live", "/health/ready", "/docs", "/openapi.json", "/asyncapi.json"})
"""What the gateway answers itself."""

SOCKETS = frozenset({"/ws"})
"""Where a WebSocket may be opened."""

WITHOUT_TOKEN = frozenset(
    {
        "/api/auth/login",
        "/api/auth/register",
        "/api/auth/refresh",
        "/api/auth/password/forgot",
        "/api/auth/password/reset",
        "/api/auth/unlock",
        "/api/auth/email/verify",
    }
)
"""Where a token says nothing: an expired one that a client still sends must not keep it from signing in."""


def service_for(path: str) -> str | None:
    """The service behind a decoded path, by its first segment, or its first two below ``/api``."""
    end = path.find("/", 5 if path.startswith("/api/") else 1)
    return ROUTES.get(path if end < 0 else path[:end])


def is_safe(path: str, raw: bytes) -> bool:
    """Whether no decoding of the path climbs out of its prefix or hides a separator."""
    if "." not in path and b"%" not in raw and "\\" not in path and "//" not in path:
        return True
    segments = path.replace("\\", "/").split("/")
    if any(segment in (".", "..") for segment in segments) or "\x00" in path or "//" in path:
        return False
    lowered = raw.lower()
    return not any(hidden in lowered for hidden in (b"%2f", b"%5c", b"%00", b"%2e%2e", b"%25"))


def without_slash(path: str, raw: bytes) -> tuple[str, bytes]:
    """Both forms of a path without the optional trailing slash."""
    if len(path) > 1 and path.endswith("/"):
        return path.rstrip("/") or "/", raw.rstrip(b"/") or b"/"
    return path, raw
