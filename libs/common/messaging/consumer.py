"""The worker of one service's queue: several aggregates at once, one aggregate's events in turn.

Ack comes after the handler's commit. A failure goes to a retry queue with backoff and, after the last
try, to ``<service>.dead`` with its reason. Nothing is acked and logged away.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType
from prometheus_client import Counter, Histogram
from pydantic_core import from_json, to_json
from pymongo.errors import ConnectionFailure, ExecutionTimeout, PyMongoError

from common import context, telemetry
from common.clock import Clock, SystemClock, monotonic_seconds
from common.errors import ComeBackLater, Unavailable, VersionConflict
from common.events import Envelope, EventData, unseal
from common.logging import get_logger
from common.messaging.bindings import BindingWatch, Unseen
from common.messaging.connection import BROKER_ERRORS, Attachment, BrokerConnection, keep_running
from common.messaging.publisher import Publisher, PublishUnconfirmed
from common.messaging.topology import DEAD, RETRY_DELAYS_SECONDS, declare_service_queue, retry_exchange

log = get_logger(__name__)

PREFETCH = 64
AT_ONCE = 16
TRIES = 5
PATIENT_TRIES = 60
CONFLICT_TRIES = 20
BINDING_CHECK_SECONDS = 5
ATTACHMENT_CHECK_SECONDS = 0.5

Deliver = Callable[[Envelope[Any]], Awaitable[None]]

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0)

_handled = Counter(
    "markethall_events_handled_total", "Deliveries by outcome: done, retried or dead", ["type", "outcome"]
)
_seconds = Histogram(
    "markethall_event_handling_seconds", "Time a handler took, by event type", ["type"], buckets=_BUCKETS
)
_age = Histogram(
    "markethall_event_age_seconds", "From the fact to the end of its handling: the lag of consumers", buckets=_BUCKETS
)


class KeyedLocks:
    """A lock a key, kept only while somebody holds or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    async def run(self, key: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run ``work`` alone among those with the same key."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                await work()
        finally:
            lock, users = self._locks[key]
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, users - 1)


