"""Orders in and out."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, EmailStr, Field, SecretStr

from common.events.parts import PostalAddress
from common.money import Money
from common.web.schema import AddressIn, Identifier, In, Instant, LongText, Out, PatchIn, Quantity, Resource, Text
from services.sales.domain.lines import LINES_LIMIT, Line, Totals
from services.sales.domain.record import Channel, Fulfilment, Method, OrderPayment, PaymentChoice, TimelineEntry
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


class LineIn(In):
    """A line as asked for."""

    product_id: Identifier
    variant_id: Identifier | None = None
    quantity: Quantity
    unit_price: Price | None = None


Lines = Annotated[list[LineIn], Field(min_length=1, max_length=LINES_LIMIT)]


class PaymentIn(In):
    """How the buyer pays."""

    method: Method
    payment_method_token: Token | None = None


class OrderIn(In):
    """A new order. ``items`` may be left out when ``cartId`` names a cart, by id or token."""

    items: Lines | None = None
    customer_id: Identifier | None = None
    email: EmailStr | None = None
    shop_id: Identifier | None = None
    cart_id: CartReference | None = None
    shipping_address: AddressIn | None = None
    payment: PaymentIn | None = None
    expected_total: Money | None = None
    coupon_code: Text | None = None
    placed_at: Instant | None = None
    note: LongText | None = None


class OrderPatch(PatchIn):
    """Changes before fulfilment."""

    IMMUTABLE = (*PatchIn.IMMUTABLE, "number", "items", "customerId", "shopId", "placedAt")

    shipping_address: AddressIn | None = None
    note: LongText | None = None


class CancelIn(In):
    """Why the order is called off."""

    reason: Text | None = None


class StatusIn(In):
    """Where staff move an order; everything else follows from payment and stock."""

    status: Literal["processing", "completed"]


class FulfilledItemIn(In):
    """What of a line is handed over."""

    item_id: Identifier
    quantity: Quantity


class FulfilmentIn(In):
    """A parcel; without ``items`` all that is left."""

    items: Annotated[list[FulfilledItemIn], Field(min_length=1, max_length=LINES_LIMIT)] | None = None
    tracking: Text | None = None


class OrderOut(Resource):
    """An order. ``orderToken`` is shown once, to the guest who placed it."""

    number: str
    channel: Channel
    customer_id: str | None
    email: str | None
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
    fulfilments: list[Fulfilment]
    shipping_address: PostalAddress | None
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
    deadline_at: datetime | None
    order_token_hash: str | None
    sequence: int


class InstrumentOut(Out):
    """The provider's token of an order's payment method; for the payment service alone."""

    payment_method_token: str
