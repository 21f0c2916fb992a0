"""Lists and searches of products."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.errors import Forbidden
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from services.catalog.clients.search_index import SearchIndex
from services.catalog.domain.category import with_descendants
from services.catalog.domain.product import Product
from services.catalog.service.products import sees_all
from services.catalog.store.categories import Categories
from services.catalog.store.products import ProductFilter, Products

CANDIDATES_LIMIT = 1_000
RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True)
class ProductQuery:
    """What a caller asked for; ``narrowed`` holds what the database answers by itself."""

    page: PageRequest
    narrowed: ProductFilter
    search: str | None = None
    category_id: str | None = None
    status: str | None = None


class ListingService:
    """Reads lists from the database at once; ``search`` comes from the index of this process."""

    def __init__(self, products: Products, categories: Categories, index: SearchIndex) -> None:
        self._products = products
        self._categories = categories
        self._index = index

    async def list(self, who: Principal, query: ProductQuery) -> Page[Product]:
        """One page. Raises Forbidden when a shopper asks for what is not active."""
        narrowed = replace(query.narrowed, statuses=visible_statuses(who, query.status))
        if query.category_id is not None:
            parents = await self._categories.for_company(who.tenant).parents()
            narrowed = replace(narrowed, category_ids=with_descendants(query.category_id, parents))
        products = self._products.for_company(who.tenant)
        if query.search is None:
            return await products.page(narrowed.criteria(), query.page)
        found = self._index.search(who.tenant, query.search, CANDIDATES_LIMIT)
        narrowed = replace(narrowed, ids=found)
        if query.page.sort != RELEVANCE:
            return await products.page(narrowed.criteria(), query.page)
        return await self._by_relevance(products, found, narrowed, query.page)

    async def _by_relevance(
        self, products: Products, ranked: Sequence[str], narrowed: ProductFilter, page: PageRequest
    ) -> Page[Product]:
        """The best first; the cursor counts how many were passed."""
        allowed = await products.ids_matching(narrowed.criteria(), CANDIDATES_LIMIT)
        ordered = [product_id for product_id in ranked if product_id in allowed]
        start = int(page.after[0]) if page.after is not None else 0
        shown = ordered[start : start + page.limit]
        loaded = await products.by_ids(shown)
        items = [loaded[product_id] for product_id in shown if product_id in loaded]
        end = start + len(shown)
        following = page.cursor_for(end, shown[-1]) if shown and end < len(ordered) else None
        return Page(items=items, next_cursor=following)


def visible_statuses(who: Principal, status: str | None) -> Sequence[str]:
    """The statuses to list; none means all. Raises Forbidden when a shopper asks for what is not active."""
    if sees_all(who):
        return [status] if status else []
    if status not in (None, "active"):
        raise Forbidden("permission_denied", "Only staff see what is not active.")
    return ["active"]
