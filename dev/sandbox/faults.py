"""Faults that a test asks for: lost answers, slow answers, and webhooks that repeat, swap or wait."""

import sqlite3
from dataclasses import dataclass, fields, replace
from typing import Any

from dev.sandbox.storage import Storage


class FaultsRefused(Exception):
    """The asked-for faults are not understood; the message says why."""


@dataclass(frozen=True)
class Faults:
    """Everything off is the default. Counted ones go down as they are used; switches stay until cleared."""

    drop_answers: int = 0
    """The next N changing requests take effect, then their connection breaks without an answer."""
    server_errors: int = 0
    """The next N changing requests are answered 500 without having taken effect."""
    delay_milliseconds: int = 0
    """Every answer waits this long after its effect."""
    duplicate_webhooks: int = 0
    """Every webhook goes out this many extra times."""
    reorder_webhooks: int = 0
    """1: webhooks are gathered for a moment and go out newest first."""
    hold_webhooks: int = 0
    """1: no webhook goes out until this is cleared."""


LIMITS = {
    "drop_answers": 1_000_000,
    "server_errors": 1_000_000,
    "delay_milliseconds": 120_000,
    "duplicate_webhooks": 10,
    "reorder_webhooks": 1,
    "hold_webhooks": 1,
}
WIRE_NAMES = {
    "dropAnswers": "drop_answers",
    "serverErrors": "server_errors",
    "delayMs": "delay_milliseconds",
    "duplicateWebhooks": "duplicate_webhooks",
    "reorderWebhooks": "reorder_webhooks",
    "holdWebhooks": "hold_webhooks",
}
SWITCHES = {"reorderWebhooks", "holdWebhooks"}


def parse_faults(current: Faults, asked: object) -> Faults:
    """`current` changed by what a JSON body asks for; raises FaultsRefused on unknown names or values."""
    if not isinstance(asked, dict):
        raise FaultsRefused("send a JSON object")
    changes: dict[str, int] = {}
    for wire_name, value in asked.items():
        name = WIRE_NAMES.get(wire_name)
        if name is None:
            raise FaultsRefused(f"unknown fault {wire_name!r}; known are {', '.join(WIRE_NAMES)}")
        if not isinstance(value, int) or not 0 <= value <= LIMITS[name]:
            raise FaultsRefused(f"{wire_name} takes a whole number from 0 to {LIMITS[name]}, or true and false")
        changes[name] = int(value)
    return replace(current, **changes)


def describe_faults(faults: Faults) -> dict[str, Any]:
    """The faults as JSON."""
    values = {wire_name: getattr(faults, name) for wire_name, name in WIRE_NAMES.items()}
    return {name: bool(value) if name in SWITCHES else value for name, value in values.items()}


class FaultBoard:
    """The faults in force, kept in memory for speed and in storage so that a restart does not lift them."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.current = Faults()

    async def load(self) -> None:
        """Take up the faults that were in force before a restart."""
        rows = await self._storage.run(lambda db: db.execute("SELECT name, value FROM faults").fetchall())
        known = {field.name for field in fields(Faults)}
        self.current = Faults(**{row["name"]: row["value"] for row in rows if row["name"] in known})

    async def put(self, faults: Faults) -> None:
        """Put `faults` in force."""
        self.current = faults
        await self._save()

    async def use(self, name: str) -> bool:
        """Take one of a counted fault; false where none is left."""
        left: int = getattr(self.current, name)
        if left == 0:
            return False
        self.current = replace(self.current, **{name: left - 1})
        await self._save()
        return True

    async def _save(self) -> None:
        values = [(field.name, getattr(self.current, field.name)) for field in fields(Faults)]

        def write(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR REPLACE INTO faults (name, value) VALUES (?, ?)", values)

        await self._storage.run(write)
