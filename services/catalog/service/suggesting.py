"""Suggestions while somebody types."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.identity.principal import Principal
from services.catalog.clients.search_index import SearchIndex
from services.catalog.clients.search_text import words_of
from services.catalog.domain.product import Product
from services.catalog.service.listing import visible_statuses
from services.catalog.store.products import Products

LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A way to go on: a whole word in place of the one begun, or a product."""

    kind: Literal["completion", "product"]
    text: str
    product_id: str | None = None


class SuggestionService:
    """Completes what is typed by the titles of what the caller may see, and by nothing else."""

    def __init__(self, products: Products, index: SearchIndex) -> None:
        self._products = products
        self._index = index

    async def suggest(self, who: Principal, text: str, limit: int) -> list[Suggestion]:
        """At most ``limit`` suggestions: up to half of them completions, then products."""
        statuses = visible_statuses(who, "active")
        found = self._index.beginning_with(who.tenant, text, LOOKED_AT, statuses)
        loaded = await self._products.for_company(who.tenant).by_ids(found)
        products = [loaded[name] for name in found if name in loaded and loaded[name].status == "active"]
        completions = _completions(text, products)[: (limit + 1) // 2]
        titles = [Suggestion("product", product.name, product.id) for product in products]
        return [*completions, *titles][:limit]


def _completions(text: str, products: Sequence[Product]) -> list[Suggestion]:
    """The words of these titles that go on from the last one typed, the most frequent first."""
    words = [word.plain for word in words_of(text)]
    if not words:
        return []
    *before, begun = words
    counted: Counter[str] = Counter()
    for product in products:
        counted.update({word.plain for word in words_of(product.name) if word.plain.startswith(begun)})
    ordered = sorted(counted, key=lambda word: (-counted[word], word))
    return [Suggestion("completion", " ".join([*before, word])) for word in ordered if word != begun]
