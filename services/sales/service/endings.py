"""Waiting for an order to end: woken in this process, and by a look at the document for other copies' work."""

import asyncio
from collections.abc import Awaitable, Callable

from common.clock import monotonic_seconds

LOOK_SECONDS = 0.4
LONGEST_WAIT_SECONDS = 10


class Endings:
    """Who waits for which order."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def announce(self, order_id: str) -> None:
        """An order was changed here; whoever waits looks at it."""
        for waiter in self._waiting.get(order_id, ()):
            waiter.set()

    async def wait(self, order_id: str, seconds: int, has_ended: Callable[[], Awaitable[bool]]) -> None:
        """Return when ``has_ended`` says so, or after ``seconds``, at most ten."""
        until = monotonic_seconds() + min(seconds, LONGEST_WAIT_SECONDS)
        waiter = asyncio.Event()
        self._waiting.setdefault(order_id, set()).add(waiter)
        try:
            while not await has_ended() and (left := until - monotonic_seconds()) > 0:
                await _pause(waiter, min(left, LOOK_SECONDS))
                waiter.clear()
        finally:
            waiters = self._waiting[order_id]
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[order_id]


async def _pause(waiter: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await waiter.wait()
    except TimeoutError:
        return
