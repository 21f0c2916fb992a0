"""What a row works with."""

import asyncio
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dev.prove.rows import Scale
from dev.prove.suite import ProvedSuite
from dev.prove.verdict import Check, Verdict

T = TypeVar("T")
Progress = Callable[[int, str, float, float], None]
"""Hears the row's number, what is being done, how much of it is done, and how much there is."""

SHOWN = 5


class Noticed(Exception):
    """A check failed, and that was all that there was to be found out."""


@dataclass(slots=True)
class Stage:
    """The suite, the seeded randomness and the checks of one row.

    ``folder`` is the row's own, for its journal; ``ending`` is set when a constant row is to come to its end.
    A check that fails is noted and the row goes on, so that one run shows all that is wrong.
    """

    suite: ProvedSuite
    verdict: Verdict
    scale: Scale
    rng: random.Random
    folder: Path
    told: Progress
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    shared: dict[str, Any] = field(default_factory=dict)
    """What one row leaves for another of the same run, by name."""
    patience_seconds: float | None = None
    """Where a row only has to go red: so long it waits at most for what is to come, and ends at its first bad check."""

    def pick(self, small: T, full: T) -> T:
        """The one that belongs to the scale."""
        return full if self.scale is Scale.FULL else small

    def patience(self, seconds: float) -> float:
        """How long to wait for something that may take ``seconds``."""
        return seconds if self.patience_seconds is None else min(seconds, self.patience_seconds)

    def check(self, name: str, expected: Any, seen: Any) -> bool:
        """Both sides must be equal."""
        return self._note(name, expected, seen, bool(expected == seen))

    def at_most(self, name: str, limit: float, seen: float) -> bool:
        """``seen`` must not be above ``limit``; the unit belongs into the name."""
        return self._note(name, f"≤ {limit:g}", round(seen, 3), seen <= limit)

    def at_least(self, name: str, limit: float, seen: float) -> bool:
        """``seen`` must not be below ``limit``; the unit belongs into the name."""
        return self._note(name, f"≥ {limit:g}", round(seen, 3), seen >= limit)

    def none(self, name: str, found: Collection[Any]) -> bool:
        """Nothing of this may have been found; the first few of what was are shown."""
        seen = f"{len(found)}: {list(found)[:SHOWN]}" if found else 0
        return self._note(name, 0, seen, not found)

    def count(self, name: str, amount: float = 1) -> None:
        """Adds to a figure that the report shows: how many of what were made, sent, killed."""
        self.verdict.counts[name] = self.verdict.counts.get(name, 0) + amount

    def measure(self, name: str, value: float) -> None:
        """A figure of the report that nothing is judged by; the unit belongs into the name."""
        self.verdict.counts[name] = round(value, 3)

    def note(self, text: str) -> None:
        """A sentence for whoever reads the report: what could not be shown here, and why."""
        self.verdict.notes.append(text)

    def progress(self, what: str, done: float, total: float) -> None:
        """Tells how far the row is."""
        self.told(self.verdict.number, what, done, total)

    def _note(self, name: str, expected: Any, seen: Any, ok: bool) -> bool:
        self.verdict.checks.append(Check(name, expected, seen, ok))
        if not ok and self.patience_seconds is not None:
            raise Noticed(name)
        return ok
