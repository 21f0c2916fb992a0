"""Watchers of the feed: the stream of every event, read in order, in batches, from a stored offset."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType
from prometheus_client import Counter, Gauge
from pydantic_core import from_json, to_json
from pymongo.errors import ConnectionFailure, ExecutionTimeout, PyMongoError

from common.clock import SystemClock
from common.errors import ComeBackLater, Unavailable
from common.events import Envelope, EventData, unseal
from common.lease import Lease, NotHolder
from common.logging import get_logger
from common.messaging.connection import Attachment, BrokerConnection, keep_running
from common.messaging.positions import FeedPosition, FeedPositions, Fenced
from common.messaging.publisher import Publisher
from common.messaging.topology import DEAD, FEED_PREFIX, declare_dead_queue, declare_service_queue, read_epoch

log = get_logger(__name__)

PREFETCH = 500
BATCH_MESSAGES = 200
BATCH_BYTES = 2_000_000
BATCH_TRIES = 5
LINGER_SECONDS = 0.01
FIRST_MESSAGE_SECONDS = 10
LONGEST_PAUSE_SECONDS = 5.0
RESENT_PREFETCH = 16
BEFORE_FIRST = -1
"""The offset of whoever has taken nothing yet."""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event of the feed. ``document`` is the CloudEvent as published; ``event`` its typed form."""

    offset: int
    index: int
    document: dict[str, Any]
    event: Envelope[Any]


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """Events in the feed's order, and the position to store with what is made of them.

    Without events there is only the position to store: what stood before it was buried.
    """

    events: list[FeedEvent]
    position: FeedPosition
    fence: int


_taken = Counter("markethall_feed_events_total", "Events of the feed that a watcher has taken", ["watcher"])
_age = Gauge("markethall_feed_age_seconds", "Age of the newest event a watcher took, when it took it", ["watcher"])

Take = Callable[[FeedBatch], Awaitable[None]]
Start = Literal["first", "next"]


