"""Events to send through the broker."""

from datetime import UTC, datetime

from common.events.messages import CriticalAlert
from common.events.orders import OrderConfirmed, OrderStatusChanged
from common.events.payments import PaymentSucceeded
from common.events.stock import StockAdjusted
from common.ids import new_id
from common.money import Money

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def confirmed(order_id: str | None = None, shop_id: str | None = None) -> OrderConfirmed:
    """An order was confirmed."""
    return OrderConfirmed(
        order_id=order_id or new_id("ord"),
        number="1",
        channel="web",
        shop_id=shop_id,
        lines=[],
        total=Money(amount=100, currency="EUR"),
        payment_status="paid",
        placed_at=NOW,
    )


def moved(order_id: str) -> OrderStatusChanged:
    """An order moved on."""
    return OrderStatusChanged(order_id=order_id, number="1", status="processing", fulfilment_status="reserved")


def paid(order_id: str) -> PaymentSucceeded:
    """An order's payment came in."""
    money = Money(amount=100, currency="EUR")
    return PaymentSucceeded(payment_id=new_id("pay"), order_id=order_id, method="card", provider="stripe", amount=money)


def adjusted() -> StockAdjusted:
    """Stock was counted."""
    return StockAdjusted(movement_id=new_id("mov"), warehouse_id="whs_1", sku="A", delta=1, reason="found", on_hand=1)


def alerted() -> CriticalAlert:
    """Something runs out."""
    return CriticalAlert(
        notification_id=new_id("ntf"), alert="out_of_stock", reference_type="sku", reference_id="A", title="A is out"
    )
