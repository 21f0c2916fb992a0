"""Orders as a whole, in and out: statistics, many at once, saved views."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from common.money import LARGEST_AMOUNT, Money
from common.web.schema import Identifier, In, LongText, Out, Resource, Text
from services.sales.domain.record import Actor, Channel, FulfilmentMethod, Method
from services.sales.domain.states import FulfilmentStatus, PaymentStatus, Status
from services.sales.schemas.orders import OrderOut
from services.sales.service.bulk import Action

BULK_LIMIT = 100
Total = Annotated[int, Field(strict=True, ge=0, le=LARGEST_AMOUNT)]
Sorting = Literal["createdAt", "-createdAt", "placedAt", "-placedAt", "number", "-number", "total", "-total"]


class CountOut(Out):
    """How many orders share a value, and what they come to."""

    value: str
    orders: int
    total: Money


class StatisticsOut(Out):
    """Orders placed in a span. ``revenue``: confirmed and not cancelled since; the average is over those."""

    begin: Annotated[datetime | None, Field(serialization_alias="from")]
    end: Annotated[datetime | None, Field(serialization_alias="to")]
    orders: int
    total: Money
    revenue: Money
    average_order_value: Money
    by_status: list[CountOut]
    by_payment_status: list[CountOut]
    by_fulfilment_status: list[CountOut]
    by_channel: list[CountOut]


class BulkIn(In):
    """One action on many orders."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"action": "processing", "orderIds": ["ord_01jz8a"]}]})

    action: Action
    order_ids: Annotated[list[Identifier], Field(min_length=1, max_length=BULK_LIMIT)]


class BulkRow(Out):
    """What became of one order."""

    index: int
    order_id: str
    status: Literal["accepted", "rejected"]
    result: OrderOut | None
    problem: dict[str, Any] | None


class BulkOut(Out):
    """A row an order, in the order sent."""

    results: list[BulkRow]
    accepted: int
    rejected: int


class ViewFilters(In):
    """The query parameters of the order list."""

    status: Status | None = None
    payment_status: PaymentStatus | None = None
    fulfilment_status: FulfilmentStatus | None = None
    channel: Channel | None = None
    customer_id: Identifier | None = None
    shop_id: Identifier | None = None
    payment_method: Method | None = None
    fulfilment_method: FulfilmentMethod | None = None
    email: Text | None = None
    number: Text | None = None
    sku: Text | None = None
    min_total: Total | None = None
    max_total: Total | None = None
    begin: Annotated[Text | None, Field(alias="from")] = None
    end: Annotated[Text | None, Field(alias="to")] = None
    search: LongText | None = None


class ViewIn(In):
    """A view to keep."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "To pack", "filters": {"status": "processing"}, "sort": "placedAt"}]}
    )

    name: Text
    filters: ViewFilters = Field(default_factory=ViewFilters)
    sort: Sorting = "-createdAt"


class ViewOut(Resource):
    """A saved view; ``filters`` and ``sort`` are the list's own query parameters."""

    name: str
    filters: dict[str, str | int]
    sort: str
    author: Actor
