"""The query parameters of the product list."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query, Request

from common.errors import Invalid
from common.pagination import DEFAULT_LIMIT, LARGEST_LIMIT, page_request
from common.web.lists import refuse_unknown_but
from services.catalog.domain.attributes import is_attribute_name, wanted_facets
from services.catalog.domain.filter import ATTRIBUTE, CATEGORY, ProductFilter
from services.catalog.domain.product import ProductStatus
from services.catalog.domain.stock import StockStatus
from services.catalog.service.listing import RELEVANCE, ProductQuery

SORTS = {"price": "price.amount", "name": "nameKey", "updatedAt": "updatedAt", "createdAt": "createdAt"}
FILTERS_LIMIT = 20
FACETS_LIMIT = 10


def _read(
    request: Request,
    search: Annotated[str | None, Query(max_length=200)] = None,
    category_id: Annotated[str | None, Query(alias="categoryId", max_length=100)] = None,
    collection_id: Annotated[str | None, Query(alias="collectionId", max_length=100)] = None,
    slug: Annotated[str | None, Query(max_length=200)] = None,
    min_price: Annotated[int | None, Query(alias="minPrice", ge=0, le=10**15)] = None,
    max_price: Annotated[int | None, Query(alias="maxPrice", ge=0, le=10**15)] = None,
    in_stock: Annotated[bool | None, Query(alias="inStock")] = None,
    stock_status: Annotated[StockStatus | None, Query(alias="stockStatus")] = None,
    status: Annotated[ProductStatus | None, Query()] = None,
    facets: Annotated[str | None, Query(max_length=1000, examples=["attr.color,categoryId"])] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    sort: Annotated[str | None, Query(max_length=60)] = None,
) -> ProductQuery:
    refuse_unknown_but(request, ATTRIBUTE)
    refuse_nul(search=search, slug=slug)
    search = search.strip() if search else None
    narrowed = ProductFilter(
        min_price=min_price,
        max_price=max_price,
        facets=_chosen(request),
        in_stock=in_stock,
        stock_status=stock_status,
        slug=slug,
    )
    return ProductQuery(
        page=page_request(limit, cursor, _stored_sort(sort, search), (*SORTS.values(), RELEVANCE)),
        narrowed=narrowed,
        search=search or None,
        category_id=category_id,
        collection_id=collection_id,
        status=status,
        facets=_counted(facets),
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


def refuse_nul(**values: str | None) -> None:
    """Raises Invalid ``invalid_query`` for a NUL character, which no text here holds."""
    bad = [(name, "must not contain a NUL character") for name, value in values.items() if value and "\0" in value]
    if bad:
        raise Invalid("invalid_query", "This cannot be looked for.", bad)


def _counted(facets: str | None) -> Sequence[str]:
    """The facets to count: ``categoryId`` and ``attr.NAME``, comma-separated."""
    names = list(dict.fromkeys(name.strip() for name in facets.split(","))) if facets else []
    bad = [name for name in names if name != CATEGORY and not _is_attribute(name)]
    if bad or len(names) > FACETS_LIMIT:
        message = f"at most {FACETS_LIMIT} of categoryId and attr.NAME"
        raise Invalid("invalid_query", f"Cannot count by these: {message}.", [("facets", message)])
    return names


def _is_attribute(parameter: str) -> bool:
    return parameter.startswith(ATTRIBUTE) and is_attribute_name(parameter.removeprefix(ATTRIBUTE))


def _chosen(request: Request) -> Sequence[tuple[str, Sequence[str]]]:
    """Filters by attribute: any of the values of one name, all of the names."""
    wanted: dict[str, list[str]] = {}
    for parameter, value in request.query_params.multi_items():
        if not parameter.startswith(ATTRIBUTE):
            continue
        name = parameter.removeprefix(ATTRIBUTE)
        if not is_attribute_name(name) or len(value) > 500 or "\0" in value:
            raise Invalid("invalid_query", "This is no attribute.", [(parameter[:60], "is not a good name or value")])
        wanted.setdefault(name, []).append(value)
    if sum(map(len, wanted.values())) > FILTERS_LIMIT:
        raise Invalid("invalid_query", f"At most {FILTERS_LIMIT} filters by attribute.")
    return [(name, wanted_facets(name, values)) for name, values in wanted.items()]
