"""The inbox of the payment service."""

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.orders import OrderCancelled, OrderCreated, SaleCompleted, SaleReturned
from common.events.payments import DebtPaymentRecorded
from common.events.stock import InventoryReserved
from common.events.tenancy import CompanyCreated, CompanyUpdated
from services.payment.service import PaymentService, decide


async def learn_order(service: PaymentService, event: Envelope[OrderCreated]) -> None:
    """An order exists; it is charged once its goods are held."""
    await decide(lambda: service.orders.created(event))


async def charge_order(service: PaymentService, event: Envelope[InventoryReserved]) -> None:
    """The goods are held: charge what the order carries."""
    await decide(lambda: service.orders.reserved(event))


async def return_money(service: PaymentService, event: Envelope[OrderCancelled]) -> None:
    """The order ended: let go of what waits, send back what came in."""
    await service.orders.cancelled(event)


async def record_tenders(service: PaymentService, event: Envelope[SaleCompleted]) -> None:
    """A till took money."""
    await decide(lambda: service.orders.sold(event))


async def hand_back(service: PaymentService, event: Envelope[SaleReturned]) -> None:
    """A till gave money back for returned goods."""
    await service.returning.returned(event)


async def record_debt_payment(service: PaymentService, event: Envelope[DebtPaymentRecorded]) -> None:
    """An order on account was paid, wholly or in part."""
    await decide(lambda: service.orders.debt_paid(event))


async def copy_company(service: PaymentService, event: Envelope[CompanyCreated] | Envelope[CompanyUpdated]) -> None:
    """Keep the settings that refunds are limited by."""
    fields = {"settings": event.data.settings.model_dump(mode="json", by_alias=True)}
    await service.on.companies.take(event.data.company_id, event.data.company_id, event.sequence, fields)


HANDLERS: Handlers = {
    OrderCreated: learn_order,
    InventoryReserved: charge_order,
    OrderCancelled: return_money,
    SaleCompleted: record_tenders,
    SaleReturned: hand_back,
    DebtPaymentRecorded: record_debt_payment,
    CompanyCreated: copy_company,
    CompanyUpdated: copy_company,
}
