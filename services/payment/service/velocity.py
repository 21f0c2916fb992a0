"""Card testing: whoever collects declines is slowed down, and nobody else is.

Counted for every way to a provider: a payment asked for, and one that an order carries with it. As many tries as
would fill the measure may be under way at once, so that a thousand at the same moment find no open door; the others
wait for their turn, and are refused without the provider once the measure is full.
"""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from common import context
from common.clock import Clock
from common.errors import TooManyRequests
from common.identity.principal import Principal
from services.payment.domain.sources import borne, sources_of
from services.payment.store import Declines

TOO_MANY = "too_many_declines"
TURN_SECONDS = 16.0
"""Longer than a provider may take; who has waited so long is let through."""


class Velocity:
    """Counts the declines of buyers: without a name, through a publishable key, signed in."""

    def __init__(self, declines: Declines, clock: Clock) -> None:
        self._declines = declines
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self._ended = asyncio.Condition()

    async def check(self, who: Principal) -> list[str]:
        """The caller's sources. Raises TooManyRequests ``too_many_declines`` when one of them is full."""
        sources, now = callers_sources(who), self._clock.now()
        for source, times in (await self._declines.recent(sources, now)).items():
            if len(times) >= borne(source):
                free = times[-borne(source)] + timedelta(seconds=self._declines.WINDOW_SECONDS) - now
                seconds = max(math.ceil(free.total_seconds()), 1)
                raise TooManyRequests("Too many payments were declined from here.", seconds, TOO_MANY)
        return sources

    @asynccontextmanager
    async def turn(self, sources: Sequence[str]) -> AsyncIterator[bool]:
        """A place among the tries under way; False, and none, when a source is full of declines."""
        is_free = not sources or await self._take(sources)
        try:
            yield is_free
        finally:
            if sources and is_free:
                async with self._ended:
                    self._under_way.subtract(sources)
                    self._under_way += Counter()  # forgets those at zero
                    self._ended.notify_all()

    async def declined(self, sources: Sequence[str], payment_id: str) -> None:
        """Count a decline; the same payment's counts once."""
        for source in sources:
            await self._declines.note(source, payment_id, self._clock.now())

    async def _take(self, sources: Sequence[str]) -> bool:
        end = asyncio.get_running_loop().time() + TURN_SECONDS
        async with self._ended:
            while True:
                declines = await self._declines.recent(sources, self._clock.now())
                if any(len(times) >= borne(source) for source, times in declines.items()):
                    return False
                is_room = all(len(declines[each]) + self._under_way[each] < borne(each) for each in sources)
                if is_room or not await self._an_end(end):
                    self._under_way.update(sources)
                    return True

    async def _an_end(self, end: float) -> bool:
        """Waits until a try has ended; False when the time is over."""
        try:
            async with asyncio.timeout_at(end):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True


def callers_sources(who: Principal) -> list[str]:
    """Where the caller's declines count."""
    kind = "staff" if who.is_staff else "visitor" if who.is_visitor else "customer"
    return sources_of(who.tenant, kind, who.id, context.current().client_ip)
