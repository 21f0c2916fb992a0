"""Aggregates: documents that change as one, carry a version, and record the events of each change."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr
from pydantic.alias_generators import to_camel

from common.events.base import EventData


class Part(BaseModel):
    """A value inside an aggregate; stored and shown in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Aggregate(Part):
    """The root of one consistency boundary. ``version`` grows by one a save; ``sequence`` by one an event."""

    id: str
    company_id: str | None
    version: int = 1
    sequence: int = 0
    created_at: datetime
    updated_at: datetime

    _recorded: list[EventData] = PrivateAttr(default_factory=list)
    _read: dict[str, Any] | None = PrivateAttr(default=None)
    _stored: dict[str, Any] | None = PrivateAttr(default=None)
    _writing: dict[str, Any] | None = PrivateAttr(default=None)
    _handled: frozenset[str] = PrivateAttr(default=frozenset())
    _sealed: list[dict[str, Any]] = PrivateAttr(default_factory=list)
    _unsent: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    def record(self, event: EventData) -> None:
        """Note a fact; it leaves with the change that caused it, in the same commit."""
        self._recorded.append(event)

    @property
    def recorded(self) -> tuple[EventData, ...]:
        """The facts noted since the last save."""
        return tuple(self._recorded)

    @property
    def is_stored(self) -> bool:
        """Whether it came from the database or was written to it; a new one has to be inserted."""
        return self._stored is not None or self._read is not None

    @property
    def sealed(self) -> list[dict[str, Any]]:
        """The event documents of the last save, behind those that were unsent when it was read.

        Offered to the relay by hand after a transaction commits.
        """
        return self._sealed

    def has_handled(self, event_id: str) -> bool:
        """Whether this event was already taken into the aggregate."""
        return event_id in self._handled
