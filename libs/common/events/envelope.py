"""The CloudEvents 1.0 envelope, as a typed object in handlers and as a plain document in outboxes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from common.context import CallContext
from common.events.base import EVENT_MODELS, EventData
from common.ids import new_id

Data = TypeVar("Data", bound=EventData, covariant=True)


class UnknownEvent(ValueError):
    """An event type that this version does not know."""


class ForeignCompany(ValueError):
    """An event whose envelope names one company and whose data another."""


@dataclass(frozen=True, slots=True)
class Envelope(Generic[Data]):
    """One delivered event. ``sequence`` orders the events of one aggregate (0 where it has none)."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    company_id: str | None
    shop_id: str | None
    actor: str
    correlation_id: str
    causation_id: str | None
    client_ip: str | None
    traceparent: str | None
    sequence: int
    data: Data
    actor_role: str | None = None

    def caused(self) -> CallContext:
        """The context in which this event's consequences happen."""
        return CallContext(
            correlation_id=self.correlation_id,
            causation_id=self.id,
            actor=self.actor,
            client_ip=self.client_ip,
            traceparent=self.traceparent,
            company_id=self.company_id,
            actor_role=self.actor_role,
        )


def seal(
    data: EventData,
    *,
    source: str,
    company_id: str | None,
    sequence: int,
    now: datetime,
    call: CallContext,
    shop_id: str | None = None,
) -> dict[str, Any]:
    """The CloudEvent document for ``data``: JSON-ready, stored in an outbox and published as it stands."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": new_id("evt"),
        "source": f"markethall/{source}",
        "type": data.TYPE,
        "subject": data.subject_id(),
        "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "actor": call.actor,
        "correlationid": call.correlation_id,
        "dataversion": str(data.VERSION),
        "sequence": sequence,
        "data": data.model_dump(mode="json", by_alias=True),
    }
    optional = {
        "companyid": company_id,
        "shopid": shop_id or getattr(data, "shop_id", None),
        "causationid": call.causation_id,
        "clientip": call.client_ip,
        "traceparent": call.traceparent,
        "actorrole": call.actor_role,
    }
    document.update({name: value for name, value in optional.items() if value is not None})
    return document


def unseal(document: dict[str, Any]) -> Envelope[EventData]:
    """Read a CloudEvent document.

    Raises UnknownEvent, pydantic's ValidationError for bad data, or ForeignCompany for a fact about another company
    than the one in whose name it came.
    """
    model = EVENT_MODELS.get(document["type"])
    if model is None:
        raise UnknownEvent(document["type"])
    data = model.model_validate(document["data"])
    about = getattr(data, "company_id", None)
    if about and about != document.get("companyid"):
        raise ForeignCompany(f"{document['type']} about {about} in the name of {document.get('companyid')}")
    return Envelope(
        id=document["id"],
        type=document["type"],
        source=document["source"],
        subject=document["subject"],
        time=datetime.fromisoformat(document["time"]),
        company_id=document.get("companyid"),
        shop_id=document.get("shopid"),
        actor=document.get("actor", "system"),
        correlation_id=document.get("correlationid", ""),
        causation_id=document.get("causationid"),
        client_ip=document.get("clientip"),
        traceparent=document.get("traceparent"),
        sequence=int(document.get("sequence", 0)),
        data=data,
        actor_role=document.get("actorrole"),
    )
