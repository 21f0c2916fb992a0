"""Lists and searches of products."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.errors import Forbidden, Invalid
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from services.catalog.clients.search_index import SearchIndex
from services.catalog.domain.category import with_descendants
from services.catalog.domain.filter import CATEGORY, ProductFilter
from services.catalog.domain.product import Product
from services.catalog.service.products import sees_all
from services.catalog.store.categories import Categories
from services.catalog.store.collections import Collections
from services.catalog.store.products import Products

CANDIDATES_LIMIT = 1_000
COUNTED_LIMIT = 10_000
RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """What a caller asked for; ``facets`` names what is counted beside the page."""

    page: PageRequest
    narrowed: ProductFilter
    search: str | None = None
    category_id: str | None = None
    collection_id: str | None = None
    status: str | None = None
    facets: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet; ``label`` for people."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one facet with how many products have each, the most frequent first."""

    name: str
    values: list[FacetValue]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of products and the facets that were asked for."""

    page: Page[Product]
    facets: list[Facet]


class ListingService:
    """Reads lists from the database at once; ``search`` comes from the index of this process."""

    def __init__(
        self, products: Products, categories: Categories, collections: Collections, index: SearchIndex
    ) -> None:
        self._products = products
        self._categories = categories
        self._collections = collections
        self._index = index

    async def list(self, who: Principal, query: ProductQuery) -> Listed:
        """One page. Raises Forbidden when a shopper asks for what is not active, NotFound for no collection."""
        narrowed = await self._narrowed(who, query)
        page = await self._page(who, query, narrowed)
        facets = [await self._facet(who, name, query.search, narrowed) for name in query.facets]
        return Listed(page, facets)

    async def _narrowed(self, who: Principal, query: ProductQuery) -> ProductFilter:
        narrowed = replace(query.narrowed, statuses=visible_statuses(who, query.status))
        collection = None
        if query.collection_id is not None:
            collection = await self._collections.for_company(who.tenant).get(query.collection_id)
        if query.category_id is None and collection is None:
            return narrowed
        parents = await self._categories.for_company(who.tenant).parents()
        if collection is not None:
            narrowed = replace(narrowed, within=collection.filter(parents))
        if query.category_id is not None:
            narrowed = replace(narrowed, category_ids=with_descendants(query.category_id, parents))
        return narrowed

    async def _page(self, who: Principal, query: ProductQuery, narrowed: ProductFilter) -> Page[Product]:
        products = self._products.for_company(who.tenant)
        if query.search is None:
            return await products.filtered(narrowed, query.page)
        found = self._index.search(who.tenant, query.search, CANDIDATES_LIMIT, narrowed)
        narrowed = replace(narrowed, ids=found)
        if query.page.sort != RELEVANCE:
            return await products.filtered(narrowed, query.page)
        return await self._by_relevance(products, found, narrowed, query.page)

    async def _by_relevance(
        self, products: Products, ranked: Sequence[str], narrowed: ProductFilter, page: PageRequest
    ) -> Page[Product]:
        """The best first. The cursor names the last one shown, so that new products above it repeat nothing."""
        allowed = await products.ids_matching(narrowed, CANDIDATES_LIMIT)
        ordered = [product_id for product_id in ranked if product_id in allowed]
        start = _start_after(ordered, page)
        shown = ordered[start : start + page.limit]
        loaded = await products.by_ids(shown)
        items = [loaded[product_id] for product_id in shown if product_id in loaded]
        end = start + len(shown)
        following = page.cursor_for(end, shown[-1]) if shown and end < len(ordered) else None
        return Page(items=items, next_cursor=following)

    async def _facet(self, who: Principal, name: str, search: str | None, narrowed: ProductFilter) -> Facet:
        """Counted without its own filter, so that its other values stay in sight once one is chosen."""
        counts = await self._counts(who.tenant, name, search, narrowed.without(name))
        labels: dict[str, str] = {}
        if name == CATEGORY and counts:
            labels = await self._categories.for_company(who.tenant).names([value for value, _ in counts])
        return Facet(name, [FacetValue(value, labels.get(value, value), count) for value, count in counts])

    async def _counts(
        self, company_id: str, name: str, search: str | None, counted: ProductFilter
    ) -> Sequence[tuple[str, int]]:
        """By the index in a millisecond; by the database where stock is asked for, of which the index knows nothing."""
        if not counted.names_stock:
            return self._index.count_facet(company_id, name, counted, search)
        if search is not None:
            counted = replace(counted, ids=self._index.search(company_id, search, COUNTED_LIMIT, counted))
        return await self._products.for_company(company_id).count_facet(name, counted)


def visible_statuses(who: Principal, status: str | None) -> Sequence[str]:
    """The statuses to list; none means all. Raises Forbidden when a shopper asks for what is not active."""
    if sees_all(who):
        return [status] if status else []
    if status not in (None, "active"):
        raise Forbidden("permission_denied", "Only staff see what is not active.")
    return ["active"]


def _start_after(ordered: Sequence[str], page: PageRequest) -> int:
    """Behind the product that the cursor names; where it is gone, behind as many as were shown."""
    if page.after is None:
        return 0
    passed, last_id = page.after
    if type(passed) is not int or passed < 0:
        raise Invalid("invalid_cursor", "This cursor was not made here.")
    return ordered.index(last_id) + 1 if last_id in ordered else passed
