"""Requests and answers about collections."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from common.web.schema import Identifier, In, LongText, Out, PatchIn, Resource, Text
from services.catalog.domain.collection import PRODUCTS_LIMIT, RULE_ATTRIBUTES_LIMIT, CollectionRule
from services.catalog.schemas.products import Short


def _each_once(product_ids: list[str]) -> list[str]:
    return list(dict.fromkeys(product_ids))


ProductIds = Annotated[list[Identifier], Field(max_length=PRODUCTS_LIMIT), AfterValidator(_each_once)]
RuleValues = Annotated[list[Text], Field(min_length=1, max_length=20)]


class RuleIn(In):
    """What a product must have to belong; of each attribute one of the values."""

    category_id: Identifier | None = None
    attributes: Annotated[dict[Short, RuleValues], Field(max_length=RULE_ATTRIBUTES_LIMIT)] = {}


class CollectionIn(In):
    """A new collection: products one by one, or a rule."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Summer", "rule": {"attributes": {"season": ["summer"]}}}]}
    )

    name: Text
    description: LongText | None = None
    product_ids: ProductIds = []
    rule: RuleIn | None = None

    def fields(self) -> dict[str, Any]:
        """The same for the domain."""
        return {**dict(self), "rule": _rule(self.rule)}


class CollectionPatch(PatchIn):
    """Changes to a collection; ``productIds`` takes the place of a rule, and the other way round."""

    name: Text = Field("", examples=["Late summer"])
    description: LongText | None = None
    product_ids: ProductIds = []
    rule: RuleIn | None = None

    def edits(self) -> dict[str, Any]:
        """What was sent, as the domain understands it."""
        changes = self.changes()
        return {**changes, "rule": _rule(self.rule)} if "rule" in changes else changes


class RuleOut(Out):
    """What a product must have to belong."""

    category_id: str | None
    attributes: dict[str, list[str]]


class CollectionOut(Resource):
    """A collection; its products are `GET /api/products?collectionId=`."""

    name: str
    description: str | None
    product_ids: list[str]
    rule: RuleOut | None


def _rule(rule: RuleIn | None) -> CollectionRule | None:
    return CollectionRule(category_id=rule.category_id, attributes=rule.attributes) if rule is not None else None
