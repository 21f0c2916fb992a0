"""The events of an order, built from its record. The state table names them by type."""

from collections.abc import Callable

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
from services.sales.domain.record import OrderRecord


def created(order: OrderRecord) -> OrderCreated:
    """The order was accepted; the saga begins."""
    assert order.deadline_at is not None
    return OrderCreated(
        order_id=order.id,
        number=order.number,
        channel=order.channel,
        customer_id=order.customer_id,
        email=order.email,
        shop_id=order.shop_id,
        cart_id=order.cart_id,
        lines=[line.as_fact() for line in order.items],
        total=order.totals.grand_total,
        payment_method=_method(order),
        has_payment_token=order.has_payment_token,
        placed_at=order.placed_at,
        deadline_at=order.deadline_at,
    )


def confirmed(order: OrderRecord) -> OrderConfirmed:
    """Goods are held; money is settled or promised."""
    return OrderConfirmed(
        order_id=order.id,
        number=order.number,
        channel=order.channel,
        customer_id=order.customer_id,
        email=order.email,
        shop_id=order.shop_id,
        lines=[line.as_fact() for line in order.items],
        total=order.totals.grand_total,
        payment_method=_method(order),
        payment_status=order.payment_status,
        placed_at=order.placed_at,
    )


def cancelled(order: OrderRecord) -> OrderCancelled:
    """The order ended without a sale."""
    assert order.cancel_reason is not None
    return OrderCancelled(
        order_id=order.id,
        number=order.number,
        channel=order.channel,
        customer_id=order.customer_id,
        email=order.email,
        shop_id=order.shop_id,
        reason=order.cancel_reason,
        was_confirmed=order.confirmed_at is not None,
        lines=[line.as_fact() for line in order.items],
        total=order.totals.grand_total,
        payment_method=_method(order),
        placed_at=order.placed_at,
    )


def paid(order: OrderRecord) -> OrderPaid:
    """The whole total has come in."""
    return OrderPaid(
        order_id=order.id,
        number=order.number,
        customer_id=order.customer_id,
        email=order.email,
        shop_id=order.shop_id,
        total=order.totals.grand_total,
    )


def status_changed(order: OrderRecord) -> OrderStatusChanged:
    """The order moved on."""
    return OrderStatusChanged(
        order_id=order.id,
        number=order.number,
        customer_id=order.customer_id,
        email=order.email,
        shop_id=order.shop_id,
        status=order.status,
        fulfilment_status=order.fulfilment_status,
    )


def fulfilled(order: OrderRecord) -> OrderFulfilled:
    """The latest parcel left."""
    parcel = order.fulfilments[-1]
    skus = {line.id: line.sku for line in order.items}
    return OrderFulfilled(
        order_id=order.id,
        number=order.number,
        fulfilment_id=parcel.id,
        customer_id=order.customer_id,
        email=order.email,
        shop_id=order.shop_id,
        lines=[
            FulfilledLine(item_id=item.item_id, sku=skus[item.item_id], quantity=item.quantity) for item in parcel.items
        ],
        tracking=parcel.tracking,
        fulfilment_status=order.fulfilment_status,
    )


def sold(order: OrderRecord) -> SaleCompleted:
    """A till sale: paid and handed over."""
    assert order.till is not None
    return SaleCompleted(
        order_id=order.id,
        number=order.number,
        client_sale_id=order.till.client_sale_id,
        customer_id=order.customer_id,
        email=order.email,
        shop_id=order.shop_id,
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


def _method(order: OrderRecord) -> str | None:
    return order.payment.method if order.payment else None
