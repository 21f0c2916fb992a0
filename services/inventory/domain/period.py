"""The ``from`` and ``to`` of lists: instants, or days inclusive in the company's time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from common.errors import Invalid

Bounds = tuple[datetime | None, datetime | None]


def bounds(start: str | None, end: str | None, timezone: str) -> Bounds:
    """The half-open period as instants in UTC. Raises Invalid ``invalid_query`` for what is neither."""
    return _instant("from", start, timezone, days=0), _instant("to", end, timezone, days=1)


def _instant(name: str, text: str | None, timezone: str, *, days: int) -> datetime | None:
    if text is None:
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=days)
            return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise Invalid("invalid_query", "Not a time.", [(name, "needs its offset, such as Z")])
        return instant.astimezone(UTC) + timedelta(milliseconds=days)
    except (ValueError, OverflowError) as error:
        raise Invalid("invalid_query", "Not a time.", [(name, "RFC 3339, or YYYY-MM-DD")]) from error
