"""What a running service stands on: opened in the lifespan, after the fork, closed in reverse."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from common import measures, telemetry
from common.clients import ServiceClients
from common.clock import Clock, SystemClock
from common.events import Envelope, EventData
from common.events.handlers import Handler, Handlers
from common.identity.identify import Identifier
from common.identity.jwks import KeySet
from common.identity.revocation import REVOKING, Revocations
from common.identity.service_tokens import ServiceSigner, ServiceVerifier
from common.identity.tokens import TokenVerifier
from common.inbox import Inbox
from common.kept_answers import KeptAnswers
from common.lease import Lease
from common.logging import get_logger
from common.measures import Measures
from common.messaging.announcements import Announcements
from common.messaging.bindings import BindingWatch, BrokerView
from common.messaging.connection import BrokerConnection, is_being_stopped
from common.messaging.consumer import Deliver, QueueConsumer
from common.messaging.feed import FeedWatcher, Take
from common.messaging.gaps import GapFiller
from common.messaging.positions import FeedPositions
from common.messaging.publisher import Publisher, PublishUnconfirmed
from common.messaging.topology import dead_queue
from common.mongo.client import CODEC, open_client, open_database, pool_use
from common.mongo.indexes import OUTBOX_INDEX, ensure_indexes
from common.mongo.store import Ground, Store
from common.outbox import Outbox
from common.resending import Resender
from common.settings import ServiceSettings

log = get_logger(__name__)

CHECK_SECONDS = 2.0
CLOCK_SECONDS = 5.0
RESTART_SECONDS = 1.0
CANCEL_TIMES = 4
CANCEL_SECONDS = 12.0
"""Longer than the consumer's wait for what it has in hand."""


@dataclass(frozen=True, slots=True)
class Background:
    """A loop that runs as long as the service; when it fails it is logged and started again."""

    name: str
    run: Callable[[], Awaitable[None]]


