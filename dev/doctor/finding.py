"""What the doctor says of one thing."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """``notice`` deserves a look and is no fault; ``unasked`` could not be found out."""

    OK = "ok"
    NOTICE = "notice"
    UNASKED = "unasked"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and where something can be done about it, what."""

    area: str
    state: State
    said: str
    helps: str = ""

    def document(self) -> dict[str, Any]:
        """The finding for programs."""
        return asdict(self)


def ok(area: str, said: str) -> Finding:
    return Finding(area, State.OK, said)


def notice(area: str, said: str, helps: str = "") -> Finding:
    return Finding(area, State.NOTICE, said, helps)


def unasked(area: str, said: str, helps: str = "") -> Finding:
    return Finding(area, State.UNASKED, said, helps)


def wrong(area: str, said: str, helps: str) -> Finding:
    return Finding(area, State.WRONG, said, helps)
