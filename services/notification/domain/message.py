"""Rules of messages: who gets one, how often it is tried, and when it is given up."""

from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate, Part
from common.events.messages import CriticalAlert, NotificationFailed, NotificationSent

Channel = Literal["email", "sms", "push", "in_app"]
Priority = Literal["critical", "important", "normal"]
Status = Literal["gathering", "sending", "waiting", "sent", "bounced", "failed"]

LOCK_SECONDS = 60
"""How long one sender has a message to itself; after a crash another takes over."""

GATHER_SECONDS = 20
"""How long alerts to one person are gathered into one mail; nobody wants a thousand of them."""

ITEMS_LIMIT = 200
"""Alerts in one mail; the next one opens another."""

RETRY_SECONDS = (2, 10, 60, 300, 1800)
"""Pauses between tries; after the last a message is given up."""


class Recipient(Part):
    """Who is meant. All null: every member of staff who may read notifications."""

    user_id: str | None = None
    customer_id: str | None = None
    address: str | None = None

    @property
    def key(self) -> str:
        """What makes two recipients the same."""
        return self.address or self.user_id or self.customer_id or "staff"


class Reference(Part):
    """What the message is about."""

    type: str
    id: str


class Attempt(Part):
    """One try to deliver."""

    at: datetime
    channel: Channel
    status: Literal["sent", "refused", "failed"]
    error: str | None = None


class Item(Part):
    """One alert gathered into a mail."""

    event_id: str
    subject: str
    body: str


class Notification(Aggregate):
    """One message to one recipient by one channel, caused by one event, or by several gathered ones."""

    event_id: str
    shop_id: str | None = None
    type: str
    channel: Channel
    priority: Priority
    status: Status
    recipient: Recipient
    recipient_key: str
    subject: str
    body: str
    reference: Reference
    items: list[Item] = []
    attempts: list[Attempt] = []
    next_attempt_at: datetime | None = None

    def announce(self, alert: str) -> None:
        """Say that something critical is shown to staff now."""
        self.record(
            CriticalAlert(
                notification_id=self.id,
                alert=alert,
                reference_type=self.reference.type,
                reference_id=self.reference.id,
                shop_id=self.shop_id,
                title=self.subject,
            )
        )

    def show(self, now: datetime, alert: str) -> None:
        """Shown in the console from now on: an in-app message needs nobody to take it."""
        self.status = "sent"
        self.attempts = [Attempt(at=now, channel=self.channel, status="sent")]
        self.announce(alert)

    def compose(self) -> None:
        """Write the mail for what was gathered."""
        if len(self.items) == 1:
            self.subject, self.body = self.items[0].subject, self.items[0].body
        elif self.items:
            self.subject = f"{self.items[0].subject} and {len(self.items) - 1} more"
            self.body = "\n\n".join(item.body for item in self.items)

    def note_sent(self, now: datetime) -> None:
        """The channel took it."""
        self.status = "sent"
        self.next_attempt_at = None
        self.attempts = [*self.attempts, Attempt(at=now, channel=self.channel, status="sent")]
        self.record(
            NotificationSent(
                notification_id=self.id,
                message_type=self.type,
                channel=self.channel,
                reference_type=self.reference.type,
                reference_id=self.reference.id,
            )
        )

    def note_refused(self, now: datetime, error: str) -> None:
        """The recipient's server refused it for good."""
        self.attempts = [*self.attempts, Attempt(at=now, channel=self.channel, status="refused", error=error)]
        self._give_up("bounced", error)

    def note_failed(self, now: datetime, error: str) -> None:
        """It could not be handed over this time; tried again later, or given up after the last pause."""
        self.attempts = [*self.attempts, Attempt(at=now, channel=self.channel, status="failed", error=error)]
        if len(self.attempts) > len(RETRY_SECONDS):
            self._give_up("failed", error)
            return
        self.status = "waiting"
        self.next_attempt_at = now + timedelta(seconds=RETRY_SECONDS[len(self.attempts) - 1])

    def _give_up(self, status: Literal["bounced", "failed"], error: str) -> None:
        self.status = status
        self.next_attempt_at = None
        self.record(
            NotificationFailed(
                notification_id=self.id,
                message_type=self.type,
                channel=self.channel,
                reference_type=self.reference.type,
                reference_id=self.reference.id,
                error=error[:200],
            )
        )
