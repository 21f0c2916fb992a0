"""The saga's steps: load the order, decide in the domain, save with the event's id in one write."""

from collections.abc import Callable

from common.clock import Clock
from common.errors import ComeBackLater
from services.sales.domain.order import Order
from services.sales.service.endings import Endings
from services.sales.store import Orders


class Saga:
    """Takes facts of inventory, payment and debt into orders."""

    def __init__(self, orders: Orders, endings: Endings, clock: Clock) -> None:
        self._orders = orders
        self._endings = endings
        self.clock = clock

    async def take(self, company_id: str, order_id: str, event_id: str, change: Callable[[Order], None]) -> None:
        """Apply ``change`` once. Raises ComeBackLater for an order that is not here yet, VersionConflict."""
        orders = self._orders.for_company(company_id)
        order = await orders.find(order_id)
        if order is None:
            raise ComeBackLater(f"order {order_id} is not known yet")
        if order.has_handled(event_id):
            return
        change(order)
        await orders.save(order, handled=event_id)
        self._endings.announce(order_id)
