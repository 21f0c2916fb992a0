"""Gauges that are read when somebody scrapes, so that no request pays for them."""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import Gauge
from pymongo.errors import PyMongoError

from common.logging import get_logger
from common.messaging.connection import BROKER_ERRORS

log = get_logger(__name__)

DEADLINE_SECONDS = 2.0
UNKNOWN = float("nan")
"""What a gauge shows whose question was not answered: an old value would look like news."""

Read = Callable[[], Awaitable[float]]

outbox_age = Gauge("markethall_outbox_oldest_seconds", "Age of the oldest event that the broker has not confirmed")
queue_depth = Gauge("markethall_queue_messages", "Events that wait in the queue of this service")
dead_letters = Gauge("markethall_dead_letters", "Events that this service could not handle, laid aside")
pool_used = Gauge("markethall_mongo_connections_used", "Database connections in use")
pool_open = Gauge("markethall_mongo_connections_open", "Database connections that are open, in use or not")
process_id = Gauge("markethall_process_id", "Which of the copies behind one port these figures are of")
pool_limit = Gauge("markethall_mongo_connections_limit", "The most database connections this process opens")


class Measures:
    """The gauges of one process and the questions behind them."""

    def __init__(self) -> None:
        self._reads: list[tuple[Gauge, Read]] = []

    def add(self, gauge: Gauge, read: Read) -> None:
        """Ask ``read`` for the value of ``gauge`` at each scrape."""
        self._reads.append((gauge, read))

    async def take(self) -> None:
        """Ask for all values, side by side."""
        await asyncio.gather(*(self._take(gauge, read) for gauge, read in self._reads))

    async def _take(self, gauge: Gauge, read: Read) -> None:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                gauge.set(await read())
        except (PyMongoError, *BROKER_ERRORS) as error:
            log.warning("measure_failed", error=repr(error))
            gauge.set(UNKNOWN)
