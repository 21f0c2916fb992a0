"""What the supervisor is told about a process."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

LONGEST_PAUSE_SECONDS = 30.0
SERVER_PAUSE_SECONDS = 0.5
"""Every service waits for a server that fell: a pause would give nobody rest."""

SERVER_NICENESS = -4
"""Behind the door and before the services, all of which wait for it."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process: a program to exec (`argv`) or a Python function to call in a fork (`call`).

    `group` is the name that `restart` and `logs` take: copies of one service share it.
    `prepare`, where there is one, is called before a fork and returns what the fork then calls instead.
    `niceness` is how far it stands back where processors are short (nice(1)).
    `drain_seconds` is how long it may take from SIGTERM to its end before it is killed, and
    `longest_pause_seconds` how long at most it stays down after crashes in a row.
    """

    name: str
    group: str
    environment: dict[str, str] = field(repr=False)
    argv: tuple[str, ...] = ()
    call: str = ""
    prepare: str = ""
    arguments: tuple[str | int, ...] = ()
    ports: tuple[int, ...] = ()
    log: str = ""
    niceness: int = 0
    drain_seconds: float = 20.0
    longest_pause_seconds: float = LONGEST_PAUSE_SECONDS

    def to_json(self) -> dict[str, Any]:
        """For the supervisor; one started from an earlier version knows what is usual only."""
        document = asdict(self)
        for name, usual in (("longest_pause_seconds", LONGEST_PAUSE_SECONDS), ("niceness", 0)):
            if document[name] == usual:
                del document[name]
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Rebuilds what `to_json` wrote; lists become tuples again."""
        listed = {name: tuple(document.get(name, ())) for name in ("argv", "arguments", "ports")}
        return cls(**{**document, **listed})
