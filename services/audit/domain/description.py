"""What a fact of the feed becomes in the log: who did what to what, before and after."""

from datetime import UTC, datetime
from typing import Any

from common.events import EVENT_MODELS, Envelope, EventData
from common.events.parts import ChangeData

ACTOR_TYPES = ("user", "key", "system", "anonymous")


def describe(event: Envelope[EventData], document: dict[str, Any]) -> dict[str, Any]:
    """The audit event for a fact of the feed, before it has a place in its chain.

    ``document`` is the CloudEvent as published. Edits show what they changed; all else shows its data.
    """
    is_edit = isinstance(event.data, ChangeData)
    at = instant(event.time)
    return {
        "id": f"aud_{event.id.removeprefix('evt_')}",
        "companyId": event.company_id,
        "version": 1,
        "createdAt": at,
        "updatedAt": at,
        "at": at,
        "actor": _actor(event),
        "action": event.type,
        "resource": {"type": resource_type(type(event.data)), "id": event.subject},
        "before": document["data"].get("before") if is_edit else None,
        "after": document["data"].get("after") if is_edit else document["data"],
        "requestId": event.correlation_id or None,
        "eventId": event.id,
    }


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC, always to the millisecond, so that instants sort as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _actor(event: Envelope[EventData]) -> dict[str, Any]:
    kind, _, actor_id = event.actor.partition(":")
    shown = kind if kind in ACTOR_TYPES else "system"
    told = {"type": shown, "id": actor_id or None, "ip": event.client_ip}
    return {**told, "role": event.actor_role} if event.actor_role else told


def resource_type(model: type[EventData]) -> str:
    """What the event's subject is: ``order`` for inventory.reserved too, whose subject is an order."""
    first = next(name for name in model.model_fields if name not in ChangeData.model_fields)
    names_its_subject = first.endswith("_id") and (
        model.subject_id is EventData.subject_id or issubclass(model, ChangeData)
    )
    return first.removesuffix("_id") if names_its_subject else model.TYPE.partition(".")[0]


RESOURCE_TYPES = frozenset(resource_type(model) for model in EVENT_MODELS.values())


def actions_like(action: str) -> list[str]:
    """The actions that ``order.*`` stands for, sorted."""
    prefix = action.removesuffix("*")
    return sorted(name for name in EVENT_MODELS if name.startswith(prefix))