class QueueConsumer:
    """Consumes ``<service>`` and hands each event to its handler."""

    def __init__(
        self,
        service: str,
        connection: BrokerConnection,
        publisher: Publisher,
        handlers: Mapping[type[EventData], Deliver],
        clock: Clock | None = None,
        watch: BindingWatch | None = None,
    ) -> None:
        self._watch = watch
        self._clock = clock or SystemClock()
        self._service = service
        self._connection = connection
        self._publisher = publisher
        self._by_type = {model.TYPE: handler for model, handler in handlers.items()}
        self._locks = KeyedLocks()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()
        self.is_consuming = False

    async def run(self) -> None:
        """Consume until cancelled, across falls of the broker; then finish what is in hand."""
        try:
            await keep_running(f"{self._service} queue", self._consume)
        finally:
            if self._running:
                await asyncio.wait(self._running, timeout=10)

    async def _consume(self) -> None:
        channel = await self._connection.channel(confirms=False)
        attachment = Attachment(channel)
        try:
            await attachment.watch()
            await channel.set_qos(prefetch_count=PREFETCH)
            await self._declare(channel)
            queue = await channel.get_queue(self._service, ensure=False)
            tag = await queue.consume(self._receive)
            self.is_consuming = True
            try:
                while attachment.stands:
                    await self._wait(attachment)
                    await self._declare(channel)
            finally:
                self.is_consuming = False
                if not channel.is_closed:
                    await queue.cancel(tag)
        finally:
            if not channel.is_closed and self._running:
                await asyncio.wait(self._running, timeout=10)
            await channel.close()

    async def _declare(self, channel: AbstractChannel) -> None:
        """The queue with its bindings, which are looked at before: declaring what is gone would hide the gap."""
        if self._watch is None:
            await declare_service_queue(channel, self._service, self._by_type)
            return
        bound: frozenset[str] = frozenset()
        try:
            bound = await self._watch.look()
        except (Unseen, PyMongoError) as error:
            log.warning("bindings_unseen", queue=self._service, error=repr(error))
            if self.is_consuming:
                return
        await declare_service_queue(channel, self._service, self._by_type.keys() - bound)
        with suppress(PyMongoError):  # noted at the next look
            await self._watch.declared(self._by_type)

    async def _wait(self, attachment: Attachment) -> None:
        """Until the next look at the bindings; less long when the attachment ends."""
        until = monotonic_seconds() + BINDING_CHECK_SECONDS
        while attachment.stands and monotonic_seconds() < until:
            await asyncio.sleep(ATTACHMENT_CHECK_SECONDS)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        task = asyncio.create_task(self._take(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        """Deliver every event of the message, then ack; without the ack the broker sends it again."""
        attempt = _attempt_of(message)
        try:
            await self._handle_all(message.body, attempt)
            await message.ack()
        except BROKER_ERRORS as error:
            log.warning("ack_failed", error=repr(error))
        except PublishUnconfirmed as error:
            log.warning("retry_unconfirmed", error=str(error))
            await self._return_to_queue(message)

    async def take(self, body: bytes) -> int:
        """Handle the events of a message that came another way; returns how many. What fails takes the queue's path.

        Raises PublishUnconfirmed when the broker did not take what failed.
        """
        return await self._handle_all(body, 1)

    async def _handle_all(self, body: bytes, attempt: int) -> int:
        events = await self._open(body, attempt)
        await asyncio.gather(*(self._deliver_in_turn(event, attempt) for event in events))
        return len(events)

    async def _open(self, body: bytes, attempt: int) -> list[Any]:
        """The events of a message; one that cannot be read is buried."""
        try:
            events = from_json(body)
            if not isinstance(events, list):
                raise ValueError("a batch is a JSON array")
        except ValueError as error:
            await self._bury(body, attempt, f"unreadable: {error}")
            return []
        return events

    async def _return_to_queue(self, message: AbstractIncomingMessage) -> None:
        try:
            await asyncio.sleep(1)
            await message.reject(requeue=True)
        except BROKER_ERRORS as error:
            log.warning("reject_failed", error=repr(error))

    async def _deliver_in_turn(self, document: Any, attempt: int) -> None:
        await self._locks.run(_field(document, "subject"), lambda: self._deliver(document, attempt))

    async def _deliver(self, document: Any, attempt: int) -> None:
        async with self._places:
            try:
                event = unseal(document)
                handler = self._by_type.get(event.type)
                if handler is None:
                    return
                await self._handle_in_context(handler, event)
            except (ComeBackLater, Unavailable) as error:
                await self._again(document, attempt, PATIENT_TRIES, repr(error))
            except Exception as error:
                log.warning("handler_failed", eventId=_field(document, "id"), attempt=attempt, exc_info=error)
                await self._again(document, attempt, TRIES, repr(error))

    async def _handle_in_context(self, handler: Deliver, event: Envelope[Any]) -> None:
        started = time.perf_counter()
        with (
            telemetry.handling(event.type, event.id, event.traceparent) as traceparent,
            context.scope(replace(event.caused(), traceparent=traceparent)),
        ):
            await self._handle(handler, event)
        _handled.labels(event.type, "done").inc()
        _seconds.labels(event.type).observe(time.perf_counter() - started)
        _age.observe(max(self._clock.now().timestamp() - event.time.timestamp(), 0.0))

    async def _handle(self, handler: Deliver, event: Envelope[Any]) -> None:
        """Run the handler; lost races are run again, and a database that is away is waited for."""
        conflicts, delay = 0, 0.2
        while True:
            try:
                return await handler(event)
            except VersionConflict:
                conflicts += 1
                if conflicts >= CONFLICT_TRIES:
                    raise
                await asyncio.sleep(0.005 * conflicts)
            except (ConnectionFailure, ExecutionTimeout) as error:
                log.warning("database_away", error=str(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            except PyMongoError as error:
                if not error.has_error_label("TransientTransactionError"):
                    raise
                await asyncio.sleep(delay)

    async def _again(self, document: Any, attempt: int, limit: int, reason: str) -> None:
        body = to_json([document])
        kind = _known_type(document, self._by_type)
        if attempt >= limit:
            _handled.labels(kind, "dead").inc()
            await self._bury(body, attempt, reason)
            return
        delay = RETRY_DELAYS_SECONDS[min((attempt - 1) // 2, len(RETRY_DELAYS_SECONDS) - 1)]
        headers: HeadersType = {"x-attempt": attempt + 1, "x-reason": reason[:500]}
        _handled.labels(kind, "retried").inc()
        await self._publisher.send(retry_exchange(delay), self._service, body, headers)

    async def _bury(self, body: bytes, attempt: int, reason: str) -> None:
        log.error("event_dead", service=self._service, attempt=attempt, reason=reason[:500])
        headers: HeadersType = {"x-attempt": attempt, "x-reason": reason[:500]}
        await self._publisher.send(DEAD, self._service, body, headers)


def _field(document: Any, name: str) -> str:
    """A field of what came as an event, whatever it is."""
    return str(document.get(name, "")) if isinstance(document, dict) else ""


def _known_type(document: Any, known: Mapping[str, Any]) -> str:
    """The event's type for a label; whatever else came is one."""
    kind = _field(document, "type")
    return kind if kind in known else "unknown"


def _attempt_of(message: AbstractIncomingMessage) -> int:
    sent = str(message.headers.get("x-attempt", 1))
    return int(sent) if sent.isdecimal() else 1
