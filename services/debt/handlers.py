"""The inbox of the debt service."""

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.orders import OrderCancelled, OrderConfirmed, SaleCompleted
from services.debt.service import DebtService


async def owe_order(service: DebtService, event: Envelope[OrderConfirmed]) -> None:
    """An order on account becomes a debt."""
    await service.confirmed(event)


async def owe_sale(service: DebtService, event: Envelope[SaleCompleted]) -> None:
    """What a till put on account becomes a debt."""
    await service.sold(event)


async def reverse_debt(service: DebtService, event: Envelope[OrderCancelled]) -> None:
    """A cancelled order is no longer owed."""
    await service.cancelled(event)


HANDLERS: Handlers = {OrderConfirmed: owe_order, SaleCompleted: owe_sale, OrderCancelled: reverse_debt}
