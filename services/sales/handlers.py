"""The inbox of the sales service."""

from typing import Any

from common.events import Envelope
from common.events.catalogue import ProductArchived, ProductCreated, ProductUpdated
from common.events.handlers import Handlers
from common.events.identity import UserRegistered
from common.events.payments import (
    DebtSettled,
    PaymentAuthorized,
    PaymentExpired,
    PaymentFailed,
    PaymentRefunded,
    PaymentRequiresAction,
    PaymentSucceeded,
    PaymentVoided,
)
from common.events.stock import InventoryReserved, ReservationFailed
from common.events.tenancy import CompanyCreated, CompanyUpdated, ShopCreated, ShopUpdated
from services.sales.domain.order import Order, PaymentFact
from services.sales.domain.record import Actor
from services.sales.service import SalesService

PaymentEvent = (
    PaymentAuthorized
    | PaymentSucceeded
    | PaymentFailed
    | PaymentExpired
    | PaymentRequiresAction
    | PaymentVoided
    | PaymentRefunded
)


async def reserve(service: SalesService, event: Envelope[InventoryReserved]) -> None:
    """All lines of an order are held."""
    now = service.saga.clock.now()
    await service.saga.take(
        _company(event), event.data.order_id, event.id, lambda order: order.stock_reserved(event.data.lines, now=now)
    )


async def run_short(service: SalesService, event: Envelope[ReservationFailed]) -> None:
    """Some line of an order fell short."""
    now = service.saga.clock.now()
    await service.saga.take(_company(event), event.data.order_id, event.id, lambda order: order.stock_short(now=now))


async def take_payment(service: SalesService, event: Envelope[PaymentEvent]) -> None:
    """A payment moved on."""
    now = service.saga.clock.now()
    by = Actor.read(event.actor)

    def change(order: Order) -> None:
        data = event.data
        fact = PaymentFact(data.payment_id, data.method, data.amount)
        match data:
            case PaymentAuthorized():
                order.payment_authorized(fact, now=now, by=by)
            case PaymentSucceeded():
                order.payment_succeeded(fact, now=now, by=by)
            case PaymentFailed():
                order.payment_failed(fact, final=data.final, now=now, by=by)
            case PaymentRefunded():
                order.payment_refunded(fact, data.refunded, now=now, by=by)
            case PaymentRequiresAction():
                order.payment_requires_action(fact, now=now, by=by)
            case PaymentVoided():
                order.payment_voided(fact, now=now)
            case PaymentExpired():
                order.payment_expired(fact, now=now)

    await service.saga.take(_company(event), event.data.order_id, event.id, change)


async def settle_debt(service: SalesService, event: Envelope[DebtSettled]) -> None:
    """The debt of an order on account is paid; debts entered by hand have no order."""
    if event.data.order_id is None:
        return
    now, by = service.saga.clock.now(), Actor.read(event.actor)
    await service.saga.take(
        _company(event), event.data.order_id, event.id, lambda order: order.debt_settled(now=now, by=by)
    )


async def copy_product(service: SalesService, event: Envelope[ProductCreated | ProductUpdated]) -> None:
    """A product exists or was edited."""
    await service.copies.take_product(_company(event), event.data, event.sequence, event.time)


async def archive_product(service: SalesService, event: Envelope[ProductArchived]) -> None:
    """A product was taken out of sale."""
    await service.copies.archive_product(_company(event), event.data, event.sequence)


async def copy_company(service: SalesService, event: Envelope[CompanyCreated | CompanyUpdated]) -> None:
    """A company exists or its settings changed."""
    await service.copies.take_company(event.data, event.sequence)


async def copy_shop(service: SalesService, event: Envelope[ShopCreated | ShopUpdated]) -> None:
    """A shop exists or was edited."""
    await service.copies.take_shop(_company(event), event.data, event.sequence)


async def welcome(service: SalesService, event: Envelope[UserRegistered]) -> None:
    """A customer signed up at a company; accounts of the platform get a record with their first order."""
    data = event.data
    if event.company_id is None or data.customer_id is None:
        return
    await service.customers.welcome(
        event.company_id, data.customer_id, user_id=data.user_id, email=data.email, name=data.name
    )


def _company(event: Envelope[Any]) -> str:
    if event.company_id is None:
        raise ValueError(f"{event.type} names no company")
    return event.company_id


HANDLERS: Handlers = {
    InventoryReserved: reserve,
    ReservationFailed: run_short,
    PaymentAuthorized: take_payment,
    PaymentSucceeded: take_payment,
    PaymentFailed: take_payment,
    PaymentExpired: take_payment,
    PaymentRequiresAction: take_payment,
    PaymentVoided: take_payment,
    PaymentRefunded: take_payment,
    DebtSettled: settle_debt,
    ProductCreated: copy_product,
    ProductUpdated: copy_product,
    ProductArchived: archive_product,
    CompanyCreated: copy_company,
    CompanyUpdated: copy_company,
    ShopCreated: copy_shop,
    ShopUpdated: copy_shop,
    UserRegistered: welcome,
}
