"""What a row found: checks, counts and figures, and the verdict that follows from them."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold: what was expected beside what was seen."""

    name: str
    expected: Any
    seen: Any
    ok: bool

    def document(self) -> dict[str, Any]:
        """The check for programs."""
        return {"name": self.name, "expected": self.expected, "seen": self.seen, "ok": self.ok}


@dataclass(slots=True)
class Verdict:
    """One row's outcome. ``error``: what broke it off. Green needs at least one check, all good, and no error."""

    number: int
    name: str
    claim: str
    seed: str
    checks: list[Check] = field(default_factory=list)
    counts: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    seconds: float = 0.0

    @property
    def is_green(self) -> bool:
        """Whether the guarantee was shown."""
        return not self.error and bool(self.checks) and all(check.ok for check in self.checks)

    @property
    def failures(self) -> list[str]:
        """What does not hold, a line each."""
        lines = [f"{check.name}: expected {check.expected}, saw {check.seen}" for check in self.checks if not check.ok]
        if self.error:
            lines.append(self.error)
        if not lines and not self.checks:
            lines.append("nothing was checked")
        return lines

    def document(self) -> dict[str, Any]:
        """The verdict for programs."""
        return {
            "row": self.number,
            "name": self.name,
            "claim": self.claim,
            "verdict": "green" if self.is_green else "red",
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "counts": self.counts,
            "checks": [check.document() for check in self.checks],
            "notes": self.notes,
            "error": self.error or None,
        }
