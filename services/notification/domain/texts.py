"""From events to messages: who is told what."""

from datetime import datetime, timedelta

from common.events import Envelope, EventData
from common.events.identity import UserCreated, UserRegistered
from common.events.orders import OrderCancelled, OrderConfirmed, OrderFulfilled
from common.events.payments import DebtOverdue
from common.events.stock import StockFact
from common.ids import new_id
from services.notification.domain import templates
from services.notification.domain.message import LOCK_SECONDS, Channel, Notification, Priority, Recipient, Reference
from services.notification.domain.templates import Text

LINES_SHOWN = 50
STATES = {"inventory.low_stock": "running low", "inventory.out_of_stock": "out of stock"}


def order_text(event: Envelope[EventData], company: str) -> tuple[str, Text]:
    """Message type and text for what happened to an order."""
    data = event.data
    if isinstance(data, OrderConfirmed):
        rows = [f"{line.quantity} x {line.name}: {templates.amount(line.total)}" for line in data.lines]
        values = {"number": data.number, "lines": _shortened(rows), "total": templates.amount(data.total)}
        return "order_confirmation", templates.render("order_confirmation", company=company, **values)
    if isinstance(data, OrderCancelled):
        reason = templates.REASONS.get(data.reason, data.reason)
        values = {"number": data.number, "reason": reason, "total": templates.amount(data.total)}
        return "order_cancelled", templates.render("order_cancelled", company=company, **values)
    assert isinstance(data, OrderFulfilled)
    rows = [f"{line.quantity} x {line.sku}" for line in data.lines]
    values = {"number": data.number, "lines": _shortened(rows), "tracking": data.tracking or "none"}
    return "order_shipped", templates.render("order_shipped", company=company, **values)


def account_text(data: UserRegistered | UserCreated, company: str) -> tuple[str, Text]:
    """Message type and text for a new account or an invitation."""
    message_type = "invitation" if isinstance(data, UserCreated) else "welcome"
    return message_type, templates.render(message_type, name=data.name or data.email, company=company)


def stock_text(event: Envelope[StockFact]) -> Text:
    """The text of a stock alert."""
    data = event.data
    return templates.render(
        "stock_alert",
        sku=data.sku,
        state=STATES[event.type],
        available=str(data.available),
        threshold=str(data.threshold),
    )


def debt_text(data: DebtOverdue) -> Text:
    """The text of an overdue notice to staff."""
    return templates.render(
        "debt_overdue",
        amount=templates.amount(data.outstanding),
        debtor=data.debtor_id,
        due=data.due_at.date().isoformat(),
    )


def message(
    event: Envelope[EventData],
    message_type: str,
    text: Text,
    reference: Reference,
    recipient: Recipient,
    *,
    channel: Channel,
    priority: Priority,
    now: datetime,
) -> Notification:
    """One message caused by ``event``. Mail is locked for the sender that is about to take it."""
    is_mail = channel == "email"
    return Notification(
        id=new_id("ntf"),
        company_id=event.company_id,
        created_at=now,
        updated_at=now,
        event_id=event.id,
        shop_id=event.shop_id,
        type=message_type,
        channel=channel,
        priority=priority,
        status="sending",
        recipient=recipient,
        recipient_key=recipient.key,
        subject=text.subject,
        body=text.body,
        reference=reference,
        next_attempt_at=now + timedelta(seconds=LOCK_SECONDS) if is_mail else None,
    )


def _shortened(rows: list[str]) -> str:
    more = [f"and {len(rows) - LINES_SHOWN} more"] if len(rows) > LINES_SHOWN else []
    return "\n".join([*rows[:LINES_SHOWN], *more])
