"""One after another inside this process, where many want the same order's money at once.

Not what keeps the sums right: that is the version of the stored document, which other copies of the service meet
as well. Only that fifty at once do not make one another try again and again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A queue a name, for as long as somebody stands in it."""

    def __init__(self) -> None:
        self._queues: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Waits for its turn. Must not be entered anew by whoever is inside."""
        lock, waiting = self._queues.get(name, (asyncio.Lock(), 0))
        self._queues[name] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._queues[name]
            if waiting == 1:
                del self._queues[name]
            else:
                self._queues[name] = (lock, waiting - 1)
