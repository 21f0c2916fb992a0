"""Till sales in and out."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, EmailStr, Field, JsonValue
from pydantic_core import to_json

from common.events.parts import Tender
from common.money import Money
from common.web.schema import Identifier, In, Instant, LongText, Out, Text
from services.sales.domain.record import SoldAtDoubt
from services.sales.schemas.orders import OrderLines, OrderOut, Price

BATCH_LIMIT = 500

EXAMPLE_SALE: dict[str, JsonValue] = {
    "clientSaleId": "till-2-000417",
    "shopId": "shp_01jz8leeds",
    "items": [{"productId": "prd_01jz8mugs", "quantity": 2}],
    "tenders": [
        {"method": "card", "amount": {"amount": 1500, "currency": "GBP"}},
        {"method": "cash", "amount": {"amount": 1000, "currency": "GBP"}},
    ],
    "soldAt": "2026-03-01T09:30:00Z",
}


def _positive(amount: Money) -> Money:
    if amount.amount <= 0:
        raise ValueError("must be more than nothing")
    return amount


PositiveMoney = Annotated[Money, AfterValidator(_positive)]
"""An amount above zero."""


class TenderIn(In):
    """Money handed over in one form."""

    method: Literal["cash", "card", "on_account"]
    amount: PositiveMoney


class SaleIn(In):
    """A sale as the till made it; ``unitPrice`` is the price of that moment, checked against today's catalogue.

    A price that the catalogue never asked needs ``orders.override_price``; a discount, on a line or on the whole
    sale, ``orders.discount``.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_SALE]})

    client_sale_id: Annotated[Text, Field(max_length=100)]
    shop_id: Identifier
    items: OrderLines
    tenders: Annotated[list[TenderIn], Field(max_length=20)]
    discount: Price | None = None
    sold_at: Instant | None = None
    customer_id: Identifier | None = None
    email: EmailStr | None = None
    note: LongText | None = None

    def fingerprint(self) -> str:
        """A hash of all that was sent, whatever the spelling of its field names."""
        sent = self.model_dump(mode="json", by_alias=True)
        for part in (sent, *sent["items"]):  # absent is what it was before there were discounts
            if part["discount"] is None:
                del part["discount"]
        return hashlib.sha256(to_json(sent)).hexdigest()


class SaleBatchIn(In):
    """Sales made offline. Rows are checked one by one: a bad one is rejected alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sales": [EXAMPLE_SALE]}]})

    sales: Annotated[list[Any], Field(max_length=BATCH_LIMIT)]


class SaleOut(OrderOut):
    """A till sale: an order with what the till knows. ``soldAtDoubt``: its clock is ahead, or it came very late."""

    client_sale_id: str
    sold_at: datetime
    tenders: list[Tender]
    change: Money
    price_variance: bool
    sold_at_doubt: SoldAtDoubt | None


class SaleResult(Out):
    """What became of one row."""

    index: int
    client_sale_id: str | None
    status: Literal["accepted", "replayed", "rejected"]
    result: SaleOut | None
    problem: dict[str, Any] | None


class SaleBatchOut(Out):
    """A result a row, in the order sent."""

    results: list[SaleResult]
    accepted: int
    replayed: int
    rejected: int
