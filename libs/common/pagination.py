"""Cursor pagination: ``limit``, ``cursor`` and ``sort`` in, ``items`` and ``nextCursor`` out."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json, to_json

from common.errors import Invalid

Item = TypeVar("Item")

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100
LARGEST_NUMBER = 2**63 - 1
"""What the database takes as a whole number."""


class Page(BaseModel, Generic[Item]):
    """One page of a list; ``nextCursor`` is null on the last one."""

    model_config = ConfigDict(populate_by_name=True)

    items: list[Item]
    next_cursor: str | None = Field(alias="nextCursor")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a caller asked for. ``sort`` names a stored field (camelCase); ``after`` is a decoded cursor."""

    limit: int = DEFAULT_LIMIT
    sort: str = "createdAt"
    descending: bool = True
    after: tuple[Any, str] | None = None

    @property
    def direction(self) -> int:
        """1 ascending, -1 descending, as MongoDB spells it."""
        return -1 if self.descending else 1

    def filter(self) -> dict[str, Any]:
        """The condition that starts after the cursor; empty on the first page."""
        if self.after is None:
            return {}
        value, last_id = self.after
        beyond = "$lt" if self.descending else "$gt"
        return {"$or": [{self.sort: {beyond: value}}, {self.sort: value, "_id": {beyond: last_id}}]}

    def cursor_for(self, value: Any, last_id: str) -> str:
        """The cursor that continues behind a document with this sort value and id."""
        kind = "t" if isinstance(value, datetime) else "v"
        plain = value.isoformat() if isinstance(value, datetime) else value
        signed = f"-{self.sort}" if self.descending else self.sort
        return base64.urlsafe_b64encode(to_json([signed, kind, plain, last_id])).decode().rstrip("=")


def page_request(limit: int, cursor: str | None, sort: str | None, sortable: tuple[str, ...]) -> PageRequest:
    """Check what the caller sent. Raises Invalid ``invalid_query`` or ``invalid_cursor``."""
    signed = sort or "-createdAt"
    field = signed.removeprefix("-")
    if field not in sortable:
        raise Invalid("invalid_query", f"Cannot sort by {field!r}.", [("sort", f"one of {', '.join(sortable)}")])
    after = _decode(cursor, signed) if cursor else None
    return PageRequest(limit=limit, sort=field, descending=signed.startswith("-"), after=after)


def _decode(cursor: str, signed: str) -> tuple[Any, str]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        made_for, kind, value, last_id = from_json(raw)
        if kind == "t":
            value = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, binascii.Error) as error:
        raise Invalid("invalid_cursor", "This cursor was not made here.") from error
    if made_for != signed or not _is_scalar(value) or not isinstance(last_id, str):
        raise Invalid("invalid_cursor", "This cursor belongs to another list.")
    return value, last_id


def _is_scalar(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) <= LARGEST_NUMBER
    return value is None or isinstance(value, str | datetime)
