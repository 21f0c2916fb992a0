"""Orders in and out."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, EmailStr, Field, JsonValue, SecretStr

from common.events.parts import PostalAddress
from common.money import Money
from common.web.schema import AddressIn, Identifier, In, Instant, LongText, Out, PatchIn, Quantity, Resource, Text
from services.sales.domain.lines import LINES_LIMIT, Line, Totals
from services.sales.domain.record import (
    Allocation,
    Capture,
    Channel,
    Fulfilment,
    FulfilmentMethod,
    Method,
    OrderPayment,
    PaymentChoice,
    TimelineEntry,
)
from services.sales.domain.states import CancelReason, FulfilmentStatus, PaymentStatus, Status


def _not_negative(price: Money) -> Money:
    if price.amount < 0:
        raise ValueError("must not be negative")
    return price


Price = Annotated[Money, AfterValidator(_not_negative)]
"""An amount of zero or more."""

CartReference = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,200}$")]
"""A cart's id or token; it becomes part of an address, so nothing else may stand in it."""

Token = Annotated[SecretStr, Field(min_length=1, max_length=500)]


EXAMPLE_ADDRESS: dict[str, JsonValue] = {"name": "Ann Lee", "line1": "1 Mill Lane", "city": "Leeds", "country": "GB"}
EXAMPLE_ORDER: dict[str, JsonValue] = {
    "items": [{"productId": "prd_01jz8mugs", "quantity": 2}],
    "email": "ann@example.com",
    "shippingAddress": EXAMPLE_ADDRESS,
    "payment": {"method": "card", "paymentMethodToken": "pm_card_visa"},
}


class LineIn(In):
    """A line as asked for; ``unitPrice`` instead of the catalogue's."""

    product_id: Identifier
    variant_id: Identifier | None = None
    quantity: Quantity
    unit_price: Price | None = None


class OrderLineIn(LineIn):
    """A line of an order; ``discount`` is off the whole line."""

    discount: Price | None = None


Lines = Annotated[list[LineIn], Field(min_length=1, max_length=LINES_LIMIT)]


OrderLines = Annotated[list[OrderLineIn], Field(min_length=1, max_length=LINES_LIMIT)]


class PaymentIn(In):
    """How the buyer pays. ``capture: manual`` authorises only; staff capture or void later."""

    method: Method
    payment_method_token: Token | None = None
    capture: Capture = "automatic"


class OrderIn(In):
    """A new order. ``items`` may be left out when ``cartId`` names a cart, by id or token.

    ``discount`` is off the whole order, beside what single lines have. ``fulfilmentMethod``: goods are shipped,
    or picked up or handed over in the shop that ``shopId`` names, or need no parcel; only what is shipped needs
    a guest's ``shippingAddress``.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_ORDER]})

    items: OrderLines | None = None
    customer_id: Identifier | None = None
    email: EmailStr | None = None
    shop_id: Identifier | None = None
    cart_id: CartReference | None = None
    fulfilment_method: FulfilmentMethod = "ship"
    shipping_address: AddressIn | None = None
    billing_address: AddressIn | None = None
    payment: PaymentIn | None = None
    discount: Price | None = None
    expected_total: Money | None = None
    coupon_code: Text | None = None
    placed_at: Instant | None = None
    note: LongText | None = None


def _patch_example(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)
    schema["examples"] = [{"note": "Ring twice."}]


class OrderPatch(PatchIn):
    """Changes before fulfilment."""

    model_config = ConfigDict(json_schema_extra=_patch_example)

    IMMUTABLE = (*PatchIn.IMMUTABLE, "number", "items", "customerId", "shopId", "placedAt")

    shipping_address: AddressIn | None = None
    billing_address: AddressIn | None = None
    note: LongText | None = None


class CancelIn(In):
    """Why the order is called off."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "ordered twice"}]})

    reason: Text | None = None


class StatusIn(In):
    """Where staff move an order; everything else follows from payment and stock."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "processing"}]})

    status: Literal["processing", "completed"]


class HoldIn(In):
    """Why an order is set aside."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "address looks wrong"}]})

    reason: Text | None = None


class ResumeIn(In):
    """Why an operator makes an order go on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "its payment's answer was lost"}]})

    reason: Text


class FulfilledItemIn(In):
    """What of a line is handed over."""

    item_id: Identifier
    quantity: Quantity


class FulfilmentIn(In):
    """A parcel; without ``items`` all that is left. ``warehouseId``: where it was packed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"itemId": "itm_01jz80000", "quantity": 1}], "tracking": "JD0002"}]}
    )

    items: Annotated[list[FulfilledItemIn], Field(min_length=1, max_length=LINES_LIMIT)] | None = None
    tracking: Text | None = None
    warehouse_id: Identifier | None = None


class TrackingIn(PatchIn):
    """Where a parcel is followed; null takes it back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tracking": "JD0002"}]})

    IMMUTABLE = (*PatchIn.IMMUTABLE, "items", "at", "warehouseId")

    tracking: Text | None


class OrderOut(Resource):
    """An order. ``orderToken`` is shown once, to the guest who placed it."""

    number: str
    channel: Channel
    customer_id: str | None
    email: str | None
    customer_name: str | None
    shop_id: str | None
    cart_id: str | None
    status: Status
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    cancel_reason: CancelReason | None
    items: list[Line]
    totals: Totals
    paid: Money
    refunded: Money
    due: Money
    payment: PaymentChoice | None
    payments: list[OrderPayment]
    allocations: list[Allocation]
    fulfilments: list[Fulfilment]
    fulfilment_method: FulfilmentMethod
    shipping_address: PostalAddress | None
    billing_address: PostalAddress | None
    note: str | None
    placed_at: datetime
    deadline_at: datetime | None
    timeline: list[TimelineEntry]
    order_token: Annotated[str | None, Field(exclude_if=lambda token: token is None)] = None


class OrderFacts(Out):
    """What other services may ask of an order. ``orderTokenHash``: hex SHA-256 of a guest's token.

    ``customerUserId``: the account behind the customer's record, for those whose token names no record.
    """

    order_id: str
    number: str
    company_id: str
    customer_id: str | None
    customer_user_id: str | None
    email: str | None
    shop_id: str | None
    channel: Channel
    status: Status
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    total: Money
    paid: Money
    payment_method: Method | None
    has_payment_token: bool
    capture: Capture
    deadline_at: datetime | None
    order_token_hash: str | None
    sequence: int


class InstrumentOut(Out):
    """The provider's token of an order's payment method; for the payment service alone.

    ``placed_by``: who ordered from where (``kind``, ``id``, ``address``), by which declines are counted.
    """

    payment_method_token: str
    placed_by: dict[str, str | None] | None = None