class Runtime:
    """Database, broker, identity and clients of one process."""

    client: AsyncMongoClient[dict[str, Any]]
    database: AsyncDatabase[dict[str, Any]]
    outbox: Outbox
    inbox: Inbox
    ground: Ground

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.clock: Clock = SystemClock()
        self._follows_database = settings.service != "auth"
        """Auth's tokens are checked by the clocks of the machines that serve, so it goes by its own machine's."""
        self.signer = ServiceSigner(settings)
        self.service_verifier = ServiceVerifier(settings)
        self.clients = ServiceClients(settings, self.signer)
        self.revocations = Revocations(self._revocation_snapshot)
        self.keys = KeySet(None if settings.jwks else self._fetch_keys, settings.jwks)
        self.tokens = TokenVerifier(self.keys, self.revocations)
        self.identify = Identifier(self.tokens, self.service_verifier)
        self.publishing = BrokerConnection(settings.amqp_url, f"{settings.service} publishes")
        self.consuming = BrokerConnection(settings.amqp_url, f"{settings.service} consumes")
        self.publisher = Publisher(self.publishing)
        self.measures = Measures()
        self.kept = KeptAnswers()
        self.has_database = bool(settings.database_name)
        self._tasks: list[asyncio.Task[None]] = []
        self._indexes: list[tuple[str, list[IndexModel]]] = []
        self._announced: list[type[EventData]] = list(REVOKING)
        self._consumer: QueueConsumer | None = None
        self._bindings: BindingWatch | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Self]:
        """Open everything; on leaving, stop the loops, drain the outbox, close what was opened."""
        telemetry.configure(self.settings)
        async with AsyncExitStack() as stack:
            self._stack = stack
            stack.push_async_callback(telemetry.flush)
            stack.push_async_callback(self.publishing.close)
            stack.push_async_callback(self.consuming.close)
            stack.push_async_callback(self.clients.close)
            if self.has_database:
                self.client = open_client(self.settings)
                stack.push_async_callback(self.client.close)
                self.database = open_database(self.client, self.settings.database_name)
                with suppress(PyMongoError):
                    await self._compare_clocks()
                self.outbox = Outbox(self.database, self.publisher, self.clock, self.settings.service)
                self.inbox = Inbox(self.client, self.database, self.clock)
                self.ground = Ground(self.client, self.database, self.outbox, self.clock)
            try:
                yield self
            finally:
                await self._stop()

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Register what a service has opened for itself; closed in reverse order, before database and broker."""
        self._stack.push_async_callback(close)

    def declare(self, *stores: type[Store[Any]]) -> None:
        """Name the stores whose indexes must exist before the first request."""
        for store in stores:
            self._indexes.append((store.COLLECTION, [OUTBOX_INDEX, *store.INDEXES]))

    def declare_indexes(self, collection: str, indexes: list[IndexModel]) -> None:
        """Name the indexes of a collection that has no aggregate store."""
        self._indexes.append((collection, indexes))

    def hear(self, *models: type[EventData]) -> None:
        """Name further facts that every copy must hear; they reach ``revocations.listeners``."""
        self._announced += models

    async def start(
        self,
        service: Any,
        handlers: Handlers,
        background: Sequence[Background],
    ) -> None:
        """Make indexes, then start relay, consumer, announcements and the service's own loops."""
        measures.process_id.set(os.getpid())
        if self.has_database:
            await ensure_indexes(self.database, self._indexes)
            self._measure_database()
            self._run(Background("clock", self._follow_database_clock))
            self._run(Background("outbox", self.outbox.run))
            window = timedelta(minutes=self.settings.resend_minutes)
            self._run(Background("resend", Resender(self.database, self.publisher, self.clock, window).run))
        if handlers:
            self._consume({model: _bind(handler, service) for model, handler in handlers.items()})
            self.measures.add(measures.queue_depth, lambda: self.publisher.depth(self.settings.service))
        self.measures.add(measures.dead_letters, lambda: self.publisher.depth(dead_queue(self.settings.service)))
        heard = Announcements(
            self.settings.service, self.consuming, self._announced, self.revocations.hear, self.revocations.refresh
        )
        self._run(Background("announcements", heard.run))
        for loop in background:
            self._run(loop)

    def watcher(
        self,
        name: str,
        take: Take,
        *,
        alone: bool = False,
        positions: FeedPositions | None = None,
        wants: Collection[type[EventData]] | None = None,
    ) -> FeedWatcher:
        """A watcher of the feed for this service; ``alone``: one copy at a time, by lease.

        Without ``positions`` it starts at the feed's end and stores nothing: for copies held in memory. ``wants``:
        all that it has to see; without, everything.
        """
        return FeedWatcher(
            name,
            self.settings.service,
            self.consuming,
            self.publisher,
            take,
            positions=positions,
            lease=Lease(self.database, f"feed:{name}") if alone else None,
            start="first" if positions is not None else "next",
            wants=wants,
        )

    async def check(self) -> dict[str, bool]:
        """Whether database and broker answer right now, each asked with a deadline."""
        broker = await self._asks(self.publisher.check)
        checks = {"broker": broker}
        if self.has_database:
            checks["database"] = await self._asks(self._ping)
        if self._consumer is not None:
            checks["consumer"] = self._consumer.is_consuming
        return checks

    @property
    def alarms(self) -> list[str]:
        """What somebody should know of and what does not keep this process from working, a sentence each."""
        if self._bindings is None or not self._bindings.open_types:
            return []
        return [
            f"events that the queue missed are being read from the feed: {', '.join(sorted(self._bindings.open_types))}"
        ]

    def _consume(self, bound: dict[type[EventData], Deliver]) -> None:
        """Consume the service's queue; where the broker can be looked at, with an eye on its bindings."""
        name, url = self.settings.service, self.settings.amqp_management_url
        if url and self.has_database:
            view = BrokerView(url, self.settings.amqp_url)
            self.on_close(view.close)
            self._bindings = BindingWatch(view, self.database, name, timedelta(minutes=self.settings.resend_minutes))
        watch = self._bindings
        self._consumer = QueueConsumer(name, self.consuming, self.publisher, bound, self.clock, watch)
        self._run(Background("consumer", self._consumer.run))
        if watch is not None:
            lease = Lease(self.database, f"gaps:{name}")
            self._run(Background("gaps", GapFiller(watch, self.consuming, lease, self._consumer.take).run))

    def _measure_database(self) -> None:
        self.measures.add(measures.outbox_age, self.outbox.oldest_seconds)
        measures.pool_limit.set(self.settings.mongo_connections)
        self.measures.add(measures.pool_used, lambda: _answered(pool_use(self.client)[0]))
        self.measures.add(measures.pool_open, lambda: _answered(pool_use(self.client)[1]))

    async def _follow_database_clock(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_SECONDS)
            try:
                await self._compare_clocks()
            except PyMongoError as error:
                log.info("clock_not_compared", error=repr(error))

    async def _compare_clocks(self) -> None:
        """Deadlines lie in the database and every service reads them: they go by one clock, the database's."""
        if not (self._follows_database and isinstance(self.clock, SystemClock)):
            return
        before = self.clock.now()
        told = await self.client.admin.command("hello", codec_options=CODEC)
        moved = self.clock.follow(told["localTime"], before, self.clock.now())
        if moved:
            log.warning("clock_put_right", seconds=round(moved, 3))

    async def _ping(self) -> None:
        await self.database.command("ping")

    async def _asks(self, question: Callable[[], Awaitable[None]]) -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await question()
        except (PyMongoError, PublishUnconfirmed, TimeoutError):
            return False
        return True

    async def _fetch_keys(self) -> dict[str, Any]:
        keys: dict[str, Any] = await self.clients.get("auth", "/.well-known/jwks.json")
        return keys

    async def _revocation_snapshot(self) -> dict[str, Any]:
        snapshot: dict[str, Any] = await self.clients.get("auth", "/internal/revocations")
        return snapshot

    def _run(self, loop: Background) -> None:
        self._tasks.append(asyncio.create_task(_keep(loop), name=loop.name))

    async def _stop(self) -> None:
        """Take no new work first, then let the relay send what was committed."""
        outbox_tasks = [task for task in self._tasks if task.get_name() == "outbox"]
        others = [task for task in self._tasks if task.get_name() != "outbox"]
        await _end(others)
        if self.has_database:
            await self.outbox.drain(self.settings.drain_seconds / 2)
        await _end(outbox_tasks)


async def _answered(value: float) -> float:
    return value


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until they have ended, a few times at most: one that cannot be ended is left and named.

    Once is not enough. ``asyncio.wait_for`` of Python 3.11, through which the database's driver reads and writes,
    swallows a cancellation that comes together with the answer: measured, one in forty under load.
    """
    left = set(tasks)
    for _ in range(CANCEL_TIMES):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)
    if left:
        log.error("background_stays", loops=sorted(task.get_name() for task in left))


async def _keep(loop: Background) -> None:
    while True:
        try:
            await loop.run()
        except Exception as error:
            log.error("background_failed", loop=loop.name, exc_info=error)
        except asyncio.CancelledError as error:
            if is_being_stopped():
                raise
            log.error("background_failed", loop=loop.name, exc_info=error)  # a library's own cancellation
        await asyncio.sleep(RESTART_SECONDS)


def _bind(handler: Handler, service: Any) -> Callable[[Envelope[Any]], Awaitable[None]]:
    async def deliver(event: Envelope[Any]) -> None:
        await handler(service, event)

    return deliver
