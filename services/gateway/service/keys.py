"""API keys become access tokens: auth exchanges a key, and the gateway remembers the token for a while."""

import hashlib
from dataclasses import dataclass

from common.clients import CallRefused, ServiceClients
from common.clock import monotonic_seconds
from common.errors import NotFound, Unauthenticated, Unavailable

REMEMBERED = 4096
FRESH_SECONDS = 60.0
ABSENT_SECONDS = 5.0
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class _Known:
    token: str | None
    until: float


class Keys:
    """Exchanges ``X-API-Key`` for a token that services understand. Keys are remembered by hash alone."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients
        self._known: dict[bytes, _Known] = {}

    async def token_for(self, key: str) -> str:
        """The access token. Raises Unauthenticated ``invalid_api_key`` or Unavailable."""
        if len(key) > LONGEST_KEY:
            raise _invalid()
        fingerprint = hashlib.sha256(key.encode()).digest()
        known = self._known.get(fingerprint)
        if known is None or known.until < monotonic_seconds():
            known = await self._exchange(key)
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[fingerprint] = known
        if known.token is None:
            raise _invalid()
        return known.token

    async def _exchange(self, key: str) -> _Known:
        try:
            told = await self._clients.post("auth", "/internal/keys/exchange", {"key": key})
        except NotFound:
            return _Known(None, monotonic_seconds() + ABSENT_SECONDS)
        except CallRefused as error:
            raise Unavailable("The auth service refused the question.") from error
        return _Known(told["accessToken"], monotonic_seconds() + FRESH_SECONDS)


def _invalid() -> Unauthenticated:
    return Unauthenticated("invalid_api_key", "The API key is not valid.")
