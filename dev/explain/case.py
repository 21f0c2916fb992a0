"""Everything that is known of one order at one moment."""

from dataclasses import dataclass
from datetime import UTC, datetime

from common.suite import SERVICES
from dev.documents import handler_tables
from dev.explain.broker import AtTheBroker, Broker
from dev.explain.events import Seen, read_events
from dev.explain.finding import slug_of
from dev.explain.handling import note_handling
from dev.explain.provider import View, provider_views
from dev.explain.records import Records, read_records
from dev.explain.sources import Document, Sources
from dev.home import Home
from dev.supervisor.client import NotRunningError, SupervisorClient


@dataclass(frozen=True, slots=True)
class Case:
    """One order, as all services, the broker and the providers have it. ``stopped``: its services that do not run."""

    at: datetime
    slug: str
    records: Records
    events: list[Seen]
    audited: list[Document]
    broker: AtTheBroker
    providers: list[View]
    stopped: list[str]

    @property
    def order(self) -> Document:
        """The order as sales keeps it."""
        return self.records.order

    @property
    def requests(self) -> list[str]:
        """The ids of the requests that moved it, by which the logs are searched."""
        return sorted({seen.document.get("correlationid", "") for seen in self.events} - {""})

    @property
    def traces(self) -> list[str]:
        """The ids of its traces, where any were made."""
        parents = [seen.document.get("traceparent") for seen in self.events]
        return sorted({parent.split("-")[1] for parent in parents if parent and parent.count("-") == 3})


def read_case(home: Home, sources: Sources, broker: Broker, order: Document) -> Case:
    """Ask everybody. The order is read anew: it may have moved since it was found."""
    records = read_records(sources, sources.one("sales", "orders", {"_id": order["_id"]}) or order)
    events = read_events(sources, records)
    ids = {seen.id for seen in events}
    runs = _processes(home)
    tables = {name: {model.TYPE for model in models} for name, models in handler_tables().items() if name in runs}
    inbox = sources.find("analytics", "inbox", {"_id": {"$in": list(ids)}})
    note_handling(events, records, tables, {each["_id"] for each in inbox})
    concerned = sorted({service for seen in events for service in seen.consumers} | {"sales", "payment", "inventory"})
    return Case(
        at=datetime.now(UTC),
        slug=slug_of(sources, records.company_id),
        records=records,
        events=events,
        audited=_audited(sources, records),
        broker=broker.look(concerned, ids, records.order_id),
        providers=provider_views(home, records.payments),
        stopped=[name for name, is_running in runs.items() if not is_running],
    )


def _audited(sources: Sources, records: Records) -> list[Document]:
    criteria = {"companyId": records.company_id, "resource.id": records.order_id}
    return sources.find("audit", "audit_events", criteria, sort=[("createdAt", 1)])


def _processes(home: Home) -> dict[str, bool]:
    """Which services belong to this suite, and whether any copy runs; all do where no supervisor is asked."""
    try:
        processes = SupervisorClient(home).processes()
    except NotRunningError:
        return dict.fromkeys(SERVICES, True)
    running = {each["group"] for each in processes if each["pid"]}
    return {name: name in running for name in SERVICES if name in {each["group"] for each in processes}}
