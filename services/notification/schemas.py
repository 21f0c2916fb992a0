"""Answers of the notification service."""

from datetime import datetime

from common.web.schema import Out, Resource
from services.notification.domain import Channel, Priority, Status


class RecipientOut(Out):
    """Who is meant; all null: the staff."""

    user_id: str | None
    customer_id: str | None
    address: str | None


class ReferenceOut(Out):
    """What the message is about."""

    type: str
    id: str


class AttemptOut(Out):
    """One try to deliver."""

    at: datetime
    channel: Channel
    status: str
    error: str | None


class NotificationOut(Resource):
    """A message and what became of it."""

    type: str
    channel: Channel
    priority: Priority
    status: Status
    recipient: RecipientOut
    subject: str
    reference: ReferenceOut
    attempts: list[AttemptOut]
