"""Who may hear which channel."""

from common.identity.principal import Principal
from services.realtime.clients import Orders
from services.realtime.domain.channels import PERMISSIONS, is_known, order_of


class Access:
    """Permissions for the channels of a company; for an order's channel, whose order it is."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def refusal(self, who: Principal, channel: str) -> str | None:
        """None when the channel may be heard, else the code. Raises Unavailable."""
        if not is_known(channel):
            return "unknown_channel"
        order_id = order_of(channel)
        if order_id is None:
            return None if who.may(PERMISSIONS[channel]) else "permission_denied"
        return await self._refusal_of_order(who, order_id)

    async def _refusal_of_order(self, who: Principal, order_id: str) -> str | None:
        """Somebody else's order and one that does not exist get the same code."""
        if not (who.may("orders.read") or who.may("own.orders")):
            return "permission_denied"
        order = await self._orders.find(who.tenant, order_id)
        if order is None:
            return "not_found"
        if who.may("orders.read"):
            is_theirs = not who.is_limited_to_shops or order.shop_id in who.shop_ids
        elif who.is_platform_customer:
            is_theirs = order.customer_user_id == who.id
        else:
            is_theirs = who.customer_id is not None and order.customer_id == who.customer_id
        return None if is_theirs else "not_found"
