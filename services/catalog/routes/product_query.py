"""The query parameters of the product list."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query, Request

from common.errors import Invalid
from common.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, page_request
from common.web.lists import refuse_unknown_but
from services.catalog.domain.attributes import is_attribute_name, wanted_facets
from services.catalog.domain.product import ProductStatus
from services.catalog.service.listing import RELEVANCE, ProductQuery
from services.catalog.store.products import ProductFilter

SORTS = {"price": "price.amount", "name": "nameKey", "updatedAt": "updatedAt", "createdAt": "createdAt"}
FILTERS_LIMIT = 20
OPEN_PREFIX = "attr."


def _read(
    request: Request,
    search: Annotated[str | None, Query(max_length=200)] = None,
    category_id: Annotated[str | None, Query(alias="categoryId", max_length=100)] = None,
    min_price: Annotated[int | None, Query(alias="minPrice", ge=0, le=10**15)] = None,
    max_price: Annotated[int | None, Query(alias="maxPrice", ge=0, le=10**15)] = None,
    in_stock: Annotated[bool | None, Query(alias="inStock")] = None,
    status: Annotated[ProductStatus | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    sort: Annotated[str | None, Query(max_length=60)] = None,
) -> ProductQuery:
    refuse_unknown_but(request, OPEN_PREFIX)
    search = search.strip() if search else None
    return ProductQuery(
        page=page_request(limit, cursor, _stored_sort(sort, search), (*SORTS.values(), RELEVANCE)),
        narrowed=ProductFilter(min_price=min_price, max_price=max_price, facets=_facets(request), in_stock=in_stock),
        search=search or None,
        category_id=category_id,
        status=status,
    )


Asked = Annotated[ProductQuery, Depends(_read)]


def _stored_sort(sort: str | None, search: str | None) -> str:
    """The stored field behind a sort; a search without one is sorted by relevance."""
    if sort in (None, "", RELEVANCE) and search:
        return RELEVANCE
    sign, name = ("-", sort[1:]) if sort and sort.startswith("-") else ("", sort or "")
    if not sort:
        return "-createdAt"
    if name not in SORTS:
        named = f"one of {', '.join(SORTS)}; {RELEVANCE} with search"
        raise Invalid("invalid_query", f"Cannot sort by {sort[:60]!r}.", [("sort", named)])
    return sign + SORTS[name]


def _facets(request: Request) -> Sequence[Sequence[str]]:
    """Filters by attribute: any of the values of one name, all of the names."""
    wanted: dict[str, list[str]] = {}
    for parameter, value in request.query_params.multi_items():
        if not parameter.startswith(OPEN_PREFIX):
            continue
        name = parameter.removeprefix(OPEN_PREFIX)
        if not is_attribute_name(name) or len(value) > 500:
            raise Invalid("invalid_query", "This is no attribute.", [(parameter[:60], "is not a good name or value")])
        wanted.setdefault(name, []).append(value)
    if sum(map(len, wanted.values())) > FILTERS_LIMIT:
        raise Invalid("invalid_query", f"At most {FILTERS_LIMIT} filters by attribute.")
    return [wanted_facets(name, values) for name, values in wanted.items()]
