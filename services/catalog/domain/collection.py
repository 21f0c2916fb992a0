"""Collections: products shown together, chosen one by one or by a rule."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.aggregate import Aggregate, Part
from common.errors import Invalid
from common.events.catalogue import CollectionCreated, CollectionDeleted, CollectionUpdated
from services.catalog.domain.attributes import is_attribute_name, wanted_facets
from services.catalog.domain.category import Parents, with_descendants
from services.catalog.domain.filter import ProductFilter

PRODUCTS_LIMIT = 1_000
RULE_ATTRIBUTES_LIMIT = 10


class CollectionRule(Part):
    """What a product must have to belong: a place in the category's subtree, and one value of each attribute."""

    category_id: str | None = None
    attributes: dict[str, list[str]] = {}


class Collection(Aggregate):
    """Either ``product_ids`` or a ``rule`` says what belongs to it."""

    name: str
    description: str | None = None
    product_ids: list[str] = []
    rule: CollectionRule | None = None
    deleted_at: datetime | None = None

    @classmethod
    def create(cls, fields: Mapping[str, Any], *, collection_id: str, company_id: str, now: datetime) -> "Collection":
        """A new collection. Raises Invalid ``invalid_collection``."""
        collection = cls(id=collection_id, company_id=company_id, created_at=now, updated_at=now, **fields)
        collection._check()
        collection.record(CollectionCreated(collection_id=collection_id, name=collection.name))
        return collection

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Apply ``changes`` by field name; a rule takes the place of the products and the other way round."""
        new = dict(changes)
        if new.get("rule") is not None:
            new.setdefault("product_ids", [])
        elif new.get("product_ids"):
            new.setdefault("rule", None)
        before = {name: getattr(self, name) for name in new}
        for name, value in new.items():
            setattr(self, name, value)
        self._check()
        self.record(CollectionUpdated(before=_plain(before), after=_plain(new), collection_id=self.id, name=self.name))

    def delete(self, now: datetime) -> None:
        """It goes; its products stay."""
        self.deleted_at = now
        self.record(CollectionDeleted(collection_id=self.id))

    def filter(self, parents: Parents) -> ProductFilter:
        """What its products have in common."""
        if self.rule is None:
            return ProductFilter(ids=self.product_ids)
        category_id = self.rule.category_id
        return ProductFilter(
            category_ids=with_descendants(category_id, parents) if category_id is not None else None,
            facets=[(name, wanted_facets(name, values)) for name, values in self.rule.attributes.items()],
        )

    def _check(self) -> None:
        problems = []
        if self.rule is not None:
            if self.product_ids:
                problems.append(("rule", "cannot stand beside productIds"))
            if self.rule.category_id is None and not self.rule.attributes:
                problems.append(("rule", "must name a category or an attribute"))
            bad = [name for name in self.rule.attributes if not is_attribute_name(name)]
            problems += [(f"rule.attributes.{name}"[:100], "is not a good name") for name in bad]
        if problems:
            raise Invalid("invalid_collection", "A collection has products or a rule.", problems)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    spelled = {"product_ids": "productIds"}
    return {
        spelled.get(name, name): value.model_dump(by_alias=True) if isinstance(value, Part) else value
        for name, value in values.items()
    }
