"""Rate limits (GCRA): counted in memory, or in Redis where several gateways share one.

While Redis is away each gateway counts alone in its own memory, so a caller gets at most its allowance a gateway: the
door stays open. The gauge ``markethall_limits_shared`` is 0 meanwhile; Redis is asked again after a pause, which
doubles each time that it has not answered.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from math import ceil

from prometheus_client import Counter, Gauge
from throttled.asyncio.rate_limiter.gcra import GCRARateLimiter as SharedLimiter
from throttled.asyncio.store import RedisStore
from throttled.exceptions import BaseThrottledError
from throttled.rate_limiter import Quota, RateLimitResult, per_duration
from throttled.rate_limiter.gcra import GCRARateLimiter
from throttled.store import MemoryStore

from common.clock import monotonic_seconds
from common.logging import get_logger
from services.gateway.settings import Settings, parse_limit

log = get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.25
"""One answer that came late is soon forgotten: a caller gets more than its allowance while gateways count alone."""

LONGEST_PAUSE_SECONDS = 4.0
REDIS_ANSWER_SECONDS = 0.25
CALLERS_REMEMBERED = 100_000

_open = Counter("markethall_limits_open_total", "Calls counted in memory because Redis did not answer")
_shared = Gauge("markethall_limits_shared", "1 while all gateways count together, 0 while this one counts alone")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a caller; whole seconds, rounded up."""

    limit: int
    remaining: int
    reset_seconds: int
    retry_seconds: int | None

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of every answer; a refusal also says Retry-After."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset_seconds),
        ]


@lru_cache(maxsize=1024)
def _quota(text: str) -> Quota:
    count, period_seconds, burst = parse_limit(text)
    return per_duration(timedelta(seconds=period_seconds), count, burst)


class Limits:
    """Counts calls against limits, which are written as the settings write them."""

    def __init__(self, settings: Settings) -> None:
        self._memory = MemoryStore(options={"MAX_SIZE": CALLERS_REMEMBERED})
        self._local: dict[str, GCRARateLimiter] = {}
        self._together: dict[str, SharedLimiter] = {}
        self._ask_again_at = float("-inf")
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._redis: RedisStore | None = None
        if settings.redis_url is not None:
            options = {"SOCKET_TIMEOUT": REDIS_ANSWER_SECONDS, "SOCKET_CONNECT_TIMEOUT": REDIS_ANSWER_SECONDS}
            self._redis = RedisStore(server=settings.redis_url.get_secret_value(), options=options)
            _shared.set(1)

    async def take(self, limit: str, caller: str) -> Allowance:
        """Count one call of ``caller`` against ``limit``; a refused one does not count."""
        result = await self._limit_together(self._redis, limit, caller) if self._redis is not None else None
        if result is None:
            limiter = self._local.get(limit)
            if limiter is None:
                limiter = self._local[limit] = GCRARateLimiter(_quota(limit), self._memory)
            result = limiter.limit(caller)
        state = result.state
        retry = max(1, ceil(state.retry_after)) if result.limited else None
        return Allowance(state.limit, state.remaining, ceil(state.reset_after), retry)

    async def _limit_together(self, redis: RedisStore, limit: str, caller: str) -> RateLimitResult | None:
        """The shared verdict; None while Redis is away, which is asked again after a pause."""
        now = monotonic_seconds()
        if now < self._ask_again_at:
            _open.inc()
            return None
        limiter = self._together.get(limit)
        if limiter is None:
            limiter = self._together[limit] = SharedLimiter(_quota(limit), redis)
        try:
            result = await limiter.limit(caller)
        except (BaseThrottledError, OSError) as error:
            self._stay_away(now, error)
            return None
        self._pause_seconds = FIRST_PAUSE_SECONDS
        _shared.set(1)
        return result

    def _stay_away(self, asked_at: float, error: Exception) -> None:
        """Redis did not answer. Calls under way hear so together, which makes the pause longer but once."""
        _open.inc()
        if asked_at < self._ask_again_at:
            return
        log.warning("redis_away", error=repr(error), pause_seconds=self._pause_seconds)
        _shared.set(0)
        self._ask_again_at = monotonic_seconds() + self._pause_seconds
        self._pause_seconds = min(LONGEST_PAUSE_SECONDS, self._pause_seconds * 2)
