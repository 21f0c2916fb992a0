"""The inbox of the debt service."""

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.orders import (
    CustomerCreated,
    CustomerUpdated,
    OrderCancelled,
    OrderConfirmed,
    SaleCompleted,
    SaleReturned,
)
from services.debt.service import DebtService


async def owe_order(service: DebtService, event: Envelope[OrderConfirmed]) -> None:
    """An order on account becomes a debt."""
    await service.confirmed(event)


async def owe_sale(service: DebtService, event: Envelope[SaleCompleted]) -> None:
    """What a till put on account becomes a debt."""
    await service.sold(event)


async def owe_less(service: DebtService, event: Envelope[SaleReturned]) -> None:
    """Goods on account came back."""
    await service.returned(event)


async def reverse_debt(service: DebtService, event: Envelope[OrderCancelled]) -> None:
    """A cancelled order is no longer owed."""
    await service.cancelled(event)


async def know_customer(service: DebtService, event: Envelope[CustomerCreated] | Envelope[CustomerUpdated]) -> None:
    """Somebody who may owe."""
    await service.know_customer(event)


HANDLERS: Handlers = {
    OrderConfirmed: owe_order,
    SaleCompleted: owe_sale,
    SaleReturned: owe_less,
    OrderCancelled: reverse_debt,
    CustomerCreated: know_customer,
    CustomerUpdated: know_customer,
}
