"""What the walk saw: how many routes and calls, what leaked, what was answered otherwise than the table says."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One call that was not answered as it should be."""

    route: str
    caller: str
    variation: str
    expected: str
    answered: str

    def line(self) -> str:
        """In one line."""
        return f"{self.route} · {self.caller} · {self.variation}: expected {self.expected}, got {self.answered}"


@dataclass(slots=True)
class Report:
    """The outcome of one walk. ``others``: how many addresses were walked that are no routes, such as aliases."""

    routes: set[str] = field(default_factory=set)
    others: int = 0
    calls: int = 0
    by_caller: Counter[str] = field(default_factory=Counter)
    missing_rows: list[str] = field(default_factory=list)
    unknown_rows: list[str] = field(default_factory=list)
    leaks: list[Finding] = field(default_factory=list)
    wrong: list[Finding] = field(default_factory=list)

    def count(self, caller: str) -> None:
        """One more call."""
        self.calls += 1
        self.by_caller[caller] += 1

    @property
    def is_clean(self) -> bool:
        """Whether every route has its row, every answer was the expected one, and nothing leaked."""
        return not (self.missing_rows or self.unknown_rows or self.leaks or self.wrong)

    def summary(self) -> str:
        """The line that people read."""
        told = {"routes": len(self.routes), "calls": self.calls, "leaks": len(self.leaks)}
        rest = {"other addresses": self.others, "wrong answers": len(self.wrong)}
        return ", ".join(f"{name}: {number}" for name, number in (told | rest).items())

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "routes": len(self.routes),
            "otherAddresses": self.others,
            "calls": self.calls,
            "callsByCaller": dict(sorted(self.by_caller.items())),
            "leaks": [finding.line() for finding in self.leaks],
            "wrong": [finding.line() for finding in self.wrong],
            "missingRows": self.missing_rows,
            "unknownRows": self.unknown_rows,
        }

    def for_tenants(self, walked_at: datetime, suite_version: str) -> dict[str, Any]:
        """What every company may read: counts, routes as declared and kinds of callers, and nobody's ids."""
        leaks = sorted({(finding.route, finding.caller) for finding in self.leaks})
        return {
            "walkedAt": walked_at.isoformat(),
            "suiteVersion": suite_version,
            "routes": len(self.routes),
            "otherAddresses": self.others,
            "calls": self.calls,
            "callsByCaller": dict(sorted(self.by_caller.items())),
            "leaks": [{"route": route, "caller": caller} for route, caller in leaks],
        }