class FeedWatcher:
    """Reads the feed from where ``watcher`` stands and hands batches to ``take``.

    ``take`` must store ``batch.position`` in the same commit as its effects (``FeedPositions.advance``),
    and key every effect by event id: an event that was sent twice has two offsets. With a ``lease`` only
    one copy of the service reads at a time. ``start`` "next" with no ``positions``: from now on, nothing
    stored, for copies held in memory. ``wants``: other events than these are passed over unread.
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
        start: Start = "first",
        wants: Collection[type[EventData]] | None = None,
    ) -> None:
        self._wanted = None if wants is None else frozenset(model.TYPE for model in wants)
        self._clock = SystemClock()
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
        resent = await self._connection.channel(confirms=False)
        try:
            epoch = await read_epoch(channel, wait_seconds=5)
            if epoch is None:
                raise ConnectionError("the feed has no epoch yet")
            reading = _Reading(channel, epoch, fence, await self._last_offset(epoch))
            # After another epoch than before, nothing in the stream is old.
            start: Start = "first" if self._seen is not None else self._start
            self._seen = reading.position
            again = await self._attach_resent(resent)
            await self._attach(reading, start)
            self.is_watching.set()
            while reading.is_attached and not resent.is_closed:
                await self._next_batch(reading)
                while not again.empty():
                    await self._take_resent(again.get_nowait(), reading)
        finally:
            self.is_watching.clear()
            await resent.close()
            await channel.close()

    async def _last_offset(self, epoch: str) -> int | None:
        if self._positions is not None:
            return await self._positions.load(self._watcher, epoch)
        return self._seen.offset if self._seen and self._seen.epoch == epoch else None

    async def _attach(self, reading: "_Reading", start: Start) -> None:
        """Start at the last message taken, not behind it: beyond the end a stream stays silent for ever.

        So that message must come; where it does not, the stream has lost its end and is read from its start.
        """
        await reading.channel.set_qos(prefetch_count=PREFETCH)
        if reading.last is None:
            await reading.consume(start)
            return
        await reading.consume(reading.last)
        if not await reading.delivers(FIRST_MESSAGE_SECONDS):
            log.warning("feed_ends_before_position", watcher=self._watcher, offset=reading.last)
            await reading.cancel()
            reading.last, self._seen = None, None
            await reading.consume("first")

    async def _attach_resent(self, channel: AbstractChannel) -> asyncio.Queue[AbstractIncomingMessage]:
        """What was buried has a queue to lie in; where one copy reads alone, it comes back through its own queue."""
        again: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        if self._lease is None:
            await declare_dead_queue(channel, self._service)
            return again
        await declare_service_queue(channel, self._service, ())
        await channel.set_qos(prefetch_count=RESENT_PREFETCH)
        queue = await channel.get_queue(self._service, ensure=False)
        await queue.consume(again.put)
        return again

    async def _next_batch(self, reading: "_Reading") -> None:
        gathered: list[AbstractIncomingMessage] = []
        try:
            async with asyncio.timeout(1.0):
                gathered.append(await reading.messages.get())
        except TimeoutError:
            return
        await asyncio.sleep(LINGER_SECONDS)
        size = gathered[0].body_size
        while not reading.messages.empty() and len(gathered) < BATCH_MESSAGES and size < BATCH_BYTES:
            gathered.append(reading.messages.get_nowait())
            size += gathered[-1].body_size
        reading.position = FeedPosition(reading.epoch, _offset(gathered[-1]))
        fresh = [message for message in gathered if reading.last is None or _offset(message) > reading.last]
        if fresh:
            wanted = [message for message in fresh if self._wanted is None or message.routing_key in self._wanted]
            events = [event for message in wanted for event in await self._read(message.body, _offset(message))]
            await self._take_with_patience(FeedBatch(events, reading.position, reading.fence))
            self._measure(events)
        self._seen = reading.position
        await gathered[-1].ack(multiple=True)

    async def _take_resent(self, message: AbstractIncomingMessage, reading: "_Reading") -> None:
        """Take what an operator sent again from the dead letters; the place in the feed stays."""
        position = reading.position or FeedPosition(reading.epoch, BEFORE_FIRST)
        events = await self._read(message.body, position.offset)
        if events:
            await self._take_with_patience(FeedBatch(events, position, reading.fence))
        await message.ack()

    def _measure(self, events: list[FeedEvent]) -> None:
        if events:
            _taken.labels(self._watcher).inc(len(events))
            age = self._clock.now().timestamp() - events[-1].event.time.timestamp()
            _age.labels(self._watcher).set(max(age, 0.0))

    async def _read(self, body: bytes, offset: int) -> list[FeedEvent]:
        """The events of one message; what cannot be read is buried, by event where there are events."""
        try:
            documents = from_json(body)
            if not isinstance(documents, list):
                raise ValueError("a batch is a JSON array")
        except ValueError as error:
            await self._bury(body, repr(error))
            return []
        events: list[FeedEvent] = []
        for index, document in enumerate(documents):
            try:
                events.append(FeedEvent(offset, index, document, unseal(document)))
            except (ValueError, KeyError, TypeError) as error:
                await self._bury(to_json([document]), repr(error))
        return events

    async def _take_with_patience(self, batch: FeedBatch) -> None:
        """Take the batch; one that keeps failing is taken event by event, and what fails then is buried."""
        if await self._takes(batch, BATCH_TRIES) is None:
            return
        for number, each in enumerate(batch.events):
            follower = batch.events[number + 1] if number + 1 < len(batch.events) else None
            ends_message = follower is None or follower.offset > each.offset
            offset = each.offset if ends_message else each.offset - 1
            position = batch.position if follower is None else FeedPosition(batch.position.epoch, offset)
            error = await self._takes(FeedBatch([each], position, batch.fence), 1)
            if error is not None:
                await self._bury(to_json([each.document]), repr(error))
                await self._takes(FeedBatch([], position, batch.fence), 1)

    async def _takes(self, batch: FeedBatch, tries: int) -> Exception | None:
        """The error with which ``tries`` tries ended, None once it is taken. What is only away is waited for."""
        attempt, pause = 0, 0.2
        while True:
            try:
                await self._take(batch)
                return None
            except (Fenced, NotHolder):
                raise
            except Exception as error:
                if _is_away(error):
                    log.warning("feed_waits", watcher=self._watcher, error=repr(error))
                else:
                    attempt += 1
                    log.warning("feed_batch_failed", watcher=self._watcher, attempt=attempt, exc_info=error)
                if attempt >= tries:
                    return error
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _bury(self, body: bytes, reason: str) -> None:
        log.error("feed_event_dead", watcher=self._watcher, reason=reason[:500])
        headers: HeadersType = {"x-attempt": BATCH_TRIES, "x-reason": reason[:500], "x-watcher": self._watcher}
        await self._publisher.send(DEAD, self._service, body, headers)


class _Reading:
    """One attachment to the stream of one epoch: ``last`` was taken before it, ``position`` is where it stands."""

    def __init__(self, channel: AbstractChannel, epoch: str, fence: int, last: int | None) -> None:
        self.channel = channel
        self.epoch = epoch
        self.fence = fence
        self.last = last
        self.position = None if last is None else FeedPosition(epoch, last)
        self.messages: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._tag = ""
        self._attachment = Attachment(channel)

    async def consume(self, offset: int | Start) -> None:
        queue = await self.channel.get_queue(FEED_PREFIX + self.epoch, ensure=False)
        if isinstance(offset, int):
            offset = max(offset, 0)
        await self._attachment.watch()
        self._tag = await queue.consume(self.messages.put, arguments={"x-stream-offset": offset})

    async def cancel(self) -> None:
        queue = await self.channel.get_queue(FEED_PREFIX + self.epoch, ensure=False)
        await queue.cancel(self._tag)

    async def delivers(self, deadline_seconds: float) -> bool:
        """Whether a message comes in time; it stays where it is."""
        try:
            async with asyncio.timeout(deadline_seconds):
                while self.messages.empty():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return False
        return True

    @property
    def is_attached(self) -> bool:
        """Whether the channel is open and the broker has not ended the consumer."""
        return self._attachment.stands


def _offset(message: AbstractIncomingMessage) -> int:
    return int(str(message.headers["x-stream-offset"]))


def _is_away(error: Exception) -> bool:
    """Whether something needed is absent for the moment, so that trying again will help, however long it takes."""
    if isinstance(error, PyMongoError):
        is_absent = isinstance(error, ConnectionFailure | ExecutionTimeout) or error.timeout
        return is_absent or error.has_error_label("TransientTransactionError")
    return isinstance(error, ComeBackLater | Unavailable)
