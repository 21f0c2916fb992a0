"""The public keys of auth (RFC 7517), fetched off the request path and never because a stranger says so."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic_core import from_json

from common.clients import CallRefused
from common.errors import DomainError, Unavailable
from common.logging import get_logger

log = get_logger(__name__)

REFRESH_SECONDS = 300
UNKNOWN_KEY_PAUSE_SECONDS = 5

Fetch = Callable[[], Awaitable[dict[str, Any]]]


class KeySet:
    """Verification keys by id. An unknown id causes at most one fetch in five seconds, whoever asks.

    Whoever asks while that fetch runs waits for it: a process that has just started refuses nobody
    because its first keys are still on their way.
    """

    def __init__(self, fetch: Fetch | None, pinned: str | None = None) -> None:
        self._fetch = fetch
        self._keys: dict[str, Ed25519PublicKey] = _read(from_json(pinned)) if pinned else {}
        self._fetched_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    def trust(self, document: dict[str, Any]) -> None:
        """Add keys that this process knows by itself: auth needs not ask itself."""
        self._keys = {**self._keys, **_read(document)}

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The key, or None. Raises Unavailable when no key has ever been obtained."""
        is_unknown = key_id not in self._keys
        age = time.monotonic() - self._fetched_at
        if self._fetching is None and age > (UNKNOWN_KEY_PAUSE_SECONDS if is_unknown else REFRESH_SECONDS):
            self._fetching = asyncio.create_task(self._refresh())
        if is_unknown and self._fetching is not None:
            await asyncio.shield(self._fetching)
        if not self._keys and self._fetch is not None:
            raise Unavailable("The signing keys cannot be had right now.")
        return self._keys.get(key_id)

    async def _refresh(self) -> None:
        try:
            if self._fetch is not None:
                self._keys = _read(await self._fetch())
        except (OSError, ValueError, KeyError, DomainError, CallRefused) as error:
            log.warning("jwks_unreachable", error=repr(error))
        finally:
            self._fetching = None
            if self._keys:  # without any key the next one who asks tries again
                self._fetched_at = time.monotonic()


def _read(document: dict[str, Any]) -> dict[str, Ed25519PublicKey]:
    keys: dict[str, Ed25519PublicKey] = {}
    for entry in document["keys"]:
        key = jwt.PyJWK(entry, algorithm="EdDSA").key
        if isinstance(key, Ed25519PublicKey):
            keys[str(entry["kid"])] = key
    return keys
