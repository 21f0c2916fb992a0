"""What a caller's filters ask of the log."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from common.errors import Invalid
from services.audit.domain import ACTOR_TYPES, RESOURCE_TYPES, actions_like, instant

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def criteria(filters: dict[str, str], zone: Any) -> dict[str, Any]:
    """The query that the filters ask for. ``actor`` and ``resource`` take an id, a type, or ``type:id``.

    ``action`` is one, or all that begin as ``order.*`` does. Raises Invalid ``invalid_query``.
    """
    wanted: dict[str, Any] = {}
    if "action" in filters:
        named = filters["action"]
        wanted["action"] = {"$in": actions_like(named)} if named.endswith("*") else named
    wanted |= {name: filters[name] for name in ("requestId", "eventId") if name in filters}
    if "actor" in filters:
        wanted |= _named("actor", filters["actor"], frozenset(ACTOR_TYPES))
    if "resource" in filters:
        wanted |= _named("resource", filters["resource"], RESOURCE_TYPES)
    between = {}
    if "from" in filters:
        between["$gte"] = instant(_moment("from", filters["from"], zone))
    if "to" in filters:
        is_day = _DAY.fullmatch(filters["to"]) is not None
        end = _moment("to", filters["to"], zone, days=1 if is_day else 0)
        between["$lt" if is_day else "$lte"] = instant(end)
    return {**wanted, **({"createdAt": between} if between else {})}


def _named(field: str, value: str, types: frozenset[str]) -> dict[str, Any]:
    kind, colon, named = value.partition(":")
    if colon:
        return {f"{field}.type": kind, f"{field}.id": named}
    return {f"{field}.type" if value in types else f"{field}.id": value}


def _moment(name: str, value: str, zone: Any, days: int = 0) -> datetime:
    """An instant, or the beginning of a day (``days`` later) in ``zone``. Raises Invalid ``invalid_query``."""
    try:
        if _DAY.fullmatch(value):
            return datetime.combine(date.fromisoformat(value) + timedelta(days=days), time(), zone)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("an instant needs its offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("invalid_query", str(error), [(name, "must be RFC 3339 or YYYY-MM-DD")]) from error
