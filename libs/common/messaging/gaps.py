"""Events that a queue missed while it was not bound, read from the feed and handled as if they had come."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from prometheus_client import Counter
from pymongo.errors import PyMongoError

from common.clock import monotonic_seconds
from common.lease import Lease, NotHolder
from common.logging import get_logger
from common.messaging.bindings import BindingWatch, Gap
from common.messaging.connection import BrokerConnection, keep_running
from common.messaging.publisher import PublishUnconfirmed
from common.messaging.topology import FEED_PREFIX, read_epoch

log = get_logger(__name__)

CHECK_SECONDS = 1.0
PREFETCH = 200
QUIET_SECONDS = 0.5
END_SECONDS = 5.0
IDLE_SECONDS = 5.0

_filled = Counter("markethall_gap_events_total", "Events read from the feed because their binding had been missing")

Handle = Callable[[bytes], Awaitable[int]]
T = TypeVar("T")


class GapFiller:
    """Fills one queue's gaps, one copy at a time; message bodies go to ``handle``, which takes each id once."""

    def __init__(self, watch: BindingWatch, connection: BrokerConnection, lease: Lease, handle: Handle) -> None:
        self._watch = watch
        self._connection = connection
        self._lease = lease
        self._handle = handle

    async def run(self) -> None:
        """Fill what is open, whenever something is, until cancelled."""
        await keep_running("gaps", self._fill_for_ever)

    async def _fill_for_ever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if not self._watch.open_types:
                continue
            try:
                async with self._lease.held():
                    await self.fill()
            except (PyMongoError, NotHolder, PublishUnconfirmed) as error:
                log.info("gap_waits", reason=repr(error))

    async def fill(self) -> None:
        """Fill every open gap. One that is broken off is read again from its start, by whoever comes next.

        Raises one of BROKER_ERRORS, PublishUnconfirmed or PyMongoError.
        """
        for gap in await self._watch.gaps():
            count = await read_gap(self._connection, gap, self._handle)
            log.warning("gap_read", events=count, since=gap.since.isoformat())
            await self._watch.filled(gap)


async def read_gap(connection: BrokerConnection, gap: Gap, handle: Handle) -> int:
    """Hand on every event of the gap's types from its moment to the feed's present end; how many there were.

    Raises one of BROKER_ERRORS when the feed broke off before its end.
    """
    end = await _on_channel(connection, _last_offset)
    return await _on_channel(connection, lambda channel, feed: _read(channel, feed, gap, end, handle))


async def _on_channel(connection: BrokerConnection, work: Callable[[AbstractChannel, str], Awaitable[T]]) -> T:
    channel = await connection.channel(confirms=False)
    try:
        epoch = await read_epoch(channel, wait_seconds=5)
        if epoch is None:
            raise ConnectionError("the feed has no epoch yet")
        await channel.set_qos(prefetch_count=PREFETCH)
        return await work(channel, FEED_PREFIX + epoch)
    finally:
        await channel.close()


async def _last_offset(channel: AbstractChannel, feed: str) -> int:
    """An offset that nothing published before this call lies behind. Raises TimeoutError while the feed is silent."""
    messages = await _consume(channel, feed, "last")
    async with asyncio.timeout(END_SECONDS):
        message = await messages.get()
    until = monotonic_seconds() + END_SECONDS
    while True:
        last = _offset(message)
        await message.ack()
        try:
            async with asyncio.timeout(min(QUIET_SECONDS, until - monotonic_seconds())):
                message = await messages.get()
        except TimeoutError:
            return last


async def _read(channel: AbstractChannel, feed: str, gap: Gap, end: int, handle: Handle) -> int:
    messages = await _consume(channel, feed, gap.since)
    count = 0
    while True:
        async with asyncio.timeout(IDLE_SECONDS):  # the end is known to be there: silence is a fall
            message = await messages.get()
        if message.routing_key in gap.types:
            events = await handle(message.body)
            _filled.inc(events)
            count += events
        await message.ack()
        if _offset(message) >= end:
            return count


async def _consume(channel: AbstractChannel, feed: str, offset: Any) -> asyncio.Queue[AbstractIncomingMessage]:
    messages: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    queue = await channel.get_queue(feed, ensure=False)
    await queue.consume(messages.put, arguments={"x-stream-offset": offset})
    return messages


def _offset(message: AbstractIncomingMessage) -> int:
    return int(str(message.headers["x-stream-offset"]))
