"""What a broker that lost its disk has taken with it, sent again from ``sent_events``.

Queues die with the broker's disk: what it had confirmed and some consumer had not yet handled is gone. The
feed's epoch tells (decision 6): when it is not the one this service last sent to, everything sent within a
window goes out once more, with the same ids, which every consumer has its own way to take once. The database
says which epoch was served, and how far, so that any copy goes on where one fell.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Counter
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

from common.clock import Clock
from common.lease import Lease, NotHolder
from common.logging import get_logger
from common.messaging.publisher import Publisher, PublishUnconfirmed

log = get_logger(__name__)

CHECK_SECONDS = 2.0
NOTE_EVERY = timedelta(minutes=1)
PAGE = 500
BATCH_LIMIT = 100
THIS = "feed"
"""The one record of the collection ``feed_epochs``."""

_resent = Counter("markethall_events_resent_total", "Events sent again because the broker lost its disk")

Event = dict[str, Any]


class Resender:
    """Notices a broker without memory and sends again what went to the one before it."""

    def __init__(
        self, database: AsyncDatabase[dict[str, Any]], publisher: Publisher, clock: Clock, window: timedelta
    ) -> None:
        self._epochs = database["feed_epochs"]
        self._sent = database["sent_events"]
        self._publisher = publisher
        self._lease = Lease(database, "resend")
        self._clock = clock
        self._window = window
        self._started = clock.now()
        self._noted: tuple[str, datetime] | None = None

    async def run(self) -> None:
        """Look every few seconds until cancelled."""
        while True:
            try:
                with suppress(PublishUnconfirmed):  # told by whoever publishes
                    await self.look()
            except (PyMongoError, NotHolder) as error:
                log.info("resend_waits", reason=repr(error))
            await asyncio.sleep(CHECK_SECONDS)

    async def look(self) -> None:
        """Send again if the feed has another epoch than the one last sent to.

        Raises PublishUnconfirmed, PyMongoError, or NotHolder while another copy does it.
        """
        if self._publisher.epoch is None:  # an open channel is left alone: a broker that blocks would not answer on it
            await self._publisher.check()
        epoch = self._publisher.epoch
        if epoch is None or self._is_noted(epoch):
            return
        if await self._is_served(epoch):
            self._noted = (epoch, self._clock.now())
            return
        async with self._lease.held() as fence:
            await self._serve(epoch, fence)

    def _is_noted(self, epoch: str) -> bool:
        return self._noted is not None and self._noted[0] == epoch and self._clock.now() - self._noted[1] < NOTE_EVERY

    async def _is_served(self, epoch: str) -> bool:
        """Whether this epoch has been sent to; if so, notes that it is still there."""
        noted = {"$max": {"seenAt": self._clock.now()}}
        return (await self._epochs.update_one({"_id": THIS, "epoch": epoch}, noted)).matched_count == 1

    async def _serve(self, epoch: str, fence: int) -> None:
        begun = await self._begin(epoch, fence)
        if begun is None:
            return
        log.warning("broker_lost_its_disk", epoch=epoch, since=begun["after"].isoformat())
        count = 0
        async for page in self._pages(begun):
            await self._send_again([each["event"] for each in page])
            count += len(page)
            await self._note(epoch, fence, {"$set": {"resending.after": page[-1]["sentAt"]}})
        done = {"$set": {"epoch": epoch, "seenAt": self._clock.now()}, "$unset": {"resending": ""}}
        await self._note(epoch, fence, done)
        log.warning("events_sent_again", epoch=epoch, events=count)

    async def _begin(self, epoch: str, fence: int) -> dict[str, Any] | None:
        """How far an earlier holder came with this epoch, or a new beginning; None where all is done."""
        known = await self._epochs.find_one({"_id": THIS})
        if known is not None and known.get("epoch") == epoch:
            return None
        begun: dict[str, Any] | None = (known or {}).get("resending")
        if begun is None or begun["epoch"] != epoch:
            # Of a broker never seen before, whatever this process has sent went to the present one.
            until = None if known is not None else self._started
            last_seen = (known or {}).get("seenAt", self._started)
            begun = {"epoch": epoch, "after": last_seen - self._window, "until": until}
        change = {"$set": {"resending": begun, "fence": fence}}
        try:
            await self._epochs.update_one({"_id": THIS, "fence": {"$not": {"$gt": fence}}}, change, upsert=True)
        except DuplicateKeyError as error:
            raise NotHolder("resend") from error
        return begun

    async def _note(self, epoch: str, fence: int, change: dict[str, Any]) -> None:
        """Only as the holder: one that was taken over in its sleep writes nothing."""
        criteria = {"_id": THIS, "resending.epoch": epoch, "fence": fence}
        if (await self._epochs.update_one(criteria, change)).matched_count == 0:
            raise NotHolder("resend")

    async def _pages(self, begun: dict[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
        """What was sent since, in the order in which it was, a bounded number at a time."""
        moments = {"$gte": begun["after"], **({"$lt": begun["until"]} if begun["until"] else {})}
        page: list[dict[str, Any]] = []
        async for sent in self._sent.find({"sentAt": moments}).sort("sentAt", 1).batch_size(PAGE):
            page.append(sent)
            if len(page) >= PAGE:
                yield page
                page = []
        if page:
            yield page

    async def _send_again(self, events: Sequence[Event]) -> None:
        for layer in in_layers(events):
            await asyncio.gather(*(self._publisher.publish(kind, batch) for kind, batch in _batches(layer)))
        _resent.inc(len(events))


def in_layers(events: Sequence[Event]) -> list[dict[str, list[Event]]]:
    """Events by type, in layers: an aggregate's next type stands in a later layer than its earlier one."""
    layers: list[dict[str, list[Event]]] = []
    reached: dict[str, tuple[int, str]] = {}
    for event in events:
        kind = event["type"]
        layer, last = reached.get(event["subject"], (0, kind))
        layer += kind != last
        reached[event["subject"]] = (layer, kind)
        if layer == len(layers):
            layers.append({})
        layers[layer].setdefault(kind, []).append(event)
    return layers


def _batches(layer: dict[str, list[Event]]) -> list[tuple[str, list[Event]]]:
    return [
        (kind, events[start : start + BATCH_LIMIT])
        for kind, events in layer.items()
        for start in range(0, len(events), BATCH_LIMIT)
    ]
