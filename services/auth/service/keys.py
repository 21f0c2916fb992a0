"""The keys that sign access tokens, and the public set that verifies them (RFC 7517, 8037)."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic_core import from_json, to_json

from common.clock import Clock
from common.encoding import from_base64url, to_base64url
from common.encryption import Sealer
from common.events.identity import SigningKeyRotated
from common.identity.tokens import LEEWAY_SECONDS, LIFETIME_SECONDS, AccessClaims, encode
from common.ids import new_id
from common.outbox import Outbox
from services.auth.store import SigningKeys

LATE_SECONDS = 120
"""How long another copy may go on with an old key because it could not look."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When keys follow one another. The lead is longer than any copy or verifier goes without looking."""

    lead: timedelta
    longest: timedelta
    poll_seconds: float


@dataclass(frozen=True, slots=True)
class Generation:
    """One key. It is published from its making on, and signs from ``signs_from`` until the next one does."""

    number: int
    key_id: str
    private: Ed25519PrivateKey
    public: dict[str, Any]
    created_at: datetime
    signs_from: datetime


class Keys:
    """Signs with the newest generation whose time has come. Private seeds are sealed at rest.

    An old key is published until the last token that it signed has expired.
    """

    def __init__(
        self,
        store: SigningKeys,
        sealer: Sealer,
        outbox: Outbox,
        clock: Clock,
        timing: Timing,
        trust: Callable[[dict[str, Any]], None],
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._outbox = outbox
        self._clock = clock
        self._timing = timing
        self._trust = trust
        self._generations: list[Generation] = []

    async def open(self) -> None:
        """Read the keys; make the first at the first start."""
        await self._read()
        if not self._generations:
            await self._store.keep(1, self._made(new_id("sig"), self._clock.now()), [])
            await self._read()

    async def follow(self) -> None:
        """See what other copies made, let old keys go, and make the next in time; for ever."""
        while True:
            await asyncio.sleep(self._timing.poll_seconds)
            await self._read()
            if self._generations[0].created_at + self._timing.longest <= self._clock.now():
                await self.rotate()
            await self._store.forget(self._generations[-1].number)

    async def rotate(self) -> Generation:
        """Make the next key, or tell which one is next where another call has made it already."""
        await self._read()
        newest, now = self._generations[0], self._clock.now()
        if newest.signs_from > now:
            return newest
        key_id, signs_from = new_id("sig"), now + self._timing.lead
        fact = SigningKeyRotated(key_id=key_id, signs_from=signs_from)
        events = self._outbox.seal([fact], company_id=None, sequence=newest.number)
        await self._store.keep(newest.number + 1, self._made(key_id, signs_from), events)
        await self._read()
        return self._generations[0]

    def jwks(self) -> dict[str, Any]:
        """The public keys."""
        return {"keys": [generation.public for generation in self._generations]}

    def jwks_text(self) -> str:
        """The public keys as JSON."""
        return to_json(self.jwks()).decode()

    def sign(self, claims: AccessClaims) -> str:
        """An access token."""
        now = self._clock.now()
        due = (one for one in self._generations if one.signs_from <= now)
        signing = next(due, self._generations[-1])
        return encode(claims, signing.private, signing.key_id)

    async def _read(self) -> None:
        known = {generation.number: generation for generation in self._generations}
        stored = [known.get(document["_id"]) or self._opened(document) for document in await self._store.all()]
        outlived = self._clock.now() - timedelta(seconds=LIFETIME_SECONDS + LEEWAY_SECONDS + LATE_SECONDS)
        replaced = [number for number, one in enumerate(stored) if one.signs_from <= outlived]
        self._generations = stored[: replaced[0] + 1] if replaced else stored
        self._trust(self.jwks())

    def _opened(self, document: dict[str, Any]) -> Generation:
        seed = from_base64url(self._sealer.open(document["sealed"]))
        return Generation(
            number=document["_id"],
            key_id=str(document["kid"]),
            private=Ed25519PrivateKey.from_private_bytes(seed),
            public=document["public"],
            created_at=document["createdAt"],
            signs_from=document.get("signsFrom", document["createdAt"]),
        )

    def _made(self, key_id: str, signs_from: datetime) -> dict[str, Any]:
        seed = os.urandom(32)
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        entry = {**from_json(jwt.algorithms.OKPAlgorithm.to_jwk(public)), "kid": key_id, "use": "sig", "alg": "EdDSA"}
        return {
            "kid": key_id,
            "sealed": self._sealer.seal(to_base64url(seed)),
            "public": entry,
            "createdAt": self._clock.now(),
            "signsFrom": signs_from,
        }
