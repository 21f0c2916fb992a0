"""Access tokens: EdDSA JWTs (RFC 9068 shape) made by auth, verified by gateway and service alike."""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common.errors import Unauthenticated
from common.identity.jwks import KeySet
from common.identity.revocation import Revocations

ISSUER = "markethall"
AUDIENCE = "markethall"
TYPE = "at+jwt"
LIFETIME_SECONDS = 900
LEEWAY_SECONDS = 30
CACHE_LIMIT = 20_000
LONGEST_TOKEN = 4096


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says. ``permissions`` only for custom roles and keys."""

    subject: str
    session_id: str
    role: str
    company_id: str | None
    shop_ids: tuple[str, ...]
    customer_id: str | None
    email: str | None
    permissions: tuple[str, ...] | None
    issued_at: int
    expires_at: int
    kind: str = "user"


def encode(claims: AccessClaims, key: Ed25519PrivateKey, key_id: str) -> str:
    """Sign an access token."""
    payload: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": claims.subject,
        "sid": claims.session_id,
        "role": claims.role,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
    }
    optional = {
        "cid": claims.company_id,
        "shops": list(claims.shop_ids) or None,
        "cus": claims.customer_id,
        "email": claims.email,
        "prm": list(claims.permissions) if claims.permissions is not None else None,
        "knd": claims.kind if claims.kind != "user" else None,
    }
    payload.update({name: value for name, value in optional.items() if value is not None})
    return jwt.encode(payload, key, "EdDSA", headers={"typ": TYPE, "kid": key_id})


class TokenVerifier:
    """Verifies access tokens; a verified one is remembered until it expires, a revoked one is refused."""

    def __init__(self, keys: KeySet, revocations: Revocations) -> None:
        self._keys = keys
        self._revocations = revocations
        self._verified: dict[bytes, AccessClaims] = {}

    async def verify(self, token: str) -> AccessClaims:
        """The claims. Raises Unauthenticated ``invalid_token``, ``token_expired`` or ``token_revoked``."""
        if len(token) > LONGEST_TOKEN:
            raise _invalid()
        fingerprint = hashlib.blake2b(token.encode(), digest_size=16).digest()
        claims = self._verified.get(fingerprint)
        if claims is None:
            claims = await self._decode(token)
            if len(self._verified) >= CACHE_LIMIT:
                self._verified.clear()
            self._verified[fingerprint] = claims
        if claims.expires_at + LEEWAY_SECONDS <= time.time():
            raise Unauthenticated("token_expired", "The access token has expired; refresh it.")
        if self._revocations.is_revoked(claims.subject, claims.session_id, claims.company_id, claims.issued_at):
            raise Unauthenticated("token_revoked", "The access token was revoked; sign in again.")
        return claims

    async def _decode(self, token: str) -> AccessClaims:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != TYPE or header.get("alg") != "EdDSA" or not isinstance(header.get("kid"), str):
                raise jwt.InvalidTokenError("not an access token")
            key = await self._keys.find(header["kid"])
            if key is None:
                raise jwt.InvalidTokenError("unknown key")
            payload = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss", "sub", "sid", "role"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("token_expired", "The access token has expired; refresh it.") from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise _invalid() from error
        return _claims(payload)


def _claims(payload: dict[str, Any]) -> AccessClaims:
    permissions = payload.get("prm")
    return AccessClaims(
        subject=str(payload["sub"]),
        session_id=str(payload["sid"]),
        role=str(payload["role"]),
        company_id=payload.get("cid"),
        shop_ids=tuple(payload.get("shops", ())),
        customer_id=payload.get("cus"),
        email=payload.get("email"),
        permissions=tuple(permissions) if permissions is not None else None,
        issued_at=int(payload["iat"]),
        expires_at=int(payload["exp"]),
        kind=str(payload.get("knd", "user")),
    )


def _invalid() -> Unauthenticated:
    return Unauthenticated("invalid_token", "The access token is not valid.")
