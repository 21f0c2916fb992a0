"""The rows of the proof: what is promised, and the function that shows it."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dev.prove.stage import Stage

Show = Callable[["Stage"], Awaitable[None]]

LAST_ROW = 38


class Scale(StrEnum):
    """How much is done: ``small`` for every test run, ``full`` for the proof that is shown to others."""

    SMALL = "small"
    FULL = "full"


class Kind(StrEnum):
    """How a row gets on with the others.

    ``calm`` rows disturb nobody and run beside each other; a ``rough`` one kills or reconfigures what all
    use and has a suite to itself; a ``lone`` one is judged by the clock and has the machine to itself, too; a
    ``constant`` one begins before all others and ends after them.
    """

    CALM = "calm"
    ROUGH = "rough"
    LONE = "lone"
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True)
class Row:
    """One guarantee. ``claim`` says in one line what must hold, with its figures.

    ``follows``: the row in whose suite, and after which, it runs, for it goes on with what that one has done.
    """

    number: int
    name: str
    claim: str
    kind: Kind
    show: Show
    follows: int | None = None


_ROWS: dict[int, Row] = {}


def guarantee(
    number: int, name: str, claim: str, *, kind: Kind = Kind.CALM, follows: int | None = None
) -> Callable[[Show], Show]:
    """Registers the decorated coroutine function as the row of this number. Raises ValueError where one is."""

    def register(show: Show) -> Show:
        if number in _ROWS:
            raise ValueError(f"row {number} is there already: {_ROWS[number].name}")
        _ROWS[number] = Row(number, name, claim, kind, show, follows)
        return show

    return register


def all_rows() -> dict[int, Row]:
    """Every row by its number, in order."""
    from dev.prove import guarantees

    for module in pkgutil.iter_modules(guarantees.__path__):
        importlib.import_module(f"{guarantees.__name__}.{module.name}")
    return dict(sorted(_ROWS.items()))


def parse_rows(text: str | None) -> list[int]:
    """The numbers that ``1,5-8`` names; all of them for None. Raises ValueError."""
    if text is None:
        return list(range(1, LAST_ROW + 1))
    chosen: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low, high = int(first), int(last if dash else first)
        if not 1 <= low <= high <= LAST_ROW:
            raise ValueError(f"rows are 1 to {LAST_ROW}, not {part.strip()}")
        chosen |= set(range(low, high + 1))
    return sorted(chosen)
