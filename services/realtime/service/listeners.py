"""One socket's side: who it is, what it hears, and the bounded queue in front of it."""

import asyncio
from collections import deque
from dataclasses import dataclass

from common.identity.principal import Principal
from services.realtime.domain.cursors import BEFORE_THE_FIRST
from services.realtime.domain.frames import SLOW


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a ticket was made for, and when (seconds since 1970): a later revocation ends the socket."""

    principal: Principal
    issued_at: int


class Listener:
    """A connected client. Frames wait in a queue bounded by number and size; one whose queue is full is cut off."""

    def __init__(self, holder: Holder, queue_frames: int, queue_bytes: int) -> None:
        self.holder = holder
        self.company_id = holder.principal.tenant
        self.shop_ids = frozenset(holder.principal.shop_ids) if holder.principal.is_limited_to_shops else None
        self.channels: set[str] = set()
        self.seen = BEFORE_THE_FIRST
        self.ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._frames: deque[str] = deque()
        self._limit = queue_frames
        self._room = queue_bytes
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()

    def end(self, code: int) -> None:
        """Close the socket with this code; the first one counts."""
        if not self.ending.done():
            self.ending.set_result(code)

    def offer(self, frame: str) -> None:
        """Queue a frame, or cut the client off when its queue is full."""
        if self._is_full:
            self.end(SLOW)
            return
        self._add(frame)

    async def put(self, frame: str) -> None:
        """Queue a frame, waiting for room: for what is read from the past at the client's own speed."""
        while self._is_full:
            self._drained.clear()
            await self._drained.wait()
        self._add(frame)

    async def next(self) -> str:
        """The next frame to send."""
        while not self._frames:
            self._filled.clear()
            await self._filled.wait()
        frame = self._frames.popleft()
        self._room += len(frame)
        self._drained.set()
        return frame

    @property
    def _is_full(self) -> bool:
        """A single frame always fits, however large."""
        return len(self._frames) >= self._limit or self._room <= 0

    def _add(self, frame: str) -> None:
        self._frames.append(frame)
        self._room -= len(frame)
        self._filled.set()
