"""Rules of messages: their texts, their ways, their states, when one is given up."""

from services.notification.domain.device import DEVICES_LIMIT, Device, Platform, Suppression
from services.notification.domain.message import (
    LOCK_SECONDS,
    Attempt,
    Channel,
    Contacts,
    Notification,
    Priority,
    Recipient,
    Reference,
    Status,
)
from services.notification.domain.outgoing import Outgoing, Receipt

__all__ = [
    "DEVICES_LIMIT",
    "LOCK_SECONDS",
    "Attempt",
    "Channel",
    "Contacts",
    "Device",
    "Notification",
    "Outgoing",
    "Platform",
    "Priority",
    "Receipt",
    "Recipient",
    "Reference",
    "Status",
    "Suppression",
]
