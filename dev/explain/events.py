"""Every event of an order and of what it caused, sent or not, in the order in which they happened."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from dev.explain.records import Records
from dev.explain.sources import Document, Sources

Handling = Literal["handled", "nothing to do", "no trace", "open"]
"""What a consumer made of an event. ``no trace``: it leaves none where there is nothing to tell."""

EARLIER = timedelta(minutes=1)
LATER = timedelta(minutes=10)
"""How far from the records' own times their events are looked for: clocks differ, and a broker may be away."""


@dataclass(slots=True)
class Seen:
    """One event. ``sent_at`` None: the broker has not confirmed it; it waits in the named aggregate since then."""

    document: Document
    service: str
    sent_at: datetime | None
    aggregate: tuple[str, str] | None = None
    consumers: dict[str, Handling] = field(default_factory=dict)
    is_audited: bool = False

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.document["id"])

    @property
    def type(self) -> str:
        """What happened."""
        return str(self.document["type"])

    @property
    def at(self) -> datetime:
        """When it happened, by its producer's clock."""
        return datetime.fromisoformat(self.document["time"])

    @property
    def data(self) -> Document:
        """What it tells."""
        return dict(self.document["data"])


def read_events(sources: Sources, records: Records) -> list[Seen]:
    """The events, by time. What belongs to another order of the same request is left out."""
    found = _everywhere(sources, records, {})
    requests = sorted({seen.document.get("correlationid", "") for seen in found.values()} - {""})
    if requests:
        found = _everywhere(sources, records, found, {"correlationid": {"$in": requests}})
    audited = {"companyId": records.company_id, "eventId": {"$in": list(found)}}
    known = {each["eventId"] for each in sources.find("audit", "audit_events", audited, projection={"eventId": 1})}
    for seen in found.values():
        seen.is_audited = seen.id in known
    return sorted(found.values(), key=lambda seen: (seen.at, seen.document["sequence"], seen.id))


def _everywhere(sources: Sources, records: Records, known: dict[str, Seen], *more: Document) -> dict[str, Seen]:
    """``known`` and what all outboxes and all sent events hold of this order, unsent ones first."""
    order_id = records.order_id
    wanted: list[Document] = [{"subject": {"$in": records.ids()}}, {"data.orderId": order_id}, *more]
    found = dict(known)
    for seen in [*_unsent(sources, records, wanted), *_sent(sources, records, wanted)]:
        if _is_of(seen.document, order_id):
            found.setdefault(seen.id, seen)
    return found


def _sent(sources: Sources, records: Records, wanted: list[Document]) -> Iterable[Seen]:
    """From the producers' own copies, which they keep for a week; by time, the only index these have."""
    since = records.order["createdAt"] - EARLIER
    until = records.last_change() + LATER
    any_of = [{f"event.{name}": value for name, value in each.items()} for each in wanted]
    for service in sources.services:
        criteria = {"sentAt": {"$gte": since, "$lte": until}, "$or": any_of}
        for each in sources.find(service, "sent_events", criteria):
            yield Seen(each["event"], service, each["sentAt"])


def _unsent(sources: Sources, records: Records, wanted: list[Document]) -> Iterable[Seen]:
    any_of = [{f"outbox.{name}": value for name, value in each.items()} for each in wanted]
    for service, collection, document in sources.pending({"$or": any_of}):
        for event in document.get("outbox", []):
            yield Seen(event, service, None, (collection, document["_id"]))
    for service, name, document in records.aggregates():
        for event in document.get("outbox", []):
            yield Seen(event, service, None, (name, document["_id"]))


def _is_of(event: Document, order_id: str) -> bool:
    """Whether it names this order, or none: one request may have made several."""
    named = {event["data"].get("orderId"), event["subject"] if event["subject"].startswith("ord_") else None}
    return named <= {order_id, None}
