"""Answers of product lists and suggestions."""

from collections.abc import Iterable
from typing import Literal

from common.pagination import Page
from common.web.schema import Out
from services.catalog.schemas.products import ProductOut
from services.catalog.service.listing import Listed
from services.catalog.service.suggesting import Suggestion


class FacetValueOut(Out):
    """A value and how many products have it; ``label`` is for people."""

    value: str
    label: str
    count: int


class FacetOut(Out):
    """The values of one facet, counted without what is chosen of it."""

    name: str
    values: list[FacetValueOut]


class ProductPage(Page[ProductOut]):
    """A page of products; ``facets`` holds those that were asked for."""

    facets: list[FacetOut] = []

    @classmethod
    def of(cls, listed: Listed) -> "ProductPage":
        """The page as shown."""
        return cls(
            items=[ProductOut.of(product) for product in listed.page.items],
            next_cursor=listed.page.next_cursor,
            facets=[FacetOut.model_validate(facet) for facet in listed.facets],
        )


class SuggestionOut(Out):
    """A way to go on: ``text`` to search for, or a product."""

    kind: Literal["completion", "product"]
    text: str
    product_id: str | None


class SuggestionsOut(Out):
    """Suggestions, completions first."""

    items: list[SuggestionOut]

    @classmethod
    def of(cls, suggestions: Iterable[Suggestion]) -> "SuggestionsOut":
        """The suggestions as shown."""
        return cls(items=[SuggestionOut.model_validate(suggestion) for suggestion in suggestions])
