"""Who may see which order."""

import hashlib
import hmac
from typing import Any

from common.errors import NotFound, Unauthenticated
from common.identity.principal import Principal
from services.sales.domain.order import Order
from services.sales.service.customers import CustomerService
from services.sales.store import Orders

NOBODY = "-"
"""A customer id that no order carries."""


class Access:
    """Orders as one caller may see them; everything else does not exist for that caller."""

    def __init__(self, orders: Orders, customers: CustomerService) -> None:
        self._orders = orders
        self._customers = customers

    async def order(self, who: Principal, order_id: str, token: str | None = None, needs: str = "orders.read") -> Order:
        """One order, for whoever has ``needs`` as staff, owns it, or sends its token.

        Raises NotFound for somebody else's, Forbidden for staff who see it and lack ``needs``, Unauthenticated
        for a guest without a token.
        """
        if who.is_visitor and token is None:
            raise Unauthenticated("authentication_required", "Sign in, or send X-Order-Token.")
        order = await self._orders.for_company(who.tenant).get(order_id)
        if who.is_staff and (who.may(needs) or who.may("orders.read")):
            who.require_shop(order.shop_id, "order")
            who.require(needs)
        elif not (_opens(order, token) or await self._owns(who, order)):
            raise NotFound("order")
        return order

    async def criteria(self, who: Principal) -> dict[str, Any]:
        """What narrows a list to what the caller may see. Raises Unauthenticated for guests."""
        if who.is_visitor:
            raise Unauthenticated("authentication_required", "Sign in to list orders.")
        if who.is_staff and who.may("orders.read"):
            return {"shopId": {"$in": list(who.shop_ids)}} if who.is_limited_to_shops else {}
        return {"customerId": await self._customers.id_of(who) or NOBODY}

    async def _owns(self, who: Principal, order: Order) -> bool:
        if order.customer_id is None or who.is_visitor:
            return False
        return order.customer_id == await self._customers.id_of(who)


def hash_of(token: str) -> str:
    """How an order token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _opens(order: Order, token: str | None) -> bool:
    return bool(token and order.token_hash and hmac.compare_digest(order.token_hash, hash_of(token)))
