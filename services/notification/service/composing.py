"""From events to messages: who is told what, by which ways."""

from dataclasses import replace
from typing import Any

from common.clock import Clock
from common.events import Envelope, EventData
from common.events.identity import (
    EmailChangeRequested,
    LinkRequested,
    PasswordResetRequested,
    UserInvited,
    UserLocked,
    UserRegistered,
    VerificationRequested,
)
from common.events.orders import OrderStatusChanged, SaleReceiptRequested
from common.events.payments import DebtOverdue, PaymentFailed, PaymentRefunded
from common.events.stock import StockFact
from services.notification.domain import Channel, Contacts, Notification, Recipient, Reference, templates, texts
from services.notification.domain.message import Item
from services.notification.domain.policy import KINDS, ways_of
from services.notification.domain.templates import Text
from services.notification.service.delivering import Delivering
from services.notification.service.recipients import Addressee, Recipients
from services.notification.store import Notifications

LINK_KINDS: dict[str, str] = {
    PasswordResetRequested.TYPE: "password_reset",
    VerificationRequested.TYPE: "email_verification",
    UserLocked.TYPE: "account_locked",
    UserInvited.TYPE: "invitation",
    EmailChangeRequested.TYPE: "email_change",
}


class Composing:
    """Makes messages from events and hands them to the delivery."""

    def __init__(
        self,
        notifications: Notifications,
        recipients: Recipients,
        delivering: Delivering,
        clock: Clock,
        public_url: str,
        gather_seconds: float,
    ) -> None:
        self._notifications = notifications
        self._recipients = recipients
        self._delivering = delivering
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._gather_seconds = gather_seconds

    async def tell_buyer(self, event: Envelope[Any]) -> None:
        """What happened to an order, to whoever ordered; nothing where nobody can be reached."""
        data = event.data
        if event.company_id is None or (data.email is None and data.customer_id is None):
            return
        kind, text = texts.order_text(event, await self._recipients.company_name(event.company_id))
        told = await self._recipients.customer(event.company_id, data.customer_id, data.email, order_id=data.order_id)
        await self._tell(event, kind, text, Reference(type="order", id=data.order_id), told)

    async def tell_delivered(self, event: Envelope[OrderStatusChanged]) -> None:
        """An order has arrived: said once an order, however it moves on after that."""
        if event.data.fulfilment_status == "delivered":
            await self.tell_buyer(replace(event, id=f"{event.data.order_id}:delivered"))

    async def tell_refund(self, event: Envelope[PaymentRefunded]) -> None:
        """Money is on its way back."""
        await self._tell_payer(event, "refund_issued")

    async def tell_decline(self, event: Envelope[PaymentFailed]) -> None:
        """A payment was declined and the order waits for another; where it ended, its cancellation says so."""
        if not event.data.final:
            await self._tell_payer(event, "payment_failed")

    async def _tell_payer(self, event: Envelope[Any], kind: str) -> None:
        data, company_id = event.data, event.company_id
        order = await self._recipients.order(company_id, data.order_id) if company_id is not None else None
        if company_id is None or order is None or not (order["email"] or order["customerId"]):
            return
        company = await self._recipients.company_name(company_id)
        if isinstance(data, PaymentFailed):
            url = f"{self._public_url}/orders/{data.order_id}"
            text = texts.decline_text(data, order["number"], company, url)
        else:
            text = texts.refund_text(data, order["number"], company)
        told = await self._recipients.customer(company_id, order["customerId"], order["email"])
        await self._tell(event, kind, text, Reference(type="order", id=data.order_id), told)

    async def greet(self, event: Envelope[UserRegistered]) -> None:
        """Greet a customer who signed up."""
        data = event.data
        company = await self._recipients.company_name(event.company_id)
        text = templates.render("welcome", name=templates.greeted(data.name) or data.email, company=company)
        recipient = Recipient(user_id=data.user_id, customer_id=data.customer_id, address=data.email)
        told = await self._recipients.reached(event.company_id, recipient, Contacts(email=data.email))
        await self._tell(event, "welcome", text, Reference(type="user", id=data.user_id), told)

    async def send_link(self, event: Envelope[LinkRequested]) -> None:
        """A mail with a secret in it: stored without its body, which is written from auth's answer as it leaves."""
        data, kind = event.data, LINK_KINDS[event.type]
        company = await self._recipients.company_name(event.company_id)
        text = Text(subject=templates.subject_of(kind, company=company), body="")
        contacts = Contacts(email=data.email)
        recipient = Recipient(user_id=data.user_id, address=data.email)
        told = Addressee(recipient, contacts, {"email"})
        await self._tell(event, kind, text, Reference(type="user", id=data.user_id), told, link_id=data.link_id)

    async def send_receipt(self, event: Envelope[SaleReceiptRequested]) -> None:
        """The receipt of a till sale, to the address that was named at the till and to no other."""
        data, company_id = event.data, event.company_id
        receipt = await self._recipients.receipt(company_id, data.order_id) if company_id is not None else None
        if receipt is None:
            return
        text = templates.render("till_receipt", number=receipt["number"], text=receipt["text"])
        recipient = Recipient(customer_id=data.customer_id, address=data.email)
        told = Addressee(recipient, Contacts(email=data.email), {"email"})
        await self._tell(event, "till_receipt", text, Reference(type="order", id=data.order_id), told)

    async def alert_stock(self, event: Envelope[StockFact]) -> None:
        """Show staff at once that a SKU runs low or out, and alert every company admin."""
        reference = Reference(type="sku", id=event.data.sku)
        await self._alert_staff(event, "stock_alert", texts.stock_text(event), reference)

    async def alert_debt(self, event: Envelope[DebtOverdue]) -> None:
        """Show staff at once that money is overdue, and remind the customer who owes it."""
        data = event.data
        reference = Reference(type="debt", id=data.debt_id)
        await self._alert_staff(event, "debt_overdue", texts.debt_text(data), reference)
        if event.company_id is not None and data.debtor_type == "customer":
            told = await self._recipients.customer(event.company_id, data.debtor_id, None)
            text = texts.debt_notice(data, await self._recipients.company_name(event.company_id))
            await self._tell(event, "debt_notice", text, reference, told)

    async def _alert_staff(self, event: Envelope[EventData], kind: str, text: Text, reference: Reference) -> None:
        if event.company_id is None:
            return
        store = self._notifications.for_company(event.company_id)
        shown = self._message(event, kind, text, reference, Addressee(Recipient(), Contacts()), ["in_app"])
        shown.show(self._clock.now(), event.type)
        await store.insert_once(shown)
        item = Item(event_id=event.id, subject=text.subject, body=text.body)
        for admin in await self._recipients.admins(event.company_id):
            for way in ways_of(kind, admin.reach, self._delivering.configured):
                message = self._message(event, kind, text, reference, admin, way)
                if message.channel == "email":
                    message.gathering = True
                    message.next_attempt_at = texts.gathered_at(self._clock.now(), self._gather_seconds)
                    await store.gather(message, item)
                else:
                    await self._delivering.enqueue(message)

    async def _tell(
        self,
        event: Envelope[Any],
        kind: str,
        text: Text,
        reference: Reference,
        told: Addressee,
        *,
        link_id: str | None = None,
    ) -> None:
        for way in ways_of(kind, told.reach, self._delivering.configured):
            message = self._message(event, kind, text, reference, told, way)
            message.link_id = link_id
            await self._delivering.enqueue(message)

    def _message(
        self,
        event: Envelope[Any],
        kind: str,
        text: Text,
        reference: Reference,
        told: Addressee,
        way: list[Channel],
    ) -> Notification:
        return texts.message(
            kind,
            text,
            reference,
            told.recipient,
            told.contacts,
            way,
            event_id=event.id,
            company_id=event.company_id,
            shop_id=event.shop_id,
            priority=KINDS[kind].priority,
            now=self._clock.now(),
        )
