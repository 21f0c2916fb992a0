"""When the last effect of each order was stored, in whichever service, seen from outside by MongoDB's change stream.

Whoever handles an event stores its id in the same commit: among ``handled`` of the aggregate it changed, in an inbox,
or as the id of what it keeps of it. So the effects of an order are the writes that hold its id or an event's of it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from common.suite import SERVICES
from dev.prove.suite import ProvedSuite
from dev.provision.environments import database_prefix

QUIET_SECONDS = 1.0
"""At the end so long nothing more may come."""
QUIET_AT_LAST_SECONDS = 60.0
SENT = "sent_events"
_SEEN = {
    "ns": 1, "documentKey": 1, "updateDescription.updatedFields": 1,
    "fullDocument.createdAt": 1, "fullDocument.handled": 1,
    "fullDocument.event.subject": 1, "fullDocument.event.time": 1, "fullDocument.event.data.orderId": 1,
}  # fmt: skip


@dataclass(slots=True)
class Effects:
    """Orders by id with the time at which each was made, and what was told of them.

    ``stored``: when an id was first stored, by database: a document that many orders change shows the ids of all.
    """

    made: dict[str, float] = field(default_factory=dict)
    told: dict[str, "Told"] = field(default_factory=dict)
    stored: dict[tuple[str, str], float] = field(default_factory=dict)
    newest: float = field(default_factory=time.time)

    def take(self, change: Mapping[str, Any], at: float) -> None:
        """Note one change of the stream."""
        ids = list(_handled((change.get("updateDescription") or {}).get("updatedFields", {})))
        if (inserted := change.get("fullDocument")) is not None:
            ids += [str(change["documentKey"]["_id"]), *_handled(inserted)]
            self._take_inserted(change["ns"], ids[0], inserted)
        if change["ns"]["coll"] == SENT:
            return  # the sender's own record of what the broker has long taken
        for each in ids:
            self.stored.setdefault((change["ns"]["db"], each), at)
            self.newest = at

    def _take_inserted(self, place: Mapping[str, str], written: str, document: Mapping[str, Any]) -> None:
        if place["coll"] == "orders":
            self.made[written] = document["createdAt"].timestamp()
        elif (event := document.get("event")) is not None:
            order = str((event.get("data") or {}).get("orderId") or event.get("subject"))
            self.told[written] = Told(place["db"], order, datetime.fromisoformat(event["time"]).timestamp())

    def seconds(self) -> list[float]:
        """Of each order, from its making until the last write that belongs to it."""
        last = dict(self.made)
        for (_, written), at in self.stored.items():
            order = self.told[written].order if written in self.told else written
            if order in last:
                last[order] = max(last[order], at)
        return [last[order] - made for order, made in self.made.items()]

    def latencies(self) -> list[float]:
        """Of each event and each other service that handled it, from its fact until the handler's commit."""
        found = []
        for (database, written), at in self.stored.items():
            event = self.told.get(written)
            if event is not None and event.database != database:
                found.append(at - event.at)
        return found


@dataclass(frozen=True, slots=True)
class Told:
    """An event: the database of the service that sent it, the order it tells of, the time of its fact."""

    database: str
    order: str
    at: float


def _handled(fields: Mapping[str, Any]) -> Iterator[str]:
    """Ids of events among the fields of a document or of its change (``handled`` or ``handled.3``)."""
    for name, value in fields.items():
        if name.partition(".")[0] == "handled":
            yield from value if isinstance(value, list) else [value]


@asynccontextmanager
async def watched(suite: ProvedSuite) -> AsyncIterator[Effects]:
    """Effects of what happens while the block runs; at its end it waits until nothing more comes."""
    names = [f"{database_prefix()}{each.database}" for each in SERVICES.values() if each.database]
    pipeline: list[dict[str, Any]] = [{"$match": {"ns.db": {"$in": names}}}, {"$project": _SEEN}]
    effects = Effects()
    async with await suite.mongo.watch(pipeline) as changes:

        async def follow() -> None:
            async for change in changes:
                effects.take(change, time.time())

        following = asyncio.create_task(follow())
        try:
            yield effects
            async with asyncio.timeout(QUIET_AT_LAST_SECONDS):
                while time.time() - effects.newest < QUIET_SECONDS:
                    await asyncio.sleep(QUIET_SECONDS / 4)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
