"""Use cases of the notification service."""

import asyncio
from datetime import timedelta
from typing import Any

from common.clients import ServiceClients
from common.clock import Clock
from common.copies import LocalCopies
from common.errors import NotFound, VersionConflict
from common.events import Envelope, EventData
from common.events.identity import UserCreated, UserDisabled, UserRegistered, UserUpdated
from common.events.payments import DebtOverdue
from common.events.stock import StockFact
from common.events.tenancy import CompanyCreated, CompanyUpdated
from common.identity.principal import Principal
from common.logging import get_logger
from common.pagination import Page, PageRequest
from services.notification.clients import MailPort, NotHandedOver, Refused
from services.notification.domain import Notification, Recipient, Reference, texts
from services.notification.domain.message import GATHER_SECONDS, Item
from services.notification.domain.templates import Text
from services.notification.store import Notifications

log = get_logger(__name__)

ADMINS_LIMIT = 50
SWEEP_SECONDS = 1.0
SWEEP_BATCH = 100


class NotificationService:
    """Makes messages from events, hands them over, and shows what became of them."""

    def __init__(
        self,
        notifications: Notifications,
        staff: LocalCopies,
        companies: LocalCopies,
        clients: ServiceClients,
        mail: MailPort,
        clock: Clock,
    ) -> None:
        self._notifications = notifications
        self._staff = staff
        self._companies = companies
        self._clients = clients
        self._mail = mail
        self._clock = clock

    async def tell_buyer(self, event: Envelope[Any]) -> None:
        """One mail to whoever ordered; none where there is no address."""
        if event.company_id is None or event.data.email is None:
            return
        message_type, text = texts.order_text(event, await self._company_name(event.company_id))
        recipient = Recipient(customer_id=event.data.customer_id, address=event.data.email)
        reference = Reference(type="order", id=event.data.order_id)
        await self._send_mail(event, message_type, text, reference, recipient)

    async def tell_account(self, event: Envelope[UserRegistered] | Envelope[UserCreated]) -> None:
        """Greet a customer, or carry an invitation to a member of staff."""
        if event.company_id is None:
            return
        data = event.data
        if isinstance(data, UserCreated) and data.status != "invited":
            return
        message_type, text = texts.account_text(data, await self._company_name(event.company_id))
        customer_id = data.customer_id if isinstance(data, UserRegistered) else None
        recipient = Recipient(user_id=data.user_id, customer_id=customer_id, address=data.email)
        await self._send_mail(event, message_type, text, Reference(type="user", id=data.user_id), recipient)

    async def alert_stock(self, event: Envelope[StockFact]) -> None:
        """Show staff at once that a SKU runs low or out, and gather it into a mail to every company admin."""
        reference = Reference(type="sku", id=event.data.sku)
        await self._alert_staff(event, "stock_alert", texts.stock_text(event), reference)

    async def alert_debt(self, event: Envelope[DebtOverdue]) -> None:
        """Show staff at once that money is overdue, and gather it into a mail to every company admin."""
        reference = Reference(type="debt", id=event.data.debt_id)
        await self._alert_staff(event, "debt_overdue", texts.debt_text(event.data), reference)

    async def _alert_staff(
        self, event: Envelope[EventData], message_type: str, text: Text, reference: Reference
    ) -> None:
        if event.company_id is None:
            return
        now = self._clock.now()
        store = self._notifications.for_company(event.company_id)
        shown = texts.message(
            event, message_type, text, reference, Recipient(), channel="in_app", priority="critical", now=now
        )
        shown.show(now, event.type)
        await store.insert_once(shown)
        item = Item(event_id=event.id, subject=text.subject, body=text.body)
        admins = {"companyId": event.company_id, "role": "company_admin", "status": "active"}
        async for admin in self._staff.collection.find(admins).limit(ADMINS_LIMIT):
            recipient = Recipient(user_id=admin["userId"], address=admin["email"])
            mail = texts.message(
                event, message_type, text, reference, recipient, channel="email", priority="critical", now=now
            )
            mail.next_attempt_at = now + timedelta(seconds=GATHER_SECONDS)
            await store.gather(mail, item)

    async def _send_mail(
        self,
        event: Envelope[Any],
        message_type: str,
        text: Text,
        reference: Reference,
        recipient: Recipient,
    ) -> None:
        mail = texts.message(
            event,
            message_type,
            text,
            reference,
            recipient,
            channel="email",
            priority="important",
            now=self._clock.now(),
        )
        if await self._notifications.for_company(event.company_id).insert_once(mail):
            await self._deliver(mail)

    async def _deliver(self, notification: Notification) -> None:
        """Hand over one message that this process has locked, and store what came of it."""
        notification.compose()
        try:
            await self._mail.send(notification)
        except Refused as error:
            notification.note_refused(self._clock.now(), str(error))
        except NotHandedOver as error:
            notification.note_failed(self._clock.now(), str(error))
        else:
            notification.note_sent(self._clock.now())
        try:
            await self._notifications.for_platform().save(notification)
        except VersionConflict:
            log.warning("delivery_taken_over", notificationId=notification.id)

    async def sweep_for_ever(self) -> None:
        """Try again what is due, and take over what a crashed sender left."""
        while True:
            due = await self._notifications.take_due(self._clock.now(), SWEEP_BATCH)
            await asyncio.gather(*(self._deliver(notification) for notification in due))
            if len(due) < SWEEP_BATCH:
                await asyncio.sleep(SWEEP_SECONDS)

    async def follow_staff(self, event: Envelope[UserCreated] | Envelope[UserUpdated]) -> None:
        """Keep who works for a company, with address and role."""
        data = event.data
        if event.company_id is not None:
            fields = {"userId": data.user_id, "email": data.email, "role": data.role, "status": data.status}
            await self._staff.take(event.company_id, f"{event.company_id}:{data.user_id}", event.sequence, fields)

    async def forget_staff(self, event: Envelope[UserDisabled]) -> None:
        """A membership ended: no more alerts."""
        if event.company_id is not None:
            copy_id = f"{event.company_id}:{event.data.user_id}"
            await self._staff.take(event.company_id, copy_id, event.sequence, {"status": "disabled"})

    async def follow_company(self, event: Envelope[CompanyCreated] | Envelope[CompanyUpdated]) -> None:
        """Keep a company's name."""
        company_id = event.data.company_id
        await self._companies.take(company_id, company_id, event.sequence, {"name": event.data.name})

    async def _company_name(self, company_id: str) -> str:
        async def ask() -> dict[str, Any] | None:
            told = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
            return {"name": told["name"], "sequence": told["sequence"]}

        try:
            company = await self._companies.find(company_id, company_id, ask)
        except NotFound:
            company = None
        return str(company["name"]) if company else "Markethall"

    async def list(self, who: Principal, criteria: dict[str, Any], page: PageRequest) -> Page[Notification]:
        """Messages of the company for staff, one's own for everybody else."""
        return await self._notifications.for_company(who.tenant).page({**criteria, **_visible(who)}, page)

    async def read(self, who: Principal, notification_id: str) -> Notification:
        """One message. Raises NotFound, also for somebody else's."""
        found = await self._notifications.for_company(who.tenant).find_one({"_id": notification_id, **_visible(who)})
        if found is None:
            raise NotFound("notification")
        return found


def _visible(who: Principal) -> dict[str, Any]:
    if not who.may("notifications.read"):
        mine = [{"recipient.userId": who.id}]
        if who.customer_id:
            mine.append({"recipient.customerId": who.customer_id})
        return {"$or": mine}
    if who.is_limited_to_shops:
        return {"shopId": {"$in": [*who.shop_ids, None]}}
    return {}
