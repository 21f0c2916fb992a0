"""Rules of messages: their texts, their states, when one is given up."""

from services.notification.domain.message import (
    LOCK_SECONDS,
    Channel,
    Notification,
    Priority,
    Recipient,
    Reference,
    Status,
)

__all__ = ["LOCK_SECONDS", "Channel", "Notification", "Priority", "Recipient", "Reference", "Status"]
