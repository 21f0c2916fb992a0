"""What other services may ask of catalog."""

from typing import Annotated

from pydantic import Field

from common.money import Money
from common.web.schema import In, Out
from services.catalog.domain.cart import Cart
from services.catalog.domain.product import Product


class LookupIn(In):
    """Products by id, or by their own SKU or a variant's."""

    product_ids: Annotated[list[str], Field(max_length=2_000)] = []
    skus: Annotated[list[str], Field(max_length=2_000)] = []


class VariantFacts(Out):
    """A variant with the price it sells at."""

    id: str
    sku: str
    options: dict[str, str]
    price: Money
    barcode: str | None


class ProductFacts(Out):
    """The sellable state of a product; ``sequence`` is that of its last event."""

    product_id: str
    sku: str
    name: str
    status: str
    price: Money
    tax_basis_points: int | None
    category_id: str | None
    sequence: int
    variants: list[VariantFacts]

    @classmethod
    def of(cls, product: Product) -> "ProductFacts":
        """The product as others know it."""
        return cls(
            product_id=product.id,
            sku=product.sku,
            name=product.name,
            status=product.status,
            price=product.price,
            tax_basis_points=product.tax_basis_points,
            category_id=product.category_id,
            sequence=product.sequence,
            variants=[
                VariantFacts(
                    id=variant.id,
                    sku=variant.sku,
                    options=variant.options,
                    price=product.price_of(variant),
                    barcode=variant.barcode,
                )
                for variant in product.variants
            ],
        )


class LookupOut(Out):
    """The products that exist."""

    items: list[ProductFacts]


class CartItemFacts(Out):
    """A line of a cart."""

    product_id: str
    variant_id: str | None
    quantity: int


class CartFacts(Out):
    """A cart for whoever makes an order of it. ``token``: as named in the question."""

    id: str
    token: str
    customer_id: str | None
    owner_id: str | None
    currency: str
    items: list[CartItemFacts]

    @classmethod
    def of(cls, cart: Cart, reference: str, currency: str) -> "CartFacts":
        """The cart as sales reads it."""
        return cls(
            id=cart.public_id,
            token=reference,
            customer_id=cart.customer_id,
            owner_id=cart.owner_id,
            currency=currency,
            items=[CartItemFacts.model_validate(line, from_attributes=True) for line in cart.lines],
        )
