"""Times and amounts as people read them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from common.money import exponent


def span(length: timedelta) -> str:
    """Two units at most: ``12 s``, ``3 min 5 s``, ``2 h 10 min``, ``4 d 1 h``."""
    seconds = max(0, round(length.total_seconds()))
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = [(days, "d"), (hour, "h"), (minute, "min"), (second, "s")]
    first = next((number for number, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or "0 s"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago."""
    return f"{span(now - moment)} ago"


def clock(moment: datetime) -> str:
    """The time of day in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%H:%M:%S")


def day_and_clock(moment: datetime) -> str:
    """The day and the time of it in UTC, to the millisecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def amount(money: dict[str, Any]) -> str:
    """``19.99 EUR``, by the currency's own number of digits."""
    digits = exponent(money["currency"])
    return f"{Decimal(money['amount']).scaleb(-digits):.{digits}f} {money['currency']}"
