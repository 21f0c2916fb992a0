"""The query parameters of every list, and the refusal of those that a list does not know."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request, params
from fastapi.dependencies.utils import get_flat_params

from common.errors import Invalid
from common.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, PageRequest, page_request

ALWAYS_KNOWN = frozenset({"tenant_id"})

_known_names: dict[int, frozenset[str]] = {}


def refuse_unknown(request: Request) -> None:
    """Raises Invalid ``invalid_query`` for a query parameter that the route does not declare."""
    refuse_unknown_but(request)


def refuse_unknown_but(request: Request, *prefixes: str) -> None:
    """The same, where parameters that begin with one of ``prefixes`` are the route's own business."""
    route = request.scope["route"]
    known = _known_names.get(id(route))
    if known is None:
        fields = get_flat_params(route.dependant)
        known = frozenset(field.alias for field in fields if isinstance(field.field_info, params.Query))
        _known_names[id(route)] = known = known | ALWAYS_KNOWN
    unknown = [name for name in request.query_params if name not in known and not name.startswith(prefixes)]
    if unknown:
        raise Invalid(
            "invalid_query", "Unknown parameter.", [(name[:100], "is not known here") for name in unknown[:50]]
        )


def listing(*sortable: str) -> Any:
    """A dependency that yields the PageRequest of a list sortable by these stored fields.

    Raises Invalid ``invalid_query`` or ``invalid_cursor``. ``-createdAt`` is the default everywhere.
    """
    fields = (*sortable, "createdAt")

    def read(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT,
        cursor: Annotated[str | None, Query(max_length=1000)] = None,
        sort: Annotated[str | None, Query(max_length=60)] = None,
    ) -> PageRequest:
        refuse_unknown(request)
        return page_request(limit, cursor, sort, fields)

    reader: Callable[..., PageRequest] = read
    return Depends(reader)
