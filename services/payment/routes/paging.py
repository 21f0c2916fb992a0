"""Pages of what lies whole in one document or is few by rule: refunds of a payment, methods of a customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from common.errors import Invalid
from common.pagination import Page, PageRequest
from common.web.schema import Resource

Shown = TypeVar("Shown", bound=Resource)


def cut(items: Sequence[Shown], wanted: PageRequest) -> Page[Shown]:
    """One page in order of creation. Raises Invalid ``invalid_cursor`` for one that another list made."""
    ordered = sorted(items, key=_place, reverse=wanted.descending)
    rest = [item for item in ordered if wanted.after is None or _is_beyond(item, wanted)]
    shown = rest[: wanted.limit]
    following = wanted.cursor_for(*_place(shown[-1])) if len(rest) > len(shown) else None
    return Page(items=shown, next_cursor=following)


def _place(item: Resource) -> tuple[datetime, str]:
    return item.created_at, item.id


def _is_beyond(item: Resource, wanted: PageRequest) -> bool:
    assert wanted.after is not None
    value, last_id = wanted.after
    if not isinstance(value, datetime):
        raise Invalid("invalid_cursor", "This cursor belongs to another list.")
    last = (value, last_id)
    return _place(item) < last if wanted.descending else _place(item) > last
