"""Cursors: ``epoch.offset.index`` names one event of the feed."""

import re
from dataclasses import dataclass

_CURSOR = re.compile(r"([0-9a-z]{1,64})\.(\d{1,18})\.(-1|\d{1,6})")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an event stands: the message's offset in the stream, the event's index in the message."""

    offset: int
    index: int


BEFORE_THE_FIRST = Place(0, -1)
"""Where one stands in a feed that has no events yet."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the feed of one epoch; places of different epochs do not compare."""

    epoch: str
    place: Place

    def __str__(self) -> str:
        return f"{self.epoch}.{self.place.offset}.{self.place.index}"


def parse_cursor(text: object) -> Cursor | None:
    """The cursor, or None for what is none."""
    match = _CURSOR.fullmatch(text) if isinstance(text, str) else None
    return Cursor(match[1], Place(int(match[2]), int(match[3]))) if match else None
