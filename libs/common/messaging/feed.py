"""Watchers of the feed: the stream of every event, read in order, in batches, from a stored offset."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType
from pydantic_core import from_json, to_json

from common.events import Envelope, unseal
from common.lease import Lease, NotHolder
from common.logging import get_logger
from common.messaging.connection import BrokerConnection, keep_running
from common.messaging.positions import FeedPosition, FeedPositions, Fenced
from common.messaging.publisher import Publisher
from common.messaging.topology import DEAD, FEED_PREFIX, read_epoch

log = get_logger(__name__)

PREFETCH = 500
BATCH_MESSAGES = 200
BATCH_TRIES = 5
LINGER_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event of the feed. ``document`` is the CloudEvent as published; ``event`` its typed form."""

    offset: int
    index: int
    document: dict[str, Any]
    event: Envelope[Any]


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Events in the feed's order, and the position to store with what is made of them."""

    events: list[FeedEvent]
    position: FeedPosition
    fence: int


Take = Callable[[FeedBatch], Awaitable[None]]


class FeedWatcher:
    """Reads the feed from where ``watcher`` stands and hands batches to ``take``.

    ``take`` must store ``batch.position`` in the same commit as its effects (``FeedPositions.advance``),
    and key every effect by event id: an event that was sent twice has two offsets. With a ``lease`` only
    one copy of the service reads at a time. ``start`` "next" with no ``positions``: from now on, nothing
    stored, for copies held in memory.
    """

    def __init__(
        self,
        watcher: str,
        service: str,
        connection: BrokerConnection,
        publisher: Publisher,
        take: Take,
        *,
        positions: FeedPositions | None = None,
        lease: Lease | None = None,
        start: Literal["first", "next"] = "first",
    ) -> None:
        self._watcher = watcher
        self._service = service
        self._connection = connection
        self._publisher = publisher
        self._take = take
        self._positions = positions
        self._lease = lease
        self._start = start
        self._seen: FeedPosition | None = None
        self.is_watching = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled, across falls of the broker and changes of the holder."""
        await keep_running(f"feed {self._watcher}", self._watch)

    async def _watch(self) -> None:
        if self._lease is None:
            await self._follow(0)
            return
        try:
            async with self._lease.held() as fence:
                await self._follow(fence)
        except (NotHolder, Fenced) as error:
            log.info("lease_elsewhere", watcher=self._watcher, reason=repr(error))

    async def _follow(self, fence: int) -> None:
        channel = await self._connection.channel(confirms=False)
        try:
            epoch = await read_epoch(channel, wait_seconds=5)
            if epoch is None:
                raise ConnectionError("the feed has no epoch yet")
            await channel.set_qos(prefetch_count=PREFETCH)
            last = await self._last_offset(epoch)
            messages: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
            await self._attach(channel, epoch, last, messages)
            self.is_watching.set()
            while not channel.is_closed:
                await self._next_batch(messages, epoch, last, fence)
        finally:
            self.is_watching.clear()
            await channel.close()

    async def _last_offset(self, epoch: str) -> int | None:
        if self._positions is not None:
            return await self._positions.load(self._watcher, epoch)
        return self._seen.offset if self._seen and self._seen.epoch == epoch else None

    async def _attach(
        self,
        channel: AbstractChannel,
        epoch: str,
        last: int | None,
        messages: asyncio.Queue[AbstractIncomingMessage],
    ) -> None:
        """Start at the last message taken, not behind it: beyond the end a stream stays silent for ever."""
        queue = await channel.get_queue(FEED_PREFIX + epoch, ensure=False)
        offset = self._start if last is None else last
        await queue.consume(messages.put, arguments={"x-stream-offset": offset})

    async def _next_batch(
        self, messages: asyncio.Queue[AbstractIncomingMessage], epoch: str, last: int | None, fence: int
    ) -> None:
        gathered: list[AbstractIncomingMessage] = []
        try:
            async with asyncio.timeout(1.0):
                gathered.append(await messages.get())
        except TimeoutError:
            return
        await asyncio.sleep(LINGER_SECONDS)
        while not messages.empty() and len(gathered) < BATCH_MESSAGES:
            gathered.append(messages.get_nowait())
        events = await self._read(gathered, last)
        position = FeedPosition(epoch, _offset(gathered[-1]))
        if events:
            await self._take_with_patience(FeedBatch(events, position, fence))
        self._seen = position
        await gathered[-1].ack(multiple=True)

    async def _read(self, gathered: list[AbstractIncomingMessage], last: int | None) -> list[FeedEvent]:
        events: list[FeedEvent] = []
        for message in gathered:
            offset = _offset(message)
            if last is not None and offset <= last:
                continue
            try:
                for index, document in enumerate(from_json(message.body)):
                    events.append(FeedEvent(offset, index, document, unseal(document)))
            except (ValueError, KeyError, TypeError) as error:
                await self._bury(message.body, repr(error))
        return events

    async def _take_with_patience(self, batch: FeedBatch) -> None:
        """Take the batch; one that keeps failing is taken event by event, and what fails then is buried."""
        for attempt in range(1, BATCH_TRIES + 1):
            try:
                return await self._take(batch)
            except (Fenced, NotHolder):
                raise
            except Exception as error:
                log.warning("feed_batch_failed", watcher=self._watcher, attempt=attempt, exc_info=error)
                await asyncio.sleep(0.2 * 2**attempt)
        for event in batch.events:
            try:
                await self._take(FeedBatch([event], batch.position, batch.fence))
            except (Fenced, NotHolder):
                raise
            except Exception as error:  # noqa: BLE001 - the poison is named and set aside
                await self._bury(to_json([event.document]), repr(error))
        return None

    async def _bury(self, body: bytes, reason: str) -> None:
        log.error("feed_event_dead", watcher=self._watcher, reason=reason[:500])
        headers: HeadersType = {"x-attempt": BATCH_TRIES, "x-reason": reason[:500], "x-watcher": self._watcher}
        await self._publisher.send(DEAD, self._service, body, headers)


def _offset(message: AbstractIncomingMessage) -> int:
    return int(str(message.headers["x-stream-offset"]))
