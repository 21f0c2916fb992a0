"""The outbox embedded in each aggregate, and the relay that empties it.

A state change and its events are one document write. The relay is woken in-process after the commit;
a poll behind it finds what a crash left. An aggregate's next event leaves only after its earlier one
was confirmed by the broker; what is due of one type leaves as one CloudEvents batch.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import Any

from prometheus_client import Counter, Gauge
from pymongo import InsertOne, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, PyMongoError

from common import context
from common.clock import Clock
from common.events import EventData, seal
from common.logging import get_logger
from common.messaging.publisher import Publisher, PublishUnconfirmed

log = get_logger(__name__)

BATCH_LIMIT = 100
ROUNDS_AT_ONCE = 4
POLL_SECONDS = 2.0
STALE_SECONDS = 2
WAITING_LIMIT = 20_000
CONFIRMED_KEPT = 10_000
LINGER_SECONDS = 0.002
LINGER_ABOVE = 8

_published = Counter("markethall_events_published_total", "Events confirmed by the broker, by type", ["type"])
_waiting = Gauge("markethall_outbox_waiting", "Aggregates whose events this process has not yet had confirmed")

Key = tuple[str, str]


class Outbox:
    """Seals events for storing beside a change, and relays them after the commit."""

    def __init__(self, database: AsyncDatabase[Any], publisher: Publisher, clock: Clock, source: str) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._source = source
        self._collections: set[str] = set()
        self._queues: dict[Key, deque[dict[str, Any]]] = {}
        self._ready: deque[Key] = deque()
        self._busy: set[Key] = set()
        self._wake = asyncio.Event()
        self._rounds: set[asyncio.Task[None]] = set()
        self._confirmed: dict[str, None] = {}

    def watch(self, collection: str) -> None:
        """Include a collection in the poll; every aggregate store does this once."""
        self._collections.add(collection)

    def seal(
        self, events: Sequence[EventData], *, company_id: str | None, sequence: int, shop_id: str | None = None
    ) -> list[dict[str, Any]]:
        """CloudEvent documents for ``events``, numbered from ``sequence`` + 1, in the current call's name."""
        now, call = self._clock.now(), context.current()
        return [
            seal(
                event,
                source=self._source,
                company_id=company_id,
                sequence=sequence + number,
                now=now,
                call=call,
                shop_id=shop_id,
            )
            for number, event in enumerate(events, 1)
        ]

    def offer(self, collection: str, aggregate_id: str, documents: Sequence[dict[str, Any]]) -> None:
        """Hand over events whose commit has succeeded. Beyond the bound the poll takes them instead.

        Those that stood before them in the document belong in front, for an aggregate's events leave in its order,
        also where another process has stored them; what this one has had confirmed already is passed over.
        """
        fresh = [document for document in documents if document["id"] not in self._confirmed]
        self._line_up(collection, aggregate_id, fresh)

    def _line_up(self, collection: str, aggregate_id: str, documents: Sequence[dict[str, Any]]) -> None:
        if not documents or len(self._queues) >= WAITING_LIMIT:
            return
        key = (collection, aggregate_id)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = deque()
            self._ready.append(key)
        known = {document["id"] for document in queue}
        queue.extend(document for document in documents if document["id"] not in known)
        self._wake.set()

    async def run(self) -> None:
        """Relay until cancelled; cancellation waits for the rounds under way. Raises what ends the poll."""
        poll = asyncio.create_task(self._poll_for_ever())
        poll.add_done_callback(lambda _: self._wake.set())
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if poll.done():
                    await poll  # it ends by an error alone; without it, what a crash left would never go out
                if self._ready and len(self._ready) > LINGER_ABOVE:
                    await asyncio.sleep(LINGER_SECONDS)
                while self._ready and len(self._rounds) < ROUNDS_AT_ONCE:
                    self._start_round()
        finally:
            poll.cancel()
            await asyncio.gather(poll, *self._rounds, return_exceptions=True)

    async def oldest_seconds(self) -> float:
        """For how long the oldest unconfirmed event has waited; 0 without one. Asks the database."""
        moments = []
        for collection in sorted(self._collections):
            oldest = await self._database[collection].find_one(
                {"pendingAt": {"$exists": True}}, {"pendingAt": 1}, sort=[("pendingAt", 1)]
            )
            if oldest is not None:
                moments.append(oldest["pendingAt"])
        return max((self._clock.now() - min(moments)).total_seconds(), 0.0) if moments else 0.0

    async def drain(self, deadline_seconds: float) -> None:
        """Wait until nothing offered is left, at most ``deadline_seconds``; what is left the next start sends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_seconds):
                while self._queues:
                    await asyncio.sleep(0.01)

    def _start_round(self) -> None:
        by_type: dict[str, list[tuple[Key, dict[str, Any]]]] = {}
        size = 0
        while self._ready and size < BATCH_LIMIT * 4:
            key = self._ready.popleft()
            self._busy.add(key)
            for document in self._leading(key):
                by_type.setdefault(document["type"], []).append((key, document))
                size += 1
        task = asyncio.create_task(self._round(by_type))
        self._rounds.add(task)
        task.add_done_callback(self._round_done)

    def _leading(self, key: Key) -> list[dict[str, Any]]:
        """The head events of one aggregate that share a type: they may share a message."""
        queue = self._queues[key]
        head = [queue[0]]
        for document in list(queue)[1:]:
            if document["type"] != head[0]["type"]:
                break
            head.append(document)
        return head

    def _round_done(self, task: asyncio.Task[None]) -> None:
        self._rounds.discard(task)
        _waiting.set(len(self._queues))
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("outbox_round_failed", error=repr(error))
        self._wake.set()

    async def _round(self, by_type: Mapping[str, list[tuple[Key, dict[str, Any]]]]) -> None:
        taken = {key for entries in by_type.values() for key, _ in entries}
        try:
            sends = [
                self._send(event_type, entries[start : start + BATCH_LIMIT])
                for event_type, entries in by_type.items()
                for start in range(0, len(entries), BATCH_LIMIT)
            ]
            sent = [entry for group in await asyncio.gather(*sends) for entry in group]
            for key, document in sent:
                with suppress(ValueError):
                    self._queues[key].remove(document)
                self._confirmed[document["id"]] = None
            await self._prune(sent)
            self._forget(len(self._confirmed) - CONFIRMED_KEPT)
        finally:
            for key in taken:
                self._busy.discard(key)
                if self._queues.get(key):
                    self._ready.append(key)
                else:
                    self._queues.pop(key, None)

    async def _send(
        self, event_type: str, entries: list[tuple[Key, dict[str, Any]]]
    ) -> list[tuple[Key, dict[str, Any]]]:
        """Publish one batch; what is not confirmed stays queued and is sent again with the same ids."""
        try:
            await self._publisher.publish(event_type, [document for _, document in entries])
        except PublishUnconfirmed as error:
            log.warning("publish_unconfirmed", eventType=event_type, events=len(entries), error=str(error))
            await asyncio.sleep(0.5)
            return []
        _published.labels(event_type).inc(len(entries))
        return entries

    async def _prune(self, sent: Sequence[tuple[Key, dict[str, Any]]]) -> None:
        """Move confirmed events to ``sent_events`` and take exactly their ids out of the outboxes."""
        if not sent:
            return
        now = self._clock.now()
        copies = [InsertOne({"_id": doc["id"], "sentAt": now, "event": doc}) for _, doc in sent]
        by_collection: dict[str, dict[str, list[str]]] = {}
        for (collection, aggregate_id), document in sent:
            by_collection.setdefault(collection, {}).setdefault(aggregate_id, []).append(document["id"])
        try:
            await self._store_sent(copies)
            for collection, aggregates in by_collection.items():
                operations = [UpdateOne({"_id": key}, _prune_update(ids)) for key, ids in aggregates.items()]
                await self._database[collection].bulk_write(operations, ordered=False)
        except PyMongoError as error:
            log.warning("outbox_prune_failed", error=str(error))  # the poll sends them again, same ids

    def _forget(self, count: int) -> None:
        """Let go of the oldest that were confirmed: they have long left their documents."""
        for known in list(islice(self._confirmed, max(count, 0))):
            del self._confirmed[known]

    async def _store_sent(self, copies: list[InsertOne[dict[str, Any]]]) -> None:
        try:
            await self._database["sent_events"].bulk_write(copies, ordered=False)
        except BulkWriteError as error:
            if any(problem["code"] != 11000 for problem in error.details["writeErrors"]):
                raise

    async def _poll_for_ever(self) -> None:
        while True:
            try:
                await self._poll()
            except PyMongoError as error:
                log.warning("outbox_poll_failed", error=str(error))
            await asyncio.sleep(POLL_SECONDS)

    async def _poll(self) -> None:
        before = self._clock.now() - timedelta(seconds=STALE_SECONDS)
        for collection in sorted(self._collections):
            found = self._database[collection].find({"pendingAt": {"$lt": before}}, {"outbox": 1})
            async for document in found.sort("pendingAt", 1).limit(500):
                if (collection, document["_id"]) not in self._queues:
                    # Also what was confirmed: it is still there, so its removal failed, or somebody has put it back.
                    self._line_up(collection, document["_id"], document.get("outbox", []))


def _prune_update(ids: list[str]) -> list[dict[str, Any]]:
    kept = {"$filter": {"input": "$outbox", "cond": {"$not": [{"$in": ["$$this.id", ids]}]}}}
    empty = {"$eq": [{"$size": "$outbox"}, 0]}
    return [
        {"$set": {"outbox": kept}},
        {"$set": {"pendingAt": {"$cond": [empty, "$$REMOVE", "$pendingAt"]}}},
    ]
