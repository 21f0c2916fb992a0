"""Channels: what each carries, and which permission it takes to hear it."""

import re
from typing import Any

from common.events import Envelope

ORDER_PREFIX = "order:"
_ORDER = re.compile(r"order:(ord_[0-9A-Za-z]{1,64})")

PERMISSIONS = {
    "orders": "orders.read",
    "inventory": "inventory.read",
    "dashboard": "analytics.read",
    "alerts": "notifications.read",
}
"""The channels of a whole company, and the permission each takes."""

ON_DASHBOARD = frozenset({"order.confirmed", "order.cancelled", "sale.completed", "payment.refunded"})

_OF_ORDERS = frozenset({"order", "payment", "sale"})
_OF_STOCK = frozenset({"inventory", "stock"})


def order_of(channel: str) -> str | None:
    """The order that a channel ``order:ord_…`` follows, or None."""
    match = _ORDER.fullmatch(channel)
    return match[1] if match else None


def is_known(channel: str) -> bool:
    """Whether there is such a channel."""
    return channel in PERMISSIONS or order_of(channel) is not None


def channels_of(event: Envelope[Any]) -> tuple[str, ...]:
    """The channels on which an event goes out."""
    subject = event.type.partition(".")[0]
    channels: list[str] = []
    if subject in _OF_ORDERS:
        channels.append("orders")
        order_id = getattr(event.data, "order_id", None)
        if order_id:
            channels.append(ORDER_PREFIX + order_id)
    elif subject in _OF_STOCK:
        channels.append("inventory")
    elif event.type == "notification.critical_alert":
        channels.append("alerts")
    if event.type in ON_DASHBOARD:
        channels.append("dashboard")
    return tuple(channels)


def is_for(shop_ids: frozenset[str] | None, channel: str, event: Envelope[Any]) -> bool:
    """Whether one who works in ``shop_ids`` only (None: everywhere) hears this event on this channel.

    An ``order:`` channel was permitted as a whole when it was subscribed.
    """
    return shop_ids is None or channel.startswith(ORDER_PREFIX) or event.shop_id in shop_ids
