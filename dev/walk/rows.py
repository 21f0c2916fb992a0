"""One row a route: who may, with which ids, and what is answered. The walk's own word, not the code's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dev.walk.world import World

Body = Callable[[World], Any]
"""Makes a valid body for a caller of the world's own company."""

OK = frozenset({200, 201, 202, 204})
STATE = OK | {409}
"""Done, or refused because of where the resource stands, which only whoever may learns."""

BATCH = frozenset({200})
"""A batch answers row by row: the row with somebody else's id is rejected in it."""


@dataclass(frozen=True, slots=True)
class Row:
    """``METHOD /path/{parameter}`` and what each caller is told.

    ``ids`` name the kind of resource behind each path parameter; ``query`` behind a query parameter. ``body``
    makes a valid body; ``body_ids`` name the places in it, such as ``items.0.productId``, that hold an id of the
    given kind. ``hidden``: for one caller, kinds of the same company that it must not find either. ``refused``:
    what particular callers are told instead of the usual 401 or 403. ``fresh``: the parameters whose resource is
    made anew for each call that may succeed, since it is used up. ``sees_all``: callers of the platform, to whom
    every company's resources are shown. ``also_refused``: with what else than 422 the route may turn down a
    hostile value. ``harmless``: what of the corpus is a good request to this route. ``fixed``: path and query
    parameters that are no ids, the same for everybody. ``throwaway``: a call that succeeds costs its caller the
    session or the password, so that somebody made for it calls in place of the walk's own people. ``spared``:
    callers who may, and whom a success would cost too much. ``tenant``: the path parameter that names the company
    acted in, in disagreement with the credentials' own where it is another's.
    """

    route: str
    may: frozenset[str]
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    body_ids: Mapping[str, str] = field(default_factory=dict)
    ok: frozenset[int] = OK
    foreign: frozenset[int] = frozenset({404})
    foreign_in_body: frozenset[int] = frozenset({404, 409, 422})
    hidden: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    answers: Mapping[str, frozenset[int]] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()
    sees_all: frozenset[str] = frozenset()
    also_refused: frozenset[int] = frozenset()
    harmless: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    throwaway: bool = False
    spared: frozenset[str] = frozenset()
    tenant: str | None = None
    misnamed: frozenset[int] = frozenset({400, 404})
    content: bytes | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        """The address with its parameters in braces."""
        return self.route.partition(" ")[2]
