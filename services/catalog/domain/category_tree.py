"""The categories of a company as a tree, with what stands in each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from services.catalog.domain.category import Category


@dataclass(frozen=True, slots=True)
class Contents:
    """How many products, and between which prices in minor units."""

    products: int = 0
    lowest: int | None = None
    highest: int | None = None

    def __add__(self, other: Self) -> "Contents":
        lowest = [price for price in (self.lowest, other.lowest) if price is not None]
        highest = [price for price in (self.highest, other.highest) if price is not None]
        return Contents(self.products + other.products, min(lowest, default=None), max(highest, default=None))


@dataclass(slots=True)
class Branch:
    """A category with what is in itself, what is in it and below, and its children by name."""

    category: Category
    own: Contents
    total: Contents
    children: list["Branch"] = field(default_factory=list)


def grow(categories: Iterable[Category], contents: Mapping[str, Contents]) -> list[Branch]:
    """The tree from its top, each level by name; what has lost its parent stands at the top."""
    none = Contents()
    branches = {
        category.id: Branch(category, contents.get(category.id, none), contents.get(category.id, none))
        for category in categories
    }
    top: list[Branch] = []
    for branch in branches.values():
        parent = branches.get(branch.category.parent_id or "")
        (parent.children if parent is not None else top).append(branch)
    for branch in _from_the_leaves(top):
        branch.children.sort(key=_by_name)
        for child in branch.children:
            branch.total += child.total
    return sorted(top, key=_by_name)


def flatten(tree: Iterable[Branch]) -> list[Branch]:
    """Every branch, a parent before its children."""
    found: list[Branch] = []
    waiting = list(tree)[::-1]
    while waiting:
        branch = waiting.pop()
        found.append(branch)
        waiting += branch.children[::-1]
    return found


def _from_the_leaves(top: Iterable[Branch]) -> list[Branch]:
    return flatten(top)[::-1]


def _by_name(branch: Branch) -> tuple[str, str]:
    return branch.category.name.casefold(), branch.category.id
