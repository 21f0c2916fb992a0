"""What is kept of an order: its fields, without behaviour."""

from datetime import datetime
from typing import Literal

from common.aggregate import Aggregate, Part
from common.events.parts import PostalAddress, Tender
from common.money import Money
from services.sales.domain.lines import Line, Totals
from services.sales.domain.states import CancelReason, FulfilmentStatus, PaymentStatus, State, Status

Channel = Literal["web", "staff", "pos"]
Method = Literal["card", "paypal", "cash", "cash_on_delivery", "on_account"]
Capture = Literal["automatic", "manual"]
"""When an authorised payment is taken: at once, or when staff say so."""

PaymentState = Literal[
    "pending",
    "processing",
    "requires_action",
    "authorized",
    "succeeded",
    "failed",
    "expired",
    "voided",
    "partially_refunded",
    "refunded",
]

SoldAtDoubt = Literal["in_future", "long_ago"]

PROMISED: tuple[Method, ...] = ("cash_on_delivery", "on_account")
"""Methods by which an order is confirmed before any money has moved."""


FulfilmentMethod = Literal["ship", "pick_up", "in_store", "digital"]
"""How goods reach the buyer: by parcel, fetched from a shop, handed over there and then, or by no parcel at all."""

FROM_A_SHOP: tuple[FulfilmentMethod, ...] = ("pick_up", "in_store")


class Actor(Part):
    """Who did something: ``{"type": "user", "id": "usr_…"}``; ``id`` null for the system and for guests."""

    type: str
    id: str | None = None

    @classmethod
    def read(cls, actor: str) -> "Actor":
        """From the form that the call context and events carry, ``user:usr_…``."""
        kind, _, who = actor.partition(":")
        return cls(type=kind, id=who or None)


SYSTEM = Actor(type="system")


class TimelineEntry(Part):
    """One thing that happened to an order; ``note`` is a person's remark."""

    at: datetime
    type: str
    actor: Actor
    note: str | None = None


class PaymentChoice(Part):
    """How the buyer means to pay."""

    method: Method
    capture: Capture = "automatic"


class OrderPayment(Part):
    """A payment of this order as the payment service last told of it."""

    id: str
    method: str
    amount: Money
    status: PaymentState
    captured: Money
    refunded: Money


class FulfilledItem(Part):
    """What of a line went into a parcel."""

    item_id: str
    quantity: int


class Fulfilment(Part):
    """A parcel that left; ``warehouse_id`` where whoever packed it said so."""

    id: str
    items: list[FulfilledItem]
    tracking: str | None
    warehouse_id: str | None = None
    at: datetime


class Allocation(Part):
    """How many pieces of a SKU one warehouse holds for an order; a SKU may come from several."""

    sku: str
    warehouse_id: str
    quantity: int


class TillFacts(Part):
    """What only a till sale has. ``fingerprint`` tells a repeated sale from another one under its id.

    ``sold_at_doubt``: the till's clock says something that is hardly so.
    """

    client_sale_id: str
    sold_at: datetime
    tenders: list[Tender]
    change: Money
    price_variance: bool
    sold_at_doubt: SoldAtDoubt | None = None
    fingerprint: str


class GivenBack(Part):
    """Money that went back with the goods of one return."""

    return_id: str
    tenders: list[Tender]


class OrderRecord(Aggregate):
    """An order or a till sale. ``due_at`` is set exactly while a next event must come by then.

    ``cart_key``: a hash of what the buyer named the cart by, which may have been its secret token.

    ``requests``: ids of the latest requests that moved it, by which one that runs again after a crash is known.

    ``settled``: money was taken elsewhere (till, settled debt), so the whole total counts as paid.
    """

    number: str
    channel: Channel
    customer_id: str | None
    email: str | None
    customer_name: str | None = None
    shop_id: str | None
    cart_id: str | None
    cart_key: str | None
    status: Status
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    cancel_reason: CancelReason | None = None
    items: list[Line]
    totals: Totals
    paid: Money
    refunded: Money
    settled: bool = False
    payment: PaymentChoice | None
    has_payment_token: bool = False
    payments: list[OrderPayment] = []
    allocations: list[Allocation] = []
    fulfilments: list[Fulfilment] = []
    fulfilment_method: FulfilmentMethod = "ship"
    shipping_address: PostalAddress | None
    billing_address: PostalAddress | None = None
    note: str | None
    placed_at: datetime
    deadline_at: datetime | None
    due_at: datetime | None
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None
    timeline: list[TimelineEntry] = []
    requests: list[str] = []
    token_hash: str | None = None
    till: TillFacts | None = None
    given_back: list[GivenBack] = []

    @property
    def state(self) -> State:
        """Where the order stands on its three axes."""
        return State(self.status, self.payment_status, self.fulfilment_status)

    @property
    def is_waiting(self) -> bool:
        """Whether the saga has not ended yet: neither confirmed nor cancelled."""
        return self.status in ("pending", "on_hold") and self.confirmed_at is None

    @property
    def is_promised(self) -> bool:
        """Whether confirmation does not wait for money."""
        return self.payment is not None and self.payment.method in PROMISED

    @property
    def due(self) -> Money:
        """What is still to be paid; nothing once cancelled."""
        total = self.totals.grand_total
        left = 0 if self.status == "cancelled" else max(0, total.amount - self.paid.amount)
        return Money.of(left, total.currency)
