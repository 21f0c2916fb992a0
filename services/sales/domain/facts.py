"""The events of an order, built from its record. The state table names them by type."""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

from common.events.base import EventData
from common.events.orders import (
    FulfilledLine,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderFulfilled,
    OrderPaid,
    OrderStatusChanged,
    SaleCompleted,
)
from common.events.parts import OrderLine
from common.money import Money
from services.sales.domain.record import OrderRecord


class _Whose(TypedDict):
    order_id: str
    number: str
    customer_id: str | None
    email: str | None
    shop_id: str | None


class _What(TypedDict):
    channel: str
    lines: list[OrderLine]
    total: Money
    payment_method: str | None
    placed_at: datetime


def created(order: OrderRecord) -> OrderCreated:
    """The order was accepted; the saga begins."""
    assert order.deadline_at is not None
    return OrderCreated(
        **_whose(order),
        **_what(order),
        cart_id=order.cart_id,
        has_payment_token=order.has_payment_token,
        capture=order.payment.capture if order.payment else "automatic",
        fulfilment_method=order.fulfilment_method,
        deadline_at=order.deadline_at,
    )


def confirmed(order: OrderRecord) -> OrderConfirmed:
    """Goods are held; money is settled or promised."""
    return OrderConfirmed(**_whose(order), **_what(order), payment_status=order.payment_status)


def cancelled(order: OrderRecord) -> OrderCancelled:
    """The order ended without a sale."""
    assert order.cancel_reason is not None
    return OrderCancelled(
        **_whose(order),
        **_what(order),
        reason=order.cancel_reason,
        was_confirmed=order.confirmed_at is not None,
        note=order.timeline[-1].note,
    )


def paid(order: OrderRecord) -> OrderPaid:
    """The whole total has come in."""
    return OrderPaid(**_whose(order), total=order.totals.grand_total)


def status_changed(order: OrderRecord) -> OrderStatusChanged:
    """The order moved on."""
    return OrderStatusChanged(**_whose(order), status=order.status, fulfilment_status=order.fulfilment_status)


def fulfilled(order: OrderRecord) -> OrderFulfilled:
    """The latest parcel left."""
    parcel = order.fulfilments[-1]
    skus = {line.id: line.sku for line in order.items}
    return OrderFulfilled(
        **_whose(order),
        fulfilment_id=parcel.id,
        lines=[
            FulfilledLine(item_id=item.item_id, sku=skus[item.item_id], quantity=item.quantity) for item in parcel.items
        ],
        tracking=parcel.tracking,
        warehouse_id=parcel.warehouse_id,
        fulfilment_status=order.fulfilment_status,
    )


def sold(order: OrderRecord) -> SaleCompleted:
    """A till sale: paid and handed over."""
    assert order.till is not None
    return SaleCompleted(
        **_whose(order),
        client_sale_id=order.till.client_sale_id,
        lines=[line.as_fact() for line in order.items],
        total=order.totals.grand_total,
        tenders=order.till.tenders,
        change=order.till.change,
        sold_at=order.till.sold_at,
    )


FACTS: dict[str, Callable[[OrderRecord], EventData]] = {
    OrderConfirmed.TYPE: confirmed,
    OrderCancelled.TYPE: cancelled,
    OrderPaid.TYPE: paid,
    OrderStatusChanged.TYPE: status_changed,
    OrderFulfilled.TYPE: fulfilled,
}
"""What each event type of the state table is built by."""


def _whose(order: OrderRecord) -> _Whose:
    return _Whose(
        order_id=order.id,
        number=order.number,
        customer_id=order.customer_id,
        email=order.email,
        shop_id=order.shop_id,
    )


def _what(order: OrderRecord) -> _What:
    return _What(
        channel=order.channel,
        lines=[line.as_fact() for line in order.items],
        total=order.totals.grand_total,
        payment_method=order.payment.method if order.payment else None,
        placed_at=order.placed_at,
    )
