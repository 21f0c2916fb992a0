"""What became of the calls of one flow, or of one kind of its calls."""

import json
from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from typing import Any


@dataclass(slots=True)
class Told:
    """``sent`` calls were due in the measured time; ``good`` were answered 2xx in time; the rest stands by status.

    Status 0: no answer came. ``late`` were answered 2xx, too late to be of use. ``blunt`` are refusals (429, 503)
    without Retry-After. ``latencies`` are those of the calls answered 2xx, ``refusal_latencies`` those of 429 and 503;
    seconds.
    """

    seconds: float
    sent: int = 0
    good: int = 0
    late: int = 0
    blunt: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    refusal_latencies: list[float] = field(default_factory=list)
    calls: dict[str, "Told"] = field(default_factory=dict)
    generator_cores: float = 0.0

    @property
    def goodput(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds

    def refused(self) -> int:
        """How many were refused to be asked again: 429 and 503."""
        return self.statuses[429] + self.statuses[503]

    def broken(self) -> dict[int, int]:
        """Whatever was neither answered 2xx nor refused with 429 or 503, by status."""
        return {status: n for status, n in self.statuses.items() if not (200 <= status < 300 or status in (429, 503))}

    def at(self, share: float) -> float:
        """The latency in seconds that this share of the answers does not exceed; 0.0 without any."""
        return quantile(self.latencies, share)

    @classmethod
    def read(cls, told: dict[str, Any], seconds: float, cores: float) -> "Told":
        """From what the generator tells."""
        calls = {name: cls.read(each, seconds, cores) for name, each in told.pop("calls", {}).items()}
        statuses = Counter({int(status): count for status, count in told.pop("statuses").items()})
        return cls(seconds, **told, statuses=statuses, calls=calls, generator_cores=cores)


def quantile(values: list[float], share: float) -> float:
    """The smallest value that at least this share does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else 0.0


def read_all(text: bytes) -> dict[str, Told]:
    """Each flow's outcome by its name."""
    told = json.loads(text)
    cores = told["cpu_seconds"] / told["wall_seconds"]
    return {name: Told.read(each, told["seconds"], cores) for name, each in told["flows"].items()}
