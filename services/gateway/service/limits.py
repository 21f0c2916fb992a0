"""Rate limits (GCRA): per account, else per address; sign-in strictly, writes and reads generously."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Literal

from prometheus_client import Counter
from throttled.asyncio.rate_limiter.gcra import GCRARateLimiter as SharedLimiter
from throttled.asyncio.store import RedisStore
from throttled.exceptions import BaseThrottledError
from throttled.rate_limiter import Quota, RateLimitResult, per_duration
from throttled.rate_limiter.gcra import GCRARateLimiter
from throttled.store import MemoryStore

from common.clock import monotonic_seconds
from common.logging import get_logger
from services.gateway.domain.head import SAFE_METHODS
from services.gateway.settings import Settings, parse_limit

log = get_logger(__name__)

REDIS_PAUSE_SECONDS = 5.0
CALLERS_REMEMBERED = 100_000
SIGN_IN = frozenset({"/api/auth/login", "/api/auth/register"})

Kind = Literal["sign_in", "write", "read"]

_open = Counter("markethall_limits_open_total", "Calls limited in memory because Redis did not answer")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a caller; whole seconds, rounded up."""

    limit: int
    remaining: int
    reset_seconds: int
    retry_seconds: int | None

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of every answer, and Retry-After on a refusal."""
        told = [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset_seconds),
        ]
        if self.retry_seconds is not None:
            told.append((b"retry-after", b"%d" % self.retry_seconds))
        return told


def kind_of(method: str, path: str) -> Kind:
    """The class that a call counts in."""
    if method in SAFE_METHODS:
        return "read"
    return "sign_in" if path in SIGN_IN else "write"


class Limits:
    """Counts in memory, or in Redis where several gateways share one; falls back to memory, never to no answer."""

    def __init__(self, settings: Settings) -> None:
        limits: dict[Kind, str] = {
            "sign_in": settings.sign_in_limit,
            "write": settings.write_limit,
            "read": settings.read_limit,
        }
        memory = MemoryStore(options={"MAX_SIZE": CALLERS_REMEMBERED})
        quotas = {kind: _quota(text) for kind, text in limits.items()}
        self._local = {kind: GCRARateLimiter(quota, memory) for kind, quota in quotas.items()}
        self._shared: dict[Kind, SharedLimiter] = {}
        self._ask_again_at = float("-inf")
        if settings.redis_url is not None:
            options = {"SOCKET_TIMEOUT": 0.5, "SOCKET_CONNECT_TIMEOUT": 0.5}
            redis = RedisStore(server=settings.redis_url.get_secret_value(), options=options)
            self._shared = {kind: SharedLimiter(quota, redis) for kind, quota in quotas.items()}

    async def take(self, kind: Kind, caller: str) -> Allowance:
        """Count one call."""
        key = f"{kind}:{caller}"
        result = await self._limit_together(kind, key) if self._shared else None
        if result is None:
            result = self._local[kind].limit(key)
        state = result.state
        retry = max(1, ceil(state.retry_after)) if result.limited else None
        return Allowance(state.limit, state.remaining, ceil(state.reset_after), retry)

    async def _limit_together(self, kind: Kind, key: str) -> RateLimitResult | None:
        """The shared verdict; None while Redis is away, which is asked again after a pause."""
        now = monotonic_seconds()
        if now < self._ask_again_at:
            _open.inc()
            return None
        try:
            return await self._shared[kind].limit(key)
        except (BaseThrottledError, OSError) as error:
            self._ask_again_at = now + REDIS_PAUSE_SECONDS
            _open.inc()
            log.warning("redis_away", error=repr(error))
            return None


def _quota(text: str) -> Quota:
    count, period_seconds, burst = parse_limit(text)
    return per_duration(timedelta(seconds=period_seconds), count, burst)
