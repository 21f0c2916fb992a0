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


class NotificationDelivered(EventData):
    """A provider says that the message reached the recipient's phone."""

    TYPE: ClassVar[str] = "notification.delivered"
    PRODUCER: ClassVar[str] = "notification"
    notification_id: str
    message_type: str
    channel: str
    reference_type: str
    reference_id: str


class NotificationOpened(EventData):
    """The recipient opened the message."""

    TYPE: ClassVar[str] = "notification.opened"
    PRODUCER: ClassVar[str] = "notification"
    notification_id: str
    message_type: str
    channel: str
    reference_type: str
    reference_id: str


class NotificationRetried(EventData):
    """Staff asked to send a failed message again."""

    TYPE: ClassVar[str] = "notification.retried"
    PRODUCER: ClassVar[str] = "notification"
    notification_id: str
    message_type: str
    channel: str


class AddressSuppressed(EventData):
    """An address is dead: nothing more is sent to it. Carries the entry's id, never the address."""

    TYPE: ClassVar[str] = "suppression.created"
    PRODUCER: ClassVar[str] = "notification"
    suppression_id: str
    channel: str
    notification_id: str


class AddressReleased(EventData):
    """Staff allowed sending to a suppressed address again."""

    TYPE: ClassVar[str] = "suppression.removed"
    PRODUCER: ClassVar[str] = "notification"
    suppression_id: str
    channel: str


class DeviceRegistered(EventData):
    """A person's device takes push messages. Carries the entry's id, never the token."""

    TYPE: ClassVar[str] = "device.registered"
    PRODUCER: ClassVar[str] = "notification"
    device_id: str
    user_id: str
    platform: str


class DeviceRemoved(EventData):
    """A device takes no more push messages. ``reason``: removed or unregistered."""

    TYPE: ClassVar[str] = "device.removed"
    PRODUCER: ClassVar[str] = "notification"
    device_id: str
    user_id: str
    reason: str
