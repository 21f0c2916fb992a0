"""The hub: hears the feed once for the process and hands each event to those who listen for it."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from common.events import Envelope, unseal
from common.messaging.feed import FeedBatch
from common.messaging.positions import FeedPositions
from services.realtime.clients import FeedHistory
from services.realtime.domain.channels import channels_of, is_for
from services.realtime.domain.cursors import BEFORE_THE_FIRST, Cursor, Place
from services.realtime.domain.frames import event_frame
from services.realtime.service.listeners import Listener
from services.realtime.service.recent import Recent

REMEMBERED_EVENTS = 20_000
RECENT_BYTES = 32 * 1024 * 1024
RECALLED_MESSAGES = 300
BREATH_EVENTS = 50
REPLAYS_AT_ONCE = 4
"""Each is sent the whole stream from its cursor on; hundreds at once would drown the connection that all share."""


class Hub(FeedPositions):
    """Where the process stands in the feed, held in memory: it begins at the feed's end.

    What two awaits do not separate is one step: a listener that joins at ``place`` misses nothing after it.
    """

    def __init__(self, history: FeedHistory, recent_bytes: int = RECENT_BYTES) -> None:
        self.history = history
        self.recent = Recent(recent_bytes)
        self.replaying = asyncio.Semaphore(REPLAYS_AT_ONCE)
        self._listeners: dict[tuple[str, str], set[Listener]] = defaultdict(set)
        self._first_seen: OrderedDict[str, Cursor] = OrderedDict()
        self._moved = asyncio.Event()
        self.epoch: str | None = None
        self.place = BEFORE_THE_FIRST

    async def load(self, watcher: str, epoch: str) -> int | None:
        """The offset after which the watcher reads on; None to read a still empty feed from its start."""
        if epoch != self.epoch:
            place = await self.history.end(epoch)
            await self._recall(epoch, place)
            self.epoch, self.place = epoch, place
            self._wake()
        return None if self.place == BEFORE_THE_FIRST else self.place.offset

    @property
    def cursor(self) -> str | None:
        """The cursor of the last event heard."""
        return str(Cursor(self.epoch, self.place)) if self.epoch else None

    async def take(self, batch: FeedBatch) -> None:
        """Hand on a batch of the feed, letting the sockets drain in between: a burst alone cuts nobody off."""
        for number, each in enumerate(batch.events, start=1):
            if number % BREATH_EVENTS == 0:
                await asyncio.sleep(0)
            place = Place(each.offset, each.index)
            if place <= self.place:
                continue
            self.place = place
            cursor = Cursor(batch.position.epoch, place)
            if not self.is_repeated(each.event.id, cursor):
                self._remember(each.event.id, cursor)
                self._hand_on(each.event, each.document, cursor)
        self._wake()

    def is_repeated(self, event_id: str, cursor: Cursor) -> bool:
        """Whether this event stood at an earlier place already: a producer that was in doubt sent it again.

        Or in the feed of an earlier epoch: a broker that lost its disk is sent much of the past once more.
        """
        first = self._first_seen.get(event_id)
        return first is not None and first != cursor

    def join(self, listener: Listener, channels: list[str]) -> None:
        """Let a listener hear these channels from now on."""
        for channel in channels:
            self._listeners[listener.company_id, channel].add(listener)
            listener.channels.add(channel)

    def leave(self, listener: Listener, channels: list[str]) -> None:
        """Let a listener no longer hear these channels."""
        for channel in channels:
            listener.channels.discard(channel)
            key = (listener.company_id, channel)
            self._listeners[key].discard(listener)
            if not self._listeners[key]:
                del self._listeners[key]

    async def is_ready(self, deadline_seconds: float) -> bool:
        """Whether this process hears the feed, waiting a moment for it."""
        return await self._comes(lambda: self.epoch is not None, deadline_seconds)

    async def reaches(self, cursor: Cursor, deadline_seconds: float) -> bool:
        """Whether the cursor's place was heard here, waiting a moment: copies of the service differ a little."""
        if not await self.is_ready(deadline_seconds) or cursor.epoch != self.epoch:
            return False
        return await self._comes(lambda: self.place >= cursor.place, deadline_seconds)

    async def _comes(self, holds: Callable[[], bool], deadline_seconds: float) -> bool:
        try:
            async with asyncio.timeout(deadline_seconds):
                while not holds():
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True

    def readable(self, document: Any) -> Envelope[Any] | None:
        """The typed event, or None for what this version cannot read; the live feed skips it, too."""
        try:
            return unseal(document)
        except (ValueError, KeyError, TypeError):
            return None

    def _hand_on(self, event: Envelope[Any], document: dict[str, Any], cursor: Cursor) -> None:
        if event.company_id is None:
            return
        for channel in channels_of(event):
            frame = self._keep(event, channel, document, cursor)
            for listener in self._listeners.get((event.company_id, channel), ()):
                if cursor.place > listener.seen and is_for(listener.shop_ids, channel, event):
                    listener.offer(frame)

    def _keep(self, event: Envelope[Any], channel: str, document: dict[str, Any], cursor: Cursor) -> str:
        frame = event_frame(channel, str(cursor), document)
        self.recent.keep(str(event.company_id), channel, cursor.place, event.shop_id, frame)
        return frame

    async def _recall(self, epoch: str, end: Place) -> None:
        """Know the last events from before this process began: for a producer in doubt that sends them once more,
        and for those who were cut off with the copy that fell."""
        start = max(end.offset - RECALLED_MESSAGES, 0)
        self.recent.clear(end)
        if end == BEFORE_THE_FIRST:
            return
        is_first = True
        async with aclosing(self.history.messages(epoch, start)) as messages:
            async for offset, documents in messages:
                if is_first:
                    self.recent.clear(Place(offset, 0 if offset else -1))
                    is_first = False
                for index, document in enumerate(documents):
                    self._recall_one(document, Cursor(epoch, Place(offset, index)))
                if offset >= end.offset:
                    return

    def _recall_one(self, document: Any, at: Cursor) -> None:
        event = self.readable(document)
        if event is None or event.id in self._first_seen:
            return
        self._remember(event.id, at)
        if event.company_id is not None:
            for channel in channels_of(event):
                self._keep(event, channel, document, at)

    def _remember(self, event_id: str, cursor: Cursor) -> None:
        self._first_seen[event_id] = cursor
        if len(self._first_seen) > REMEMBERED_EVENTS:
            self._first_seen.popitem(last=False)

    def _wake(self) -> None:
        self._moved.set()
