"""Which channels carry what: one table from the kind of a message to its priority and its ways."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from services.notification.domain.message import Channel, Contacts, Priority, Recipient

Way = tuple[Channel, ...]

EXTERNAL_LIMIT = 20
"""Messages of normal priority that one person gets in a window; what is more waits for the next one."""

WINDOW_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Kind:
    """``ways``: each is tried from its first channel to its last until one takes it; every way is gone.

    One way means exactly one successful send; several mean one each.
    """

    priority: Priority
    ways: tuple[Way, ...]


_ORDER: tuple[Way, ...] = (("email", "sms", "in_app"),)
_PRIVATE: tuple[Way, ...] = (("email",),)
"""Mails with a secret go to the proven address and nowhere else."""

KINDS: dict[str, Kind] = {
    "order_confirmation": Kind("important", _ORDER),
    "order_cancelled": Kind("important", _ORDER),
    "order_shipped": Kind("important", _ORDER),
    "order_delivered": Kind("normal", _ORDER),
    "payment_failed": Kind("critical", (("push", "sms", "email", "in_app"),)),
    "refund_issued": Kind("important", _ORDER),
    "debt_notice": Kind("important", _ORDER),
    "till_receipt": Kind("important", _PRIVATE),
    "stock_alert": Kind("critical", (("push", "sms", "email"),)),
    "debt_overdue": Kind("critical", (("push", "sms", "email"),)),
    "welcome": Kind("normal", (("email", "in_app"),)),
    "password_reset": Kind("critical", _PRIVATE),
    "email_verification": Kind("important", _PRIVATE),
    "email_change": Kind("important", _PRIVATE),
    "account_locked": Kind("critical", _PRIVATE),
    "invitation": Kind("important", _PRIVATE),
}

Reach = Collection[Literal["email", "sms", "push", "in_app"]]


def reach_of(recipient: Recipient, contacts: Contacts, *, has_device: bool) -> set[Channel]:
    """The channels on which somebody can be reached at all."""
    reach: set[Channel] = set()
    if contacts.email:
        reach.add("email")
    if contacts.phone:
        reach.add("sms")
    if has_device:
        reach.add("push")
    if recipient.user_id or recipient.customer_id:
        reach.add("in_app")
    return reach


def ways_of(kind: str, reach: Reach, configured: Reach) -> list[list[Channel]]:
    """The ways of a message, without channels that nobody has set up or that do not reach this recipient."""
    open_channels = set(reach) & set(configured)
    ways = ([channel for channel in way if channel in open_channels] for way in KINDS[kind].ways)
    return [way for way in ways if way]
