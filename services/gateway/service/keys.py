"""API keys become access tokens: auth exchanges a key, and the gateway remembers the token while it lasts.

A key is remembered by its hash alone. Unknown keys cost auth little: each is remembered as unknown for a moment, one
address may bring only so many new ones, and only so many are asked about at once.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from common.clients import CallRefused, ServiceClients
from common.clock import monotonic_seconds
from common.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from common.events import Envelope
from common.identity.tokens import AccessClaims
from common.logging import get_logger

log = get_logger(__name__)

REMEMBERED = 10_000
ABSENT_SECONDS = 5.0
BEFORE_EXPIRY_SECONDS = 60.0
ASKED_AT_ONCE = 8
WAITING = 64
LONGEST_KEY = 200

Verify = Callable[[str], Awaitable[AccessClaims]]
Guard = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a key stands for."""

    token: str
    claims: AccessClaims


@dataclass(frozen=True, slots=True)
class _Known:
    token: str
    key_id: str
    until: float


class Keys:
    """Exchanges ``X-API-Key`` for a token that services understand."""

    def __init__(self, clients: ServiceClients, verify: Verify) -> None:
        self._clients = clients
        self._verify = verify
        self._known: dict[bytes, _Known] = {}
        self._absent: dict[bytes, float] = {}
        self._asking: dict[bytes, asyncio.Task[Opened | None]] = {}
        self._turns = asyncio.Semaphore(ASKED_AT_ONCE)

    async def open(self, key: str, guard: Guard) -> Opened:
        """The key's token with its claims; ``guard`` is asked before a key that is not known here.

        Raises Unauthenticated ``invalid_api_key``, Forbidden ``company_suspended``, Unavailable, and whatever
        ``guard`` raises.
        """
        if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
            raise _invalid()
        fingerprint = hashlib.sha256(key.encode()).digest()
        opened = await self._remembered(fingerprint)
        if opened is None:
            if self._absent.get(fingerprint, 0.0) > monotonic_seconds():
                raise _invalid()
            await guard()
            opened = await self._ask_once(fingerprint, key)
        if opened is None:
            raise _invalid()
        return opened

    def forget(self, event: Envelope[Any]) -> None:
        """A key was revoked, or got another secret: ask again."""
        key_id = getattr(event.data, "key_id", None)
        if key_id is not None:
            for fingerprint in [each for each, known in self._known.items() if known.key_id == key_id]:
                del self._known[fingerprint]

    async def _remembered(self, fingerprint: bytes) -> Opened | None:
        known = self._known.get(fingerprint)
        if known is None:
            return None
        try:
            if known.until > monotonic_seconds():
                return Opened(known.token, await self._verify(known.token))
        except Unauthenticated as error:
            log.info("key_asked_again", key=known.key_id, reason=error.code)  # what it is worth now, auth knows
        self._known.pop(fingerprint, None)
        return None

    async def _ask_once(self, fingerprint: bytes, key: str) -> Opened | None:
        """Ask; calls with the same key that arrive meanwhile wait for the same answer."""
        task = self._asking.get(fingerprint)
        if task is None:
            if len(self._asking) >= WAITING:
                raise Unavailable("Too many new API keys at once; try again.")
            task = self._asking[fingerprint] = asyncio.create_task(self._ask(fingerprint, key))
            task.add_done_callback(lambda _: self._asking.pop(fingerprint, None))
        return await asyncio.shield(task)

    async def _ask(self, fingerprint: bytes, key: str) -> Opened | None:
        async with self._turns:
            told = await self._exchange(key)
        if told is None:
            _put(self._absent, fingerprint, monotonic_seconds() + ABSENT_SECONDS)
            return None
        token, seconds = str(told["accessToken"]), float(told["expiresIn"])
        try:
            claims = await self._verify(token)
        except Unauthenticated:
            return None
        lasts = seconds - BEFORE_EXPIRY_SECONDS if seconds > 2 * BEFORE_EXPIRY_SECONDS else seconds / 2
        _put(self._known, fingerprint, _Known(token, claims.subject, monotonic_seconds() + lasts))
        return Opened(token, claims)

    async def _exchange(self, key: str) -> dict[str, Any] | None:
        try:
            told: dict[str, Any] = await self._clients.post("auth", "/internal/keys/exchange", {"key": key})
        except NotFound:
            return None
        except CallRefused as error:
            if error.status == 403:
                raise Forbidden("company_suspended", "This company is suspended.") from error
            raise Unavailable("The auth service refused the question.") from error
        return told


def _put(memory: dict[bytes, Any], fingerprint: bytes, value: Any) -> None:
    """Remember, and forget the oldest beyond the bound."""
    if len(memory) >= REMEMBERED and fingerprint not in memory:
        del memory[next(iter(memory))]
    memory[fingerprint] = value


def _invalid() -> Unauthenticated:
    return Unauthenticated("invalid_api_key", "The API key is not valid.")
