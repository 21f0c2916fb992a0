"""Facts of the sales service: web and staff orders, till sales, customers."""

from datetime import datetime
from typing import ClassVar

from common.events.base import EventData, EventPart
from common.events.parts import ChangeData, OrderLine, PostalAddress, Tender
from common.money import Money


class OrderFact(EventData):
    """Base of the facts about one order: which, whose, where."""

    order_id: str
    number: str
    customer_id: str | None = None
    email: str | None = None
    shop_id: str | None = None


class OrderCreated(OrderFact):
    """An order was accepted; the saga begins. ``payment_method`` null: paid later through process.

    ``has_payment_token``: the token itself never travels in an event; payment asks sales for it.
    ``capture``: ``manual`` only authorises; the money is taken when staff capture it.
    ``fulfilment_method``: ship, pick_up, in_store or digital.
    """

    TYPE: ClassVar[str] = "order.created"
    PRODUCER: ClassVar[str] = "sales"
    channel: str
    cart_id: str | None = None
    lines: list[OrderLine]
    total: Money
    payment_method: str | None = None
    has_payment_token: bool = False
    capture: str = "automatic"
    fulfilment_method: str = "ship"
    placed_at: datetime
    deadline_at: datetime


class OrderConfirmed(OrderFact):
    """Goods are held and payment is settled or promised. Inventory deducts nothing twice, debts begin.

    ``total`` counts as revenue on ``placed_at``'s day in the company's time zone.
    """

    TYPE: ClassVar[str] = "order.confirmed"
    PRODUCER: ClassVar[str] = "sales"
    channel: str
    lines: list[OrderLine]
    total: Money
    payment_method: str | None = None
    payment_status: str
    placed_at: datetime


class OrderCancelled(OrderFact):
    """The order ended without a sale. ``reason``: out_of_stock, payment_failed, expired, customer, staff.

    ``was_confirmed``: its revenue was counted and is taken back on the day of this event. ``note``: the remark of
    whoever called it off, as the order's timeline shows it.
    """

    TYPE: ClassVar[str] = "order.cancelled"
    PRODUCER: ClassVar[str] = "sales"
    channel: str
    reason: str
    was_confirmed: bool
    lines: list[OrderLine]
    total: Money
    payment_method: str | None = None
    placed_at: datetime
    note: str | None = None


class OrderPaid(OrderFact):
    """Money for the whole order has been captured."""

    TYPE: ClassVar[str] = "order.paid"
    PRODUCER: ClassVar[str] = "sales"
    total: Money


class OrderUpdated(ChangeData):
    """Address or note of an order was changed before fulfilment, or the tracking of a parcel."""

    TYPE: ClassVar[str] = "order.updated"
    PRODUCER: ClassVar[str] = "sales"
    order_id: str = ""
    shop_id: str | None = None

    def subject_id(self) -> str:
        return self.order_id


class OrderStatusChanged(OrderFact):
    """An order moved on: processing, completed, on_hold, confirmed again after a hold, or delivered."""

    TYPE: ClassVar[str] = "order.status_changed"
    PRODUCER: ClassVar[str] = "sales"
    status: str
    fulfilment_status: str


class FulfilledLine(EventPart):
    """What of a line was handed over."""

    item_id: str
    sku: str
    quantity: int


class OrderFulfilled(OrderFact):
    """A parcel left: some or all lines of an order, perhaps with tracking, perhaps from a named warehouse."""

    TYPE: ClassVar[str] = "order.fulfilled"
    PRODUCER: ClassVar[str] = "sales"
    fulfilment_id: str
    lines: list[FulfilledLine]
    tracking: str | None = None
    warehouse_id: str | None = None
    fulfilment_status: str


class SaleCompleted(OrderFact):
    """A till sale: paid and handed over in one answer. Inventory takes the stock, short counts included."""

    TYPE: ClassVar[str] = "sale.completed"
    PRODUCER: ClassVar[str] = "sales"
    client_sale_id: str
    lines: list[OrderLine]
    total: Money
    tenders: list[Tender]
    change: Money
    sold_at: datetime


class ReturnedLine(EventPart):
    """Pieces that came back, and what of the price was given back for them. ``item_id`` null without a receipt."""

    item_id: str | None = None
    product_id: str
    variant_id: str | None = None
    sku: str
    name: str
    quantity: int
    refund: Money


