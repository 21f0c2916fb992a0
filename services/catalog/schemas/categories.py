"""Requests and answers about categories."""

from pydantic import Field

from common.money import Money
from common.web.schema import Identifier, In, Out, PatchIn, Resource, Text
from services.catalog.domain.category_tree import Branch


class CategoryIn(In):
    """A new category; without a parent it stands at the top."""

    name: Text = Field(examples=["Kitchen"])
    parent_id: Identifier | None = None


class CategoryPatch(PatchIn):
    """Changes to a category; ``parentId`` null moves it to the top."""

    name: Text = Field("", examples=["Kitchen and table"])
    parent_id: Identifier | None = None


class CategoryNode(Out):
    """A category with what is below it; ``totalProducts`` counts these too."""

    id: str
    name: str
    products: int
    total_products: int
    children: list["CategoryNode"]

    @classmethod
    def of(cls, branch: Branch) -> "CategoryNode":
        """The branch as shown."""
        return cls(
            id=branch.category.id,
            name=branch.category.name,
            products=branch.own.products,
            total_products=branch.total.products,
            children=[cls.of(child) for child in branch.children],
        )


class CategoryTree(Out):
    """The categories from the top, each level by name."""

    items: list[CategoryNode]


class CategorySummary(Out):
    """What a category and everything below it holds."""

    id: str
    name: str
    parent_id: str | None
    products: int
    total_products: int
    lowest_price: Money | None
    highest_price: Money | None

    @classmethod
    def of(cls, branch: Branch, currency: str) -> "CategorySummary":
        """The branch as shown."""
        prices = [
            Money.of(price, currency) if price is not None else None
            for price in (branch.total.lowest, branch.total.highest)
        ]
        return cls(
            id=branch.category.id,
            name=branch.category.name,
            parent_id=branch.category.parent_id,
            products=branch.own.products,
            total_products=branch.total.products,
            lowest_price=prices[0],
            highest_price=prices[1],
        )


class CategorySummaries(Out):
    """Every category, a parent before its children."""

    items: list[CategorySummary]


class CategoryOut(Resource):
    """A category."""

    name: str
    parent_id: str | None
