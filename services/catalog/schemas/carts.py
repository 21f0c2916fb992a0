"""Requests and answers about carts."""

from typing import Annotated

from pydantic import ConfigDict, Field

from common.money import Money
from common.web.schema import Identifier, In, Out, Quantity, Resource, Text
from services.catalog.domain.cart import LARGEST_QUANTITY
from services.catalog.domain.totals import PricedCart

ProductName = Annotated[Identifier, Field(examples=["prd_01j9zq3v5k7m2n4p6r8t0w1x3y"])]
QuantityOrNone = Annotated[int, Field(strict=True, ge=0, le=LARGEST_QUANTITY, examples=[2])]
"""A number of pieces; 0 takes the line out."""


class CartLineIn(In):
    """What to put in."""

    product_id: ProductName
    variant_id: Identifier | None = None
    quantity: Quantity


class CartLineChange(In):
    """How many there shall be."""

    product_id: ProductName
    variant_id: Identifier | None = None
    quantity: QuantityOrNone


class QuantityIn(In):
    """How many of one line there shall be."""

    quantity: QuantityOrNone


class SavedCartIn(In):
    """The name under which the cart is put aside."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Every month"}]})

    name: Text


class SavedLineOut(Out):
    """A line of a saved cart; prices are looked up when it is restored."""

    product_id: str
    variant_id: str | None
    sku: str
    name: str
    quantity: int


class SavedCartOut(Resource):
    """A cart put aside."""

    name: str
    items: list[SavedLineOut] = Field(validation_alias="lines")


class CartLineOut(Out):
    """A line at its live price. ``available``: it could be ordered now."""

    id: str
    product_id: str
    variant_id: str | None
    sku: str
    name: str
    quantity: int
    unit_price: Money
    total: Money
    available: bool


class TotalsOut(Out):
    """Sums of a cart."""

    subtotal: Money
    discount: Money
    tax: Money
    shipping: Money
    grand_total: Money
    tax_inclusive: bool


class CartOut(Resource):
    """A cart with live prices. ``id`` or ``token`` is what an order names as ``cartId``."""

    token: str
    currency: str
    items: list[CartLineOut]
    totals: TotalsOut

    @classmethod
    def of(cls, priced: PricedCart) -> "CartOut":
        """The cart as shown."""
        cart = priced.cart
        return cls(
            id=cart.public_id,
            company_id=cart.company_id,
            version=cart.version,
            created_at=cart.created_at,
            updated_at=cart.updated_at,
            token=priced.token,
            currency=priced.currency,
            items=[
                CartLineOut(
                    id=priced_line.line.id,
                    product_id=priced_line.line.product_id,
                    variant_id=priced_line.line.variant_id,
                    sku=priced_line.sku,
                    name=priced_line.name,
                    quantity=priced_line.line.quantity,
                    unit_price=priced_line.unit_price,
                    total=priced_line.total,
                    available=priced_line.available,
                )
                for priced_line in priced.lines
            ],
            totals=TotalsOut.model_validate(priced.totals),
        )
