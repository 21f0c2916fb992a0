"""From and to, as people ask for them: instants, or whole days in the company's time zone."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from common.errors import Invalid

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
YEARS = range(1900, 3000)


def names_a_day(*values: str | None) -> bool:
    """Whether a time zone is needed to understand these."""
    return any(_DAY.fullmatch(value) for value in values if value)


def span(begin: str | None, end: str | None, zone: ZoneInfo) -> dict[str, datetime]:
    """The condition on a moment; both ends belong to it, a day as a whole. Raises Invalid ``invalid_query``."""
    found = {}
    if begin:
        found["$gte"] = _instant("from", begin, zone)
    if end and _DAY.fullmatch(end):
        found["$lt"] = _instant("to", end, zone, days=1)
    elif end:
        found["$lte"] = _instant("to", end, zone)
    return found


def _instant(name: str, value: str, zone: ZoneInfo, days: int = 0) -> datetime:
    try:
        if _DAY.fullmatch(value):
            instant = datetime.combine(date.fromisoformat(value) + timedelta(days=days), time.min, zone)
        else:
            instant = datetime.fromisoformat(value)
        if instant.tzinfo is None or instant.year not in YEARS:
            raise ValueError("no offset, or out of all bounds")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = "must be RFC 3339, or YYYY-MM-DD"
        raise Invalid("invalid_query", "This is not a time.", [(name, message)]) from error
