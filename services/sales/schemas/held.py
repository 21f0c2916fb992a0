"""Sales set aside at tills, in and out."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from common.money import Money
from common.web.schema import Identifier, In, LongText, Out, Resource, Text
from services.sales.domain.record import Actor
from services.sales.schemas.orders import OrderLines


class HeldSaleIn(In):
    """A sale to go on with later, at this till or another one of the shop."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "shopId": "shp_01jz8leeds",
                    "name": "lady with the dog",
                    "items": [{"productId": "prd_01jz8mugs", "quantity": 2}],
                }
            ]
        }
    )

    shop_id: Identifier
    name: Annotated[Text, Field(max_length=100)] | None = None
    items: OrderLines
    customer_id: Identifier | None = None
    note: LongText | None = None


class HeldItemOut(Out):
    """A line. ``listedPrice`` is what the catalogue asked then, ``currentPrice`` what it asks now (null: unknown)."""

    product_id: str
    variant_id: str | None
    sku: str
    name: str
    quantity: int
    listed_price: Money
    current_price: Money | None
    price_changed: bool
    unit_price: Money | None
    discount: Money | None


class HeldSaleOut(Resource):
    """A sale set aside; ``total`` is what it would have cost then. After ``expiresAt`` it is gone."""

    shop_id: str
    name: str | None
    items: list[HeldItemOut]
    total: Money
    customer_id: str | None
    note: str | None
    status: Literal["held", "recalled"]
    held_by: Actor
    expires_at: datetime
    recalled_at: datetime | None
    recalled_by: Actor | None