class SaleReturned(EventData):
    """Goods came back to a shop. ``order_id`` null: without a receipt.

    ``outcome``: ``restock`` puts them on sale again, ``damaged`` writes them off. ``tenders`` sum to ``total``:
    cash from the drawer, card and paypal the way they came, on_account off what the customer owes.
    """

    TYPE: ClassVar[str] = "sale.returned"
    PRODUCER: ClassVar[str] = "sales"
    return_id: str
    number: str
    client_return_id: str
    shop_id: str
    order_id: str | None = None
    customer_id: str | None = None
    lines: list[ReturnedLine]
    outcome: str
    total: Money
    tenders: list[Tender]
    reason: str | None = None
    fulfilment_status: str | None = None
    returned_at: datetime


class SaleHeld(EventData):
    """A sale was set aside at a till; nothing is held in stock for it."""

    TYPE: ClassVar[str] = "sale.held"
    PRODUCER: ClassVar[str] = "sales"
    held_sale_id: str
    shop_id: str
    name: str | None = None
    customer_id: str | None = None
    expires_at: datetime


class SaleRecalled(EventData):
    """A sale that was set aside goes on at a till; no other till can recall it."""

    TYPE: ClassVar[str] = "sale.recalled"
    PRODUCER: ClassVar[str] = "sales"
    held_sale_id: str
    shop_id: str


class SaleDiscarded(EventData):
    """A sale that was set aside was given up."""

    TYPE: ClassVar[str] = "sale.discarded"
    PRODUCER: ClassVar[str] = "sales"
    held_sale_id: str
    shop_id: str


class SaleReceiptRequested(EventData):
    """A buyer wants the receipt of a till sale by mail; its text is asked of sales. Once per ``request_id``."""

    TYPE: ClassVar[str] = "sale.receipt_requested"
    PRODUCER: ClassVar[str] = "sales"
    order_id: str
    number: str
    shop_id: str | None = None
    customer_id: str | None = None
    email: str
    request_id: str


class CustomerCreated(EventData):
    """A company has a customer record."""

    TYPE: ClassVar[str] = "customer.created"
    PRODUCER: ClassVar[str] = "sales"
    customer_id: str
    user_id: str | None = None
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: PostalAddress | None = None


class CustomerUpdated(ChangeData):
    """A customer record was edited."""

    TYPE: ClassVar[str] = "customer.updated"
    PRODUCER: ClassVar[str] = "sales"
    customer_id: str = ""
    email: str | None = None
    name: str | None = None
    phone: str | None = None

    def subject_id(self) -> str:
        return self.customer_id


class CustomerArchived(EventData):
    """A customer record was taken out of use; it stays for the orders that name it."""

    TYPE: ClassVar[str] = "customer.archived"
    PRODUCER: ClassVar[str] = "sales"
    customer_id: str
    user_id: str | None = None
    email: str | None = None


class OrderNoted(EventData):
    """Staff wrote a note on an order. The text stays in sales: customers follow their orders' events."""

    TYPE: ClassVar[str] = "order.noted"
    PRODUCER: ClassVar[str] = "sales"
    note_id: str
    order_id: str
    shop_id: str | None = None


class SagaResumed(EventData):
    """An operator of the platform made a stuck order go on. No channel that a customer hears carries it.

    ``status``: where the order stood after what was overdue had been ended.
    """

    TYPE: ClassVar[str] = "saga.resumed"
    PRODUCER: ClassVar[str] = "sales"
    order_id: str
    number: str
    shop_id: str | None = None
    reason: str
    status: str


class CustomerNoted(EventData):
    """Staff wrote a note on a customer; the text stays in sales."""

    TYPE: ClassVar[str] = "customer.noted"
    PRODUCER: ClassVar[str] = "sales"
    note_id: str
    customer_id: str


class OrderViewSaved(EventData):
    """Filters of the order list were kept under a name."""

    TYPE: ClassVar[str] = "view.saved"
    PRODUCER: ClassVar[str] = "sales"
    view_id: str
    name: str


class OrderViewDeleted(EventData):
    """A saved view of the order list was removed."""

    TYPE: ClassVar[str] = "view.deleted"
    PRODUCER: ClassVar[str] = "sales"
    view_id: str
    name: str
