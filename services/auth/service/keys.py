"""The key that signs access tokens, and the public set that verifies them (RFC 7517, 8037)."""

import os
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_core import from_json, to_json

from common.clock import Clock
from common.encoding import from_base64url, to_base64url
from common.encryption import Sealer
from common.identity.tokens import AccessClaims, encode
from common.ids import new_id
from services.auth.store import SigningKeys


class Keys:
    """Signs with the newest generation. Private seeds are sealed at rest."""

    def __init__(self, store: SigningKeys, sealer: Sealer, clock: Clock) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._public: list[dict[str, Any]] = []

    async def open(self) -> None:
        """Read the keys; make the first at the first start."""
        generations = await self._store.all()
        if not generations:
            await self._store.keep_first(self._generation())
            generations = await self._store.all()
        newest = generations[0]
        seed = from_base64url(self._sealer.open(newest["sealed"]))
        self._signing = Ed25519PrivateKey.from_private_bytes(seed)
        self._signing_id = str(newest["kid"])
        self._public = [generation["public"] for generation in generations]

    def jwks(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": self._public}

    def jwks_text(self) -> str:
        """The public keys as JSON."""
        return to_json(self.jwks()).decode()

    def sign(self, claims: AccessClaims) -> str:
        """An access token."""
        return encode(claims, self._signing, self._signing_id)

    def _generation(self) -> dict[str, Any]:
        seed = os.urandom(32)
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        key_id = new_id("sig")
        entry = {**from_json(jwt.algorithms.OKPAlgorithm.to_jwk(public)), "kid": key_id, "use": "sig", "alg": "EdDSA"}
        sealed = self._sealer.seal(to_base64url(seed))
        return {"kid": key_id, "sealed": sealed, "public": entry, "createdAt": self._clock.now()}
