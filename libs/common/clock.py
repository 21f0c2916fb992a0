"""The one source of time. Domain code receives ``now``; everything else asks an injected clock."""

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

TOLERATED_SECONDS = 0.25
"""Between machines that are kept in time; below it a clock is better left alone than moved to and fro."""


class Clock(Protocol):
    """Anything that tells the time in UTC."""

    def now(self) -> datetime:
        """The current instant, timezone-aware, to the millisecond (MongoDB keeps no more)."""
        ...


class SystemClock:
    """The machine's clock, shifted by ``MARKETHALL_CLOCK_OFFSET_SECONDS`` where a fault test asks for it.

    It can be made to follow another one: services that share a database and its deadlines must agree on the time.
    """

    def __init__(self, offset_seconds: int | None = None) -> None:
        if offset_seconds is None:
            offset_seconds = int(os.environ.get("MARKETHALL_CLOCK_OFFSET_SECONDS", "0"))
        self._offset_ms = offset_seconds * 1000

    def follow(self, reference: datetime, before: datetime, after: datetime) -> float:
        """Take the time from ``reference``, which was told between ``before`` and ``after`` of this clock.

        Returns by how many seconds this clock was put right; 0 while the difference is below what is tolerated.
        """
        ahead = min((reference - before).total_seconds(), 0.0) or max((reference - after).total_seconds(), 0.0)
        if abs(ahead) <= TOLERATED_SECONDS:
            return 0.0
        self._offset_ms += round(ahead * 1000)
        return ahead

    def now(self) -> datetime:
        milliseconds = time.time_ns() // 1_000_000 + self._offset_ms
        return datetime.fromtimestamp(milliseconds // 1000, UTC) + timedelta(milliseconds=milliseconds % 1000)


class FixedClock:
    """A clock that stands still until it is moved; for tests of rules that depend on time."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: int) -> None:
        """Move forward by whole seconds."""
        self._now += timedelta(seconds=seconds)


def monotonic_seconds() -> float:
    """Seconds on a clock that never goes back; for deadlines inside one process only."""
    return time.monotonic()
