"""Returns at tills in and out."""

import hashlib
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from common.events.parts import Tender
from common.money import Money
from common.web.schema import Identifier, In, Quantity, Resource, Text
from services.sales.domain.lines import LINES_LIMIT
from services.sales.domain.record import Actor
from services.sales.domain.returned import ReturnedItem
from services.sales.domain.till_return import Outcome
from services.sales.schemas.orders import Price
from services.sales.schemas.till import PositiveMoney

EXAMPLE_RETURN: dict[str, JsonValue] = {
    "clientReturnId": "till-2-r-000031",
    "shopId": "shp_01jz8leeds",
    "saleId": "ord_01jz8sale",
    "items": [{"productId": "prd_01jz8mugs", "quantity": 1}],
    "outcome": "restock",
    "refundTenders": [{"method": "cash", "amount": {"amount": 1000, "currency": "GBP"}}],
    "reason": "changed their mind",
}


class ReturnedItemIn(In):
    """Pieces of a receipt's line, or of a product. ``unitPrice`` only without a receipt: today's price or less."""

    item_id: Identifier | None = None
    product_id: Identifier | None = None
    variant_id: Identifier | None = None
    quantity: Quantity
    unit_price: Price | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if (self.item_id is None) == (self.product_id is None):
            raise ValueError("name either itemId or productId")
        return self


class RefundTenderIn(In):
    """Money handed back in one form."""

    method: Literal["cash", "card", "paypal", "on_account"]
    amount: PositiveMoney


class ReturnIn(In):
    """Goods that come back, with the sale or order they were bought in, or without one."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_RETURN]})

    client_return_id: Annotated[Text, Field(max_length=100)]
    shop_id: Identifier
    sale_id: Identifier | None = None
    order_id: Identifier | None = None
    items: Annotated[list[ReturnedItemIn], Field(min_length=1, max_length=LINES_LIMIT)]
    outcome: Outcome
    refund_tenders: Annotated[list[RefundTenderIn], Field(max_length=20)]
    reason: Text | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.sale_id is not None and self.order_id is not None:
            raise ValueError("name either saleId or orderId")
        has_receipt = self.sale_id is not None or self.order_id is not None
        for item in self.items:
            if has_receipt and item.unit_price is not None:
                raise ValueError("unitPrice goes without a receipt only: with one, what was paid is given back")
            if not has_receipt and item.product_id is None:
                raise ValueError("without a receipt every item needs productId")
        return self

    def fingerprint(self) -> str:
        """A hash of all that was sent, whatever the spelling of its field names."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()


class ReturnOut(Resource):
    """A return. ``value`` is what was paid for the goods, ``total`` what was given back for them now."""

    number: str
    client_return_id: str
    shop_id: str
    order_id: str | None
    order_number: str | None
    customer_id: str | None
    items: list[ReturnedItem]
    outcome: Outcome
    value: Money
    total: Money
    refund_tenders: list[Tender]
    reason: str | None
    fulfilment_status: str | None
    taken_by: Actor
