"""Whether a queue is still bound to what its service handles: the broker's own list, asked before it is mended.

``mandatory`` never fires while the feed takes everything, so a binding that is gone is silent. Declaring it again
would hide that; so each look comes first, and what it finds missing becomes a gap that is kept in the database
until it has been filled from the feed (decision 15).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx2
from prometheus_client import Counter, Gauge
from pydantic import SecretStr
from pymongo.asynchronous.database import AsyncDatabase

from common.logging import get_logger
from common.messaging.topology import EVENTS

log = get_logger(__name__)

ASK_SECONDS = 3.0
NOTE_EVERY = timedelta(minutes=1)
MARGIN = timedelta(seconds=3)
"""The broker tells its time in whole seconds, and a message is a moment on its way."""

_lost = Counter("markethall_bindings_lost_total", "Bindings of this service's queue that were found missing", ["type"])
_open = Gauge("markethall_binding_gaps", "Stretches of the feed that this service's queue has missed so far")


class Unseen(Exception):
    """The broker's management API did not answer: nobody knows what is bound."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The types a queue is bound to, None without the queue; ``at`` by the broker's own clock."""

    types: frozenset[str] | None
    at: datetime


class BrokerView:
    """Looks at bindings with the service's own account, which may look at names there and change nothing."""

    def __init__(self, management_url: str, amqp_url: SecretStr) -> None:
        parts = urlsplit(amqp_url.get_secret_value())
        self._host = quote(unquote(parts.path[1:]) or "/", safe="")
        self._http = httpx2.AsyncClient(
            base_url=management_url.rstrip("/"),
            auth=(unquote(parts.username or "guest"), unquote(parts.password or "guest")),
            timeout=ASK_SECONDS,
            verify=management_url.startswith("https:"),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def bound(self, queue: str) -> Seen:
        """What the broker lists. Raises Unseen."""
        try:
            answer = await self._http.get(f"/api/queues/{self._host}/{quote(queue, safe='')}/bindings")
            at = parsedate_to_datetime(answer.headers["date"])
            answer.raise_for_status()
            listed = answer.json()
        except (httpx2.HTTPError, KeyError, ValueError) as error:
            raise Unseen(repr(error)) from error
        # The default exchange is listed for any name. A queue of ours that is there is bound to others as well.
        if not any(each["source"] for each in listed):
            return Seen(None, at)
        return Seen(frozenset(each["routing_key"] for each in listed if each["source"] == EVENTS), at)


@dataclass(frozen=True, slots=True)
class Gap:
    """Events of ``types`` that the queue may have missed since a moment of the broker's clock."""

    since: datetime
    types: tuple[str, ...]


class BindingWatch:
    """What is known of one queue, in the collection ``bindings``: types, when they were last there, open gaps."""

    def __init__(
        self, view: BrokerView, database: AsyncDatabase[dict[str, Any]], queue: str, lookback: timedelta
    ) -> None:
        self._view = view
        self._known = database["bindings"]
        self._queue = queue
        self._lookback = lookback
        self._expected: frozenset[str] | None = None
        self._seen: datetime | None = None
        self._noted: datetime | None = None
        self.open_types: frozenset[str] = frozenset()

    async def look(self) -> frozenset[str]:
        """Compare what should be bound with what is, which is answered; a gap is stored before anybody mends it.

        What was there needs no binding, and must get none: it may be gone by now, which the next look has to find.
        Raises Unseen, or PyMongoError.
        """
        seen = await self._view.bound(self._queue)
        if self._expected is None:
            await self._recall()
        expected = self._expected or frozenset()
        missing = expected - (seen.types or frozenset())
        if missing:
            # Without the queue, what waited in it is gone as well: nobody knows since when.
            since = (self._seen or seen.at) - (self._lookback if seen.types is None else MARGIN)
            await self._open(Gap(since, tuple(sorted(missing))))
        self._seen = seen.at
        return seen.types or frozenset()

    async def declared(self, types: Collection[str]) -> None:
        """The queue is bound to these now; noted when it is news, and once a minute."""
        is_news = self._expected != frozenset(types)
        if self._seen is None or not (is_news or self._noted is None or self._seen - self._noted >= NOTE_EVERY):
            return
        change = {"$set": {"types": sorted(types), "seenAt": self._seen}}
        await self._known.update_one({"_id": self._queue}, change, upsert=True)
        self._expected, self._noted = frozenset(types), self._seen
        await self.gaps()

    async def gaps(self) -> list[Gap]:
        """What has to be filled from the feed, by whichever copy."""
        known = await self._known.find_one({"_id": self._queue}) or {}
        found = [Gap(each["since"], tuple(each["types"])) for each in known.get("gaps", ())]
        self._show(found)
        return found

    async def filled(self, gap: Gap) -> None:
        """This one has been read from the feed."""
        document = {"since": gap.since, "types": list(gap.types)}
        await self._known.update_one({"_id": self._queue}, {"$pull": {"gaps": document}})
        log.warning("binding_gap_filled", queue=self._queue, types=list(gap.types))
        await self.gaps()

    async def _recall(self) -> None:
        """What an earlier process knew."""
        known = await self._known.find_one({"_id": self._queue}) or {}
        self._expected = frozenset(known.get("types", ()))
        self._seen = known.get("seenAt")

    async def _open(self, gap: Gap) -> None:
        document = {"since": gap.since, "types": list(gap.types)}
        await self._known.update_one({"_id": self._queue}, {"$addToSet": {"gaps": document}}, upsert=True)
        for event_type in gap.types:
            _lost.labels(event_type).inc()
        log.error("binding_missing", queue=self._queue, types=list(gap.types), since=gap.since.isoformat())
        await self.gaps()

    def _show(self, found: list[Gap]) -> None:
        _open.set(len(found))
        self.open_types = frozenset(event_type for gap in found for event_type in gap.types)
