"""Short-lived tokens between services, signed by the caller's own Ed25519 key; ``aud`` is the callee.

The gateway's context token is one of them: it names the tenant of a forwarded call, and its presence
shows a service that the call came through the gateway.
"""

import time
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.encoding import from_base64url, to_base64url
from common.errors import Unauthenticated
from common.settings import ServiceSettings

TYPE = "svc+jwt"
LIFETIME_SECONDS = 300
LEEWAY_SECONDS = 30
CACHE_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class ServiceClaims:
    """A verified service token: who calls, and for which tenant, if any."""

    service: str
    tenant_id: str | None
    expires_at: int


def public_key_of(seed: bytes) -> str:
    """The base64url public key that belongs to a 32-byte private seed."""
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    return to_base64url(key.public_bytes(Encoding.Raw, PublicFormat.Raw))


class ServiceSigner:
    """Makes tokens for calls to other services; one a callee and tenant is kept until it is half spent."""

    def __init__(self, settings: ServiceSettings) -> None:
        assert settings.service_key is not None
        seed = from_base64url(settings.service_key.get_secret_value())
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._service = settings.service
        self._made: dict[tuple[str, str | None], tuple[str, int]] = {}

    def token_for(self, callee: str, tenant_id: str | None = None) -> str:
        """A token that ``callee`` accepts from this service for the next minutes."""
        now = int(time.time())
        made = self._made.get((callee, tenant_id))
        if made is not None and made[1] - now > LIFETIME_SECONDS // 2:
            return made[0]
        expires = now + LIFETIME_SECONDS
        claims: dict[str, Any] = {"iss": f"service:{self._service}", "aud": callee, "iat": now, "exp": expires}
        if tenant_id is not None:
            claims["cid"] = tenant_id
        token = jwt.encode(claims, self._key, "EdDSA", headers={"typ": TYPE, "kid": self._service})
        if len(self._made) >= CACHE_LIMIT:
            self._made.clear()
        self._made[callee, tenant_id] = (token, expires)
        return token


class ServiceVerifier:
    """Checks tokens addressed to this service against the public keys it was started with."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._audience = settings.service
        self._keys = {
            name: Ed25519PublicKey.from_public_bytes(from_base64url(key))
            for name, key in settings.service_public_keys.items()
        }
        self._verified: dict[str, ServiceClaims] = {}

    def verify(self, token: str) -> ServiceClaims:
        """The claims. Raises Unauthenticated for anything that is not a fresh token of a known service to us."""
        known = self._verified.get(token)
        if known is not None and known.expires_at + LEEWAY_SECONDS > time.time():
            return known
        claims = self._decode(token)
        if len(self._verified) >= CACHE_LIMIT:
            self._verified.clear()
        self._verified[token] = claims
        return claims

    def _decode(self, token: str) -> ServiceClaims:
        try:
            header = jwt.get_unverified_header(token)
            service = str(header.get("kid"))
            if header.get("typ") != TYPE or service not in self._keys:
                raise jwt.InvalidTokenError("not a service token")
            claims = jwt.decode(
                token,
                self._keys[service],
                algorithms=["EdDSA"],
                audience=self._audience,
                issuer=f"service:{service}",
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
        except jwt.InvalidTokenError as error:
            raise Unauthenticated("invalid_service_token", "This call did not come from a service.") from error
        return ServiceClaims(service, claims.get("cid"), int(claims["exp"]))
