"""One thing that is measured: its requests, when it is over, and the same work with nothing but the drivers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.ground import Ground
from bench.load import Plan

Plans = Callable[[Ground, int, "Effort"], list[Plan] | Awaitable[list[Plan]]]
"""Makes one plan a round for so many clients; what the requests need is made first."""

Settle = Callable[[Ground], Awaitable[None]]
Floor = Callable[[Ground], Awaitable[float]]
"""CPU milliseconds of one operation with nothing but the drivers, servers included."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often: ``seconds`` a round, ``rounds``, and for what writes, ``writes`` a round."""

    seconds: float = 3.0
    rounds: int = 3
    writes: int = 400


@dataclass(frozen=True, slots=True)
class Limits:
    """What the figures at eight clients are held against; None where nothing was promised."""

    cpu: float | None = None
    times_floor: float | None = None
    p99: float | None = None
    """Milliseconds until the answer, at half of what eight clients get through."""
    settled_p99: float | None = None
    """The same until the last effect in any service."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation by name. ``rate``: requests a second of the open loop; None for closed loops of 1, 8, 32.

    ``counted``: whose processor time it is; None for that of every process.
    """

    name: str
    what: str
    plans: Plans
    floor: Floor | None = None
    settle: Settle | None = None
    limits: Limits = Limits()
    rate: float | None = None
    counted: frozenset[str] | None = None
