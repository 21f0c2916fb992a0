"""Which limit a call counts against, and who counts together."""

from typing import Literal

from services.gateway.domain.head import SAFE_METHODS

Kind = Literal["sign_in", "write", "read"]

SIGN_IN = frozenset({"/api/auth/login", "/api/auth/register", "/api/auth/refresh", "/api/auth/unlock"})
SIGN_IN_BELOW = ("/api/auth/password/", "/api/auth/email/", "/api/auth/unlock/", "/api/auth/invitations/")
"""Where secrets are tried: counted strictly."""


def kind_of(method: str, path: str) -> Kind:
    """The class that a call counts in."""
    if method in SAFE_METHODS:
        return "read"
    if path.startswith("/api/auth/") and (path in SIGN_IN or path.startswith(SIGN_IN_BELOW)):
        return "sign_in"
    return "write"


def caller_of(kind: Kind, address: str, subject: str | None, role: str | None) -> str:
    """An account or secret key by itself; visitors, with a publishable key or without, and whoever tries to sign
    in, by their address."""
    if subject is None or kind == "sign_in" or role == "publishable_key":
        return f"{kind}:address:{address}"
    return f"{kind}:{subject}"
