"""A lane a channel: so many messages at once, a place kept for what is critical, and nothing shared with others."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from services.notification.clients import ChannelPort
from services.notification.domain import Channel, Notification


@dataclass(slots=True)
class Lane:
    """The places of one channel in this process. ``losses``: tries that failed since the last success."""

    channel: Channel
    port: ChannelPort | None
    places: int
    taken: int = 0
    losses: int = 0
    last_error: str | None = None
    handed: deque[Notification] = field(default_factory=deque)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def free(self) -> int:
        """Places that are left."""
        return self.places - self.taken

    def reserve(self, *, critical: bool) -> bool:
        """Take a place; the last one is for critical messages."""
        if self.free <= (0 if critical else 1):
            return False
        self.taken += 1
        return True

    def release(self) -> None:
        """Give a place back; whoever waits looks again."""
        self.taken -= 1
        self.stirred.set()

    def hand(self, notification: Notification) -> None:
        """A message that is stored, locked, and has its place."""
        self.handed.append(notification)
        self.stirred.set()

    def noted(self, error: str | None) -> None:
        """How a try ended, for those who ask after the channel's health."""
        self.losses = 0 if error is None else self.losses + 1
        self.last_error = error

    async def wait(self, seconds: float) -> None:
        """Until something stirs, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                await self.stirred.wait()
        except TimeoutError:
            return
        finally:
            self.stirred.clear()
