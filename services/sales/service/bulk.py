"""One action on many orders: a result a row, and no row suffers for another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.errors import DomainError
from common.identity.principal import Principal
from services.sales.domain.order import Order
from services.sales.service.changing import OrderService

Action = Literal["cancel", "processing", "completed"]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one order: either the order, or why not."""

    order_id: str
    order: Order | None = None
    error: DomainError | None = None


class BulkService:
    """Takes what staff ask of up to a hundred orders."""

    def __init__(self, orders: OrderService) -> None:
        self._orders = orders

    async def act(self, who: Principal, action: Action, order_ids: Sequence[str], request_id: str) -> list[Row]:
        """Do ``action`` to each order, in the order sent; under ``request_id`` each is moved once."""
        return [await self._one(who, action, order_id, request_id) for order_id in order_ids]

    async def _one(self, who: Principal, action: Action, order_id: str, request_id: str) -> Row:
        try:
            if action == "cancel":
                return Row(order_id, await self._orders.cancel(who, order_id, None, None))
            return Row(order_id, await self._orders.advance(who, order_id, action, request_id))
        except DomainError as error:
            return Row(order_id, error=error)
