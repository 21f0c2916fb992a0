"""From events to texts: what is said about what happened."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from common.events import Envelope, EventData
from common.events.orders import OrderCancelled, OrderConfirmed, OrderFulfilled, OrderStatusChanged
from common.events.payments import DebtOverdue, PaymentFailed, PaymentRefunded
from common.events.stock import StockFact
from common.ids import new_id
from services.notification.domain import templates
from services.notification.domain.message import (
    RANKS,
    Channel,
    Contacts,
    Notification,
    Priority,
    Recipient,
    Reference,
)
from services.notification.domain.templates import Text

LINES_SHOWN = 50
STATES = {"inventory.low_stock": "running low", "inventory.out_of_stock": "out of stock"}


def order_text(event: Envelope[EventData], company: str) -> tuple[str, Text]:
    """Kind and text for what happened to an order."""
    data = event.data
    if isinstance(data, OrderConfirmed):
        rows = [f"{line.quantity} x {line.name}: {templates.amount(line.total)}" for line in data.lines]
        values = {"number": data.number, "lines": _shortened(rows), "total": templates.amount(data.total)}
        return "order_confirmation", templates.render("order_confirmation", company=company, **values)
    if isinstance(data, OrderCancelled):
        reason = templates.REASONS.get(data.reason, data.reason)
        values = {"number": data.number, "reason": reason, "total": templates.amount(data.total)}
        return "order_cancelled", templates.render("order_cancelled", company=company, **values)
    if isinstance(data, OrderStatusChanged):
        return "order_delivered", templates.render("order_delivered", company=company, number=data.number)
    assert isinstance(data, OrderFulfilled)
    rows = [f"{line.quantity} x {line.sku}" for line in data.lines]
    values = {"number": data.number, "lines": _shortened(rows), "tracking": data.tracking or "none"}
    return "order_shipped", templates.render("order_shipped", company=company, **values)


def refund_text(data: PaymentRefunded, number: str, company: str) -> Text:
    """Money is on its way back."""
    return templates.render("refund_issued", amount=templates.amount(data.amount), number=number, company=company)


def decline_text(data: PaymentFailed, number: str, company: str, url: str) -> Text:
    """A payment was declined, and where to pay another way."""
    reason = templates.DECLINES.get(data.decline_code or data.code, "the payment was declined")
    amount = templates.amount(data.amount)
    return templates.render("payment_failed", amount=amount, number=number, reason=reason, url=url, company=company)


def link_text(kind: str, told: Mapping[str, Any], company: str) -> Text:
    """A mail with a secret, from what auth told about the link."""
    expires = str(told.get("expiresAt") or "")[:16].replace("T", " ") + " UTC"
    name = templates.greeted(told.get("name")) or told["email"]
    return templates.render(kind, name=name, url=told["url"], token=told["token"], expires=expires, company=company)


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
    due, amount = data.due_at.date().isoformat(), templates.amount(data.outstanding)
    return templates.render("debt_overdue", amount=amount, debtor=data.debtor_id, due=due)


def debt_notice(data: DebtOverdue, company: str) -> Text:
    """The text of an overdue notice to who owes."""
    due, amount = data.due_at.date().isoformat(), templates.amount(data.outstanding)
    return templates.render("debt_notice", amount=amount, due=due, company=company)


def message(
    kind: str,
    text: Text,
    reference: Reference,
    recipient: Recipient,
    contacts: Contacts,
    way: list[Channel],
    *,
    event_id: str,
    company_id: str | None,
    shop_id: str | None,
    priority: Priority,
    now: datetime,
) -> Notification:
    """One message that waits for the first channel of its way."""
    first, *rest = way
    return Notification(
        id=new_id("ntf"),
        company_id=company_id,
        created_at=now,
        updated_at=now,
        event_id=event_id,
        shop_id=shop_id,
        type=kind,
        channel=first,
        way=first,
        route=rest,
        priority=priority,
        rank=RANKS[priority],
        status="queued",
        recipient=recipient,
        recipient_key=recipient.key,
        contacts=contacts,
        subject=text.subject,
        body=text.body,
        reference=reference,
        next_attempt_at=now,
    )


def gathered_at(now: datetime, seconds: float) -> datetime:
    """When a mail that is begun now leaves."""
    return now + timedelta(seconds=seconds)


def _shortened(rows: list[str]) -> str:
    more = [f"and {len(rows) - LINES_SHOWN} more"] if len(rows) > LINES_SHOWN else []
    return "\n".join([*rows[:LINES_SHOWN], *more])
