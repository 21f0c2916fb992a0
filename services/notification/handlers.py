"""The inbox of the notification service. Every message is keyed by event, recipient and channel."""

from common.events import Envelope
from common.events.handlers import Handlers
from common.events.identity import UserCreated, UserDisabled, UserRegistered, UserUpdated
from common.events.orders import OrderCancelled, OrderConfirmed, OrderFulfilled
from common.events.payments import DebtOverdue
from common.events.stock import LowStock, OutOfStock
from common.events.tenancy import CompanyCreated, CompanyUpdated
from services.notification.service import NotificationService


async def meet_staff(service: NotificationService, event: Envelope[UserCreated]) -> None:
    """Remember a member of staff and, where invited, carry the invitation."""
    await service.follow_staff(event)
    await service.tell_account(event)


HANDLERS: Handlers = {
    OrderConfirmed: NotificationService.tell_buyer,
    OrderCancelled: NotificationService.tell_buyer,
    OrderFulfilled: NotificationService.tell_buyer,
    LowStock: NotificationService.alert_stock,
    OutOfStock: NotificationService.alert_stock,
    DebtOverdue: NotificationService.alert_debt,
    UserRegistered: NotificationService.tell_account,
    UserCreated: meet_staff,
    UserUpdated: NotificationService.follow_staff,
    UserDisabled: NotificationService.forget_staff,
    CompanyCreated: NotificationService.follow_company,
    CompanyUpdated: NotificationService.follow_company,
}
