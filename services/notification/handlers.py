"""The inbox of the notification service. Every message is keyed by event, recipient and way."""

from typing import Any

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.identity import (
    EmailChangeRequested,
    LinkRequested,
    PasswordResetRequested,
    UserCreated,
    UserDisabled,
    UserInvited,
    UserLocked,
    UserRegistered,
    UserUpdated,
    VerificationRequested,
)
from common.events.orders import (
    CustomerCreated,
    CustomerUpdated,
    OrderCancelled,
    OrderConfirmed,
    OrderFulfilled,
    OrderStatusChanged,
    SaleReceiptRequested,
)
from common.events.payments import DebtOverdue, PaymentFailed, PaymentRefunded
from common.events.stock import LowStock, OutOfStock, StockFact
from common.events.tenancy import CompanyCreated, CompanyUpdated
from services.notification.service import NotificationService


async def tell_buyer(service: NotificationService, event: Envelope[Any]) -> None:
    """What happened to an order."""
    await service.composing.tell_buyer(event)


async def tell_delivered(service: NotificationService, event: Envelope[OrderStatusChanged]) -> None:
    """An order has arrived."""
    await service.composing.tell_delivered(event)


async def tell_refund(service: NotificationService, event: Envelope[PaymentRefunded]) -> None:
    """Money went back."""
    await service.composing.tell_refund(event)


async def tell_decline(service: NotificationService, event: Envelope[PaymentFailed]) -> None:
    """A payment was declined, and there is a way back."""
    await service.composing.tell_decline(event)


async def send_receipt(service: NotificationService, event: Envelope[SaleReceiptRequested]) -> None:
    """A buyer wants the receipt of a till sale."""
    await service.composing.send_receipt(event)


async def alert_stock(service: NotificationService, event: Envelope[StockFact]) -> None:
    """A SKU runs low or out."""
    await service.composing.alert_stock(event)


async def alert_debt(service: NotificationService, event: Envelope[DebtOverdue]) -> None:
    """Money is overdue."""
    await service.composing.alert_debt(event)


async def greet(service: NotificationService, event: Envelope[UserRegistered]) -> None:
    """A customer signed up."""
    await service.composing.greet(event)


async def send_link(service: NotificationService, event: Envelope[LinkRequested]) -> None:
    """Carry a link that auth made."""
    await service.composing.send_link(event)


async def follow_staff(service: NotificationService, event: Envelope[Any]) -> None:
    """Remember who works for a company."""
    await service.recipients.follow_staff(event)


async def forget_staff(service: NotificationService, event: Envelope[UserDisabled]) -> None:
    """Somebody works there no more."""
    await service.recipients.forget_staff(event)


async def follow_customer(service: NotificationService, event: Envelope[Any]) -> None:
    """Remember how a customer is reached."""
    await service.recipients.follow_customer(event)


async def follow_company(service: NotificationService, event: Envelope[Any]) -> None:
    """Remember a company's name."""
    await service.recipients.follow_company(event)


HANDLERS: Handlers = {
    OrderConfirmed: tell_buyer,
    OrderCancelled: tell_buyer,
    OrderFulfilled: tell_buyer,
    OrderStatusChanged: tell_delivered,
    PaymentRefunded: tell_refund,
    PaymentFailed: tell_decline,
    SaleReceiptRequested: send_receipt,
    LowStock: alert_stock,
    OutOfStock: alert_stock,
    DebtOverdue: alert_debt,
    UserRegistered: greet,
    PasswordResetRequested: send_link,
    VerificationRequested: send_link,
    UserLocked: send_link,
    UserInvited: send_link,
    EmailChangeRequested: send_link,
    UserCreated: follow_staff,
    UserUpdated: follow_staff,
    UserDisabled: forget_staff,
    CustomerCreated: follow_customer,
    CustomerUpdated: follow_customer,
    CompanyCreated: follow_company,
    CompanyUpdated: follow_company,
}
