"""Ranges of whole local days."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from common.errors import Invalid

LONGEST_DAYS = 1100
DEFAULT_DAYS = 30

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Range:
    """Whole local days, both included."""

    first: date
    last: date

    @property
    def before(self) -> "Range":
        """As many days, directly before these."""
        length = self.last - self.first + timedelta(days=1)
        return Range(self.first - length, self.last - length)


def read_range(start: str | None, end: str | None, timezone: str, now: datetime) -> Range:
    """The days asked for; the last 30 by default. Raises Invalid ``invalid_query``.

    A bare date is a local day, included. An instant stands for the local day it lies in; as the end
    of a range, local midnight closes the day before it.
    """
    zone = ZoneInfo(timezone)
    last = _day("to", end, zone, closes=True) if end else now.astimezone(zone).date()
    first = _day("from", start, zone) if start else last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last and not _same_instant(start, end):
        raise _refused("from", "must not lie behind `to`")
    if (last - first).days >= LONGEST_DAYS:
        raise _refused("from", f"at most {LONGEST_DAYS} days at once")
    return Range(first, max(first, last))


def _same_instant(start: str | None, end: str | None) -> bool:
    return start is not None and start == end


def _day(name: str, value: str, zone: ZoneInfo, *, closes: bool = False) -> date:
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("an instant needs its offset")
        local = moment.astimezone(UTC) - timedelta(microseconds=1 if closes else 0)
        return local.astimezone(zone).date()
    except (ValueError, OverflowError) as error:
        raise _refused(name, "must be RFC 3339 or YYYY-MM-DD") from error


def _refused(name: str, message: str) -> Invalid:
    return Invalid("invalid_query", "This range cannot be shown.", [(name, message)])


def within(days: Range) -> dict[str, str]:
    """The condition on a stored day."""
    return {"$gte": days.first.isoformat(), "$lte": days.last.isoformat()}
