"""Facts of the notification service."""

from typing import ClassVar

from common.events.base import EventData


class NotificationSent(EventData):
    """A message left by a channel. Carries the reference, never the text or the address."""

    TYPE: ClassVar[str] = "notification.sent"
    PRODUCER: ClassVar[str] = "notification"
    notification_id: str
    message_type: str
    channel: str
    reference_type: str
    reference_id: str


class NotificationFailed(EventData):
    """A message could not be delivered by any channel within its tries."""

    TYPE: ClassVar[str] = "notification.failed"
    PRODUCER: ClassVar[str] = "notification"
    notification_id: str
    message_type: str
    channel: str
    reference_type: str
    reference_id: str
    error: str


class CriticalAlert(EventData):
    """Something that staff must see now, such as a SKU that runs out; realtime broadcasts it."""

    TYPE: ClassVar[str] = "notification.critical_alert"
    PRODUCER: ClassVar[str] = "notification"
    notification_id: str
    alert: str
    reference_type: str
    reference_id: str
    shop_id: str | None = None
    title: str
