"""Till sales in and out."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, EmailStr, Field

from common.events.parts import Tender
from common.money import Money
from common.web.schema import Identifier, In, Instant, LongText, Out, Text
from services.sales.schemas.orders import Lines, OrderOut

BATCH_LIMIT = 500


def _positive(amount: Money) -> Money:
    if amount.amount <= 0:
        raise ValueError("must be more than nothing")
    return amount


class TenderIn(In):
    """Money handed over in one form."""

    method: Literal["cash", "card", "on_account"]
    amount: Annotated[Money, AfterValidator(_positive)]


class SaleIn(In):
    """A sale as the till made it; ``unitPrice`` is the price of that moment, checked against today's catalogue."""

    client_sale_id: Annotated[Text, Field(max_length=100)]
    shop_id: Identifier
    items: Lines
    tenders: Annotated[list[TenderIn], Field(max_length=20)]
    sold_at: Instant | None = None
    customer_id: Identifier | None = None
    email: EmailStr | None = None
    note: LongText | None = None

    def fingerprint(self) -> str:
        """A hash of all that was sent, whatever the spelling of its field names."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()


class SaleBatchIn(In):
    """Sales made offline. Rows are checked one by one: a bad one is rejected alone."""

    sales: Annotated[list[Any], Field(max_length=BATCH_LIMIT)]


class SaleOut(OrderOut):
    """A till sale: an order with what the till knows."""

    client_sale_id: str
    sold_at: datetime
    tenders: list[Tender]
    change: Money
    price_variance: bool


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
