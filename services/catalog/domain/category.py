"""Categories: a tree by which shoppers browse."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.aggregate import Aggregate
from common.errors import Conflict, Invalid
from common.events.catalogue import CategoryCreated, CategoryDeleted, CategoryUpdated

CATEGORIES_LIMIT = 5_000
DEPTH_LIMIT = 20

Parents = Mapping[str, str | None]
"""Each category of a company with its parent."""


class Category(Aggregate):
    """A node of the tree; ``parent_id`` null at the top."""

    name: str
    parent_id: str | None = None
    deleted_at: datetime | None = None

    @classmethod
    def create(
        cls, *, category_id: str, company_id: str, name: str, parent_id: str | None, parents: Parents, now: datetime
    ) -> "Category":
        """A new category. Raises Invalid ``unknown_parent``, Conflict ``category_limit``, ``category_depth``."""
        if len(parents) >= CATEGORIES_LIMIT:
            raise Conflict("category_limit", f"A company has at most {CATEGORIES_LIMIT} categories.")
        category = cls(
            id=category_id, company_id=company_id, name=name, parent_id=parent_id, created_at=now, updated_at=now
        )
        category._check_place(parents)
        category.record(CategoryCreated(category_id=category_id, name=name, parent_id=parent_id))
        return category

    def edit(self, changes: Mapping[str, Any], parents: Parents) -> None:
        """Rename or move. Raises Conflict ``category_cycle`` for a place below itself, and as :meth:`create`."""
        before = {name: getattr(self, name) for name in changes}
        for name, value in changes.items():
            setattr(self, name, value)
        self._check_place(parents)
        self.record(
            CategoryUpdated(
                before=_wire(before),
                after=_wire(changes),
                category_id=self.id,
                name=self.name,
                parent_id=self.parent_id,
            )
        )

    def delete(self, now: datetime) -> None:
        """It goes; its products stay, without one. The caller moves its children up."""
        self.deleted_at = now
        self.record(CategoryDeleted(category_id=self.id))

    def _check_place(self, parents: Parents) -> None:
        above, depth = self.parent_id, 1
        while above is not None:
            if above == self.id:
                raise Conflict("category_cycle", "A category cannot stand below itself.")
            if above not in parents:
                raise Invalid("unknown_parent", "There is no such category.", [("parentId", "is not known")])
            depth += 1
            if depth > DEPTH_LIMIT:
                raise _too_deep()
            above = parents[above]
        if depth + height_below(self.id, parents) > DEPTH_LIMIT:
            raise _too_deep()


def _too_deep() -> Conflict:
    return Conflict("category_depth", f"Categories are nested at most {DEPTH_LIMIT} deep.")


def height_below(category_id: str, parents: Parents) -> int:
    """How many levels stand below a category; 0 for a leaf and for one that is only being made."""
    children = children_of(parents)
    height, level = 0, children.get(category_id, [])
    while level and height <= DEPTH_LIMIT:
        height += 1
        level = [child for parent in level for child in children.get(parent, [])]
    return height


def children_of(parents: Parents) -> dict[str | None, list[str]]:
    """What stands directly below each category, and below None what stands at the top."""
    children: dict[str | None, list[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    return children


def with_descendants(category_id: str, parents: Parents) -> list[str]:
    """The category and everything below it."""
    children = children_of(parents)
    found, waiting = [], [category_id]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += children.get(current, [])
    return found


def _wire(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"parentId" if name == "parent_id" else name: value for name, value in values.items()}
