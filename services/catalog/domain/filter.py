"""What a list or a search of products is narrowed to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.catalog.domain.stock import StockStatus

CATEGORY = "categoryId"
ATTRIBUTE = "attr."


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """None and empty mean all. Prices in minor units; ``facets``: of each name one of the spellings must match.

    ``within`` is a filter that stays whatever is chosen: that of a collection.
    """

    statuses: Sequence[str] = ()
    ids: Sequence[str] | None = None
    category_ids: Sequence[str] | None = None
    min_price: int | None = None
    max_price: int | None = None
    facets: Sequence[tuple[str, Sequence[str]]] = ()
    in_stock: bool | None = None
    stock_status: StockStatus | None = None
    slug: str | None = None
    within: "ProductFilter | None" = None

    @property
    def names_stock(self) -> bool:
        """Whether it asks for what changes without the product, which only the database knows at once."""
        return self.in_stock is not None or self.stock_status is not None

    def without(self, facet: str) -> "ProductFilter":
        """The same without what was chosen of one facet: its values are counted as if none of them were chosen."""
        if facet == CATEGORY:
            return replace(self, category_ids=None)
        name = facet.removeprefix(ATTRIBUTE)
        return replace(self, facets=[(known, wanted) for known, wanted in self.facets if known != name])
