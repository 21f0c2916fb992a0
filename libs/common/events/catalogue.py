"""Facts of the catalog service."""

from datetime import datetime
from typing import ClassVar

from common.events.base import EventData
from common.events.parts import ChangeData, VariantFact
from common.money import Money


class ProductCreated(EventData):
    """A product exists. Inventory opens stock of 0 for each SKU; sales keeps prices."""

    TYPE: ClassVar[str] = "product.created"
    PRODUCER: ClassVar[str] = "catalog"
    product_id: str
    sku: str
    name: str
    status: str
    price: Money
    tax_basis_points: int | None = None
    category_id: str | None = None
    variants: list[VariantFact] = []


class ProductUpdated(ChangeData):
    """A product was edited; carries its whole sellable state. ``status`` archived: no longer sold."""

    TYPE: ClassVar[str] = "product.updated"
    PRODUCER: ClassVar[str] = "catalog"
    product_id: str = ""
    sku: str = ""
    name: str = ""
    status: str = ""
    price: Money | None = None
    tax_basis_points: int | None = None
    category_id: str | None = None
    variants: list[VariantFact] = []

    def subject_id(self) -> str:
        return self.product_id


class ProductArchived(EventData):
    """A product was taken out of sale; carries its whole state as it was sold last."""

    TYPE: ClassVar[str] = "product.archived"
    PRODUCER: ClassVar[str] = "catalog"
    product_id: str
    sku: str
    name: str = ""
    status: str = "archived"
    price: Money | None = None
    tax_basis_points: int | None = None
    category_id: str | None = None
    variants: list[VariantFact] = []


class CategoryCreated(EventData):
    """A category exists."""

    TYPE: ClassVar[str] = "category.created"
    PRODUCER: ClassVar[str] = "catalog"
    category_id: str
    name: str
    parent_id: str | None = None


class CategoryUpdated(ChangeData):
    """A category was renamed or moved."""

    TYPE: ClassVar[str] = "category.updated"
    PRODUCER: ClassVar[str] = "catalog"
    category_id: str = ""
    name: str = ""
    parent_id: str | None = None

    def subject_id(self) -> str:
        return self.category_id


class CategoryDeleted(EventData):
    """A category is gone; its products stay, without one."""

    TYPE: ClassVar[str] = "category.deleted"
    PRODUCER: ClassVar[str] = "catalog"
    category_id: str


class CollectionCreated(EventData):
    """Products are shown together under a name."""

    TYPE: ClassVar[str] = "collection.created"
    PRODUCER: ClassVar[str] = "catalog"
    collection_id: str
    name: str


class CollectionUpdated(ChangeData):
    """A collection was renamed, or holds other products."""

    TYPE: ClassVar[str] = "collection.updated"
    PRODUCER: ClassVar[str] = "catalog"
    collection_id: str = ""
    name: str = ""

    def subject_id(self) -> str:
        return self.collection_id


class CollectionDeleted(EventData):
    """A collection is gone; its products stay."""

    TYPE: ClassVar[str] = "collection.deleted"
    PRODUCER: ClassVar[str] = "catalog"
    collection_id: str


class CartAbandoned(EventData):
    """A cart with something in it was left alone for a while; told once for each time it is left.

    ``email`` is that of its owner where it is known; ``value`` is at the prices of that moment.
    """

    TYPE: ClassVar[str] = "cart.abandoned"
    PRODUCER: ClassVar[str] = "catalog"
    cart_id: str
    owner_id: str | None = None
    customer_id: str | None = None
    email: str | None = None
    units: int
    value: Money
    last_changed_at: datetime
