"""Messages as they are shown and asked for."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, EmailStr, Field, StringConstraints, TypeAdapter, model_validator

from common.web.schema import Identifier, In, Out, Resource, Text
from services.notification.domain import Channel, Notification, Priority, Status
from services.notification.schemas.devices import Token

_ADDRESS: TypeAdapter[Any] = TypeAdapter(EmailStr)
_NUMBER: TypeAdapter[Any] = TypeAdapter(Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")])
_TOKEN: TypeAdapter[Any] = TypeAdapter(Token)
_PERSON: TypeAdapter[Any] = TypeAdapter(Identifier)


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
    """One try to deliver, or what the provider said of it later."""

    at: datetime
    channel: Channel
    status: str
    error: str | None


_EXAMPLE: dict[str, Any] = {
    "id": "ntf_01jd0000000000000000000000",
    "companyId": "cmp_01jd0000000000000000000000",
    "version": 2,
    "createdAt": "2026-11-21T12:00:00Z",
    "updatedAt": "2026-11-21T12:00:01Z",
    "type": "order_confirmation",
    "channel": "email",
    "priority": "important",
    "status": "sent",
    "recipient": {"userId": None, "customerId": "cus_01jd0000000000000000000000", "address": "ada@shop.example"},
    "subject": "Your order O-1 is confirmed",
    "reference": {"type": "order", "id": "ord_01jd0000000000000000000000"},
    "attempts": [{"at": "2026-11-21T12:00:01Z", "channel": "email", "status": "sent", "error": None}],
    "read": False,
}


class NotificationOut(Resource):
    """A message and what became of it; ``read``: whether the caller has marked it so."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    type: str
    channel: Channel
    priority: Priority
    status: Status
    recipient: RecipientOut
    subject: str
    reference: ReferenceOut
    attempts: list[AttemptOut]
    read: bool

    @staticmethod
    def of(notification: Notification, reader: str) -> "NotificationOut":
        """As one reader sees it."""
        recipient = notification.recipient
        shown = notification.model_dump(exclude={"recipient"})
        # On its way by text message, the address is the number.
        address = notification.contacts.phone if notification.channel == "sms" else recipient.address
        return NotificationOut.model_validate(
            {
                **shown,
                "recipient": {"userId": recipient.user_id, "customerId": recipient.customer_id, "address": address},
                "read": reader in notification.read_by,
            }
        )


class UnreadOut(Out):
    """How many messages are unread, counted no further than a thousand."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"unread": 3}]})

    unread: int


class MarkedOut(Out):
    """How many messages were marked read by this call."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"marked": 3}]})

    marked: int


class RetriedOut(Out):
    """How many failed messages are sent again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"retried": 2}]})

    retried: int


class TestIn(In):
    """``to``: an address, a number in E.164, a device's token, or for ``in_app`` a user's id."""

    __test__ = False

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "sms", "to": "+441632960123"}]})

    channel: Literal["email", "sms", "push", "in_app"]
    to: Text = Field(max_length=500)

    @model_validator(mode="after")
    def _fits_the_channel(self) -> Self:
        checks = {"email": _ADDRESS, "sms": _NUMBER, "push": _TOKEN, "in_app": _PERSON}
        checks[self.channel].validate_python(self.to)
        return self


class ChannelOut(Out):
    """A channel as this copy of the service knows it. ``waiting``: messages that it hands over right now."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [{"channel": "email", "configured": True, "healthy": True, "waiting": 0, "lastError": None}]
        },
    )

    channel: Channel
    configured: bool
    healthy: bool
    waiting: int
    last_error: str | None


class ChannelsOut(Out):
    """Every channel."""

    items: list[ChannelOut]
