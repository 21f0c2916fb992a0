"""A message: to whom, by which channels, how often it is tried, what became of it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate, Part
from common.errors import InvalidTransition
from common.events.messages import (
    CriticalAlert,
    NotificationDelivered,
    NotificationFailed,
    NotificationOpened,
    NotificationRetried,
    NotificationSent,
)

Channel = Literal["email", "sms", "push", "in_app"]
Priority = Literal["critical", "important", "normal"]
Status = Literal["queued", "sent", "delivered", "opened", "bounced", "failed"]
AttemptStatus = Literal["sent", "delivered", "opened", "refused", "failed"]

RANKS: dict[Priority, int] = {"critical": 0, "important": 1, "normal": 2}
"""Who goes first where messages wait for the same channel."""

LOCK_SECONDS = 60
"""How long one sender has a message to itself; after a crash another takes over."""

ITEMS_LIMIT = 200
"""Alerts in one mail; the next one opens another."""

RETRY_SECONDS = (2, 10, 60, 300, 1800)
"""Pauses between tries; after the last a message is given up."""

TRIES_BEFORE_FALLBACK: dict[Priority, int] = {"critical": 1, "important": 3, "normal": 3}
"""How often a channel may fail before the next one is taken, where there is a next one."""

LARGEST_ATTEMPTS = 60
"""Attempts kept with a message; retried by hand again and again, the oldest make room."""

_PROGRESS: dict[str, int] = {"queued": 0, "sent": 1, "delivered": 2, "opened": 3}


class Recipient(Part):
    """Who is meant. All null: every member of staff who may read notifications."""

    user_id: str | None = None
    customer_id: str | None = None
    address: str | None = None

    @property
    def key(self) -> str:
        """What makes two recipients the same."""
        return self.customer_id or self.user_id or self.address or "staff"


class Contacts(Part):
    """Where a recipient was reachable when the message was made; devices are looked up when it leaves."""

    email: str | None = None
    phone: str | None = None
    token: str | None = None
    """Of one device that somebody names for a test."""


class Reference(Part):
    """What the message is about."""

    type: str
    id: str


class Attempt(Part):
    """One try to deliver. ``reported``: the provider's last word about it, in the provider's own terms."""

    at: datetime
    channel: Channel
    status: AttemptStatus
    error: str | None = None
    provider_id: str | None = None
    reported: str | None = None


class Item(Part):
    """One alert gathered into a mail."""

    event_id: str
    subject: str
    body: str


class Notification(Aggregate):
    """One message to one recipient, caused by one event, or by several gathered ones.

    ``channel`` is the one in use and ``route`` what is left to fall back to; ``way`` is the channel it began
    with. ``rank`` orders what waits. ``link_id`` names the secret that auth is asked for when the mail leaves.
    ``unsure``: a try was begun whose end nobody noted, so the provider may have the message.
    """

    event_id: str
    shop_id: str | None = None
    type: str
    channel: Channel
    way: Channel
    route: list[Channel] = []
    priority: Priority
    rank: int
    status: Status
    recipient: Recipient
    recipient_key: str
    contacts: Contacts = Contacts()
    subject: str
    body: str
    link_id: str | None = None
    reference: Reference
    items: list[Item] = []
    gathering: bool = False
    attempts: list[Attempt] = []
    tries: int = 0
    unsure: bool = False
    next_attempt_at: datetime | None = None
    read_by: list[str] = []

    @property
    def is_final(self) -> bool:
        """Whether nothing more is tried by itself."""
        return self.status != "queued"

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
        self.next_attempt_at = None
        self.attempts = [Attempt(at=now, channel=self.channel, status="sent")]
        self.announce(alert)

    def compose(self) -> None:
        """Write the mail for what was gathered; from here on nothing is added to it."""
        self.gathering = False
        if len(self.items) == 1:
            self.subject, self.body = self.items[0].subject, self.items[0].body
        elif self.items:
            self.subject = f"{self.items[0].subject} and {len(self.items) - 1} more"
            self.body = "\n\n".join(item.body for item in self.items)

    def lock(self, now: datetime) -> None:
        """This process is about to hand it over."""
        self.next_attempt_at = now + timedelta(seconds=LOCK_SECONDS)
        self.unsure = True

    def note_sent(self, now: datetime, provider_id: str | None = None) -> None:
        """The channel took it."""
        self.status, self.next_attempt_at, self.unsure = "sent", None, False
        self._attempted(Attempt(at=now, channel=self.channel, status="sent", provider_id=provider_id))
        self.record(NotificationSent(**self._facts()))

    def note_refused(self, now: datetime, error: str) -> None:
        """The provider or the recipient's server refused it for good; the next channel is taken, if any."""
        self._attempted(Attempt(at=now, channel=self.channel, status="refused", error=error[:300]))
        self._move_on(now, "bounced", error)

    def note_failed(self, now: datetime, error: str, *, unsure: bool = False) -> None:
        """It could not be handed over this time: tried again later, by the next channel, or given up.

        ``unsure``: the provider may have it all the same. Then only what is critical changes the channel
        early; for the rest the same channel is asked again, which recognises the repetition.
        """
        self._attempted(Attempt(at=now, channel=self.channel, status="failed", error=error[:300]))
        self.tries += 1
        self.unsure = unsure
        patience = len(RETRY_SECONDS) + 1
        if self.route and (self.priority == "critical" or not unsure):
            patience = TRIES_BEFORE_FALLBACK[self.priority]
        if self.tries >= patience:
            self._move_on(now, "failed", error)
            return
        self.next_attempt_at = now + timedelta(seconds=RETRY_SECONDS[self.tries - 1])

    def note_void(self, now: datetime, error: str) -> None:
        """What it was to say is no longer true; it is not sent by any channel."""
        self.route = []
        self._attempted(Attempt(at=now, channel=self.channel, status="failed", error=error))
        self._move_on(now, "failed", error)

    def postpone(self, until: datetime) -> None:
        """It waits its turn; no try is counted."""
        self.next_attempt_at, self.unsure = until, False

    def take_report(self, now: datetime, provider_id: str, reported: str, outcome: str, error: str | None) -> bool:
        """What a provider says later about one attempt. False when it says nothing new.

        The caller has made sure that ``reported`` is further on than what was reported before.
        ``outcome``: sent, delivered, opened, bounced or failed. A loss takes the next channel, if any.
        """
        attempt = next((each for each in self.attempts if each.provider_id == provider_id), None)
        if attempt is None:
            return False
        is_current = attempt.channel == self.channel and self.status in ("sent", "delivered")
        taken = attempt.model_copy(update={"reported": reported})
        if outcome in ("bounced", "failed"):
            taken.status, taken.error = ("refused" if outcome == "bounced" else "failed"), error
        elif outcome in ("delivered", "opened"):
            taken.status = "delivered" if outcome == "delivered" else "opened"
        self.attempts = [taken if each is attempt else each for each in self.attempts]
        if outcome == "bounced" and is_current:
            self._move_on(now, "bounced", error or reported)
        elif outcome == "failed" and is_current:
            self._move_on(now, "failed", error or reported)
        elif outcome == "delivered":
            self._advance("delivered")
        elif outcome == "opened":
            self._advance("opened")
        return True

    def note_opened(self) -> bool:
        """The recipient opened it. False when that was known.

        Raises InvalidTransition for a message that never left.
        """
        if self.status == "opened":
            return False
        if self.status not in ("sent", "delivered"):
            raise InvalidTransition(f"A message that is {self.status} cannot be opened.")
        self._advance("opened")
        return True

    def try_again(self, now: datetime, route: Iterable[Channel]) -> None:
        """Send it anew, from its first channel on. Raises InvalidTransition unless it failed."""
        if self.status != "failed":
            raise InvalidTransition(f"Only a failed message is sent again; this one is {self.status}.")
        first, *rest = route
        self.channel, self.route, self.tries = first, rest, 0
        self.status, self.next_attempt_at, self.unsure = "queued", now, False
        self.record(NotificationRetried(notification_id=self.id, message_type=self.type, channel=first))

    def _advance(self, status: Literal["delivered", "opened"]) -> None:
        """Forward only: what is opened does not become delivered again."""
        if _PROGRESS.get(self.status, len(_PROGRESS)) >= _PROGRESS[status]:
            return
        self.status, self.next_attempt_at = status, None
        fact = NotificationDelivered if status == "delivered" else NotificationOpened
        self.record(fact(**self._facts()))

    def _attempted(self, attempt: Attempt) -> None:
        self.attempts = [*self.attempts, attempt][-LARGEST_ATTEMPTS:]

    def _move_on(self, now: datetime, status: Literal["bounced", "failed"], error: str) -> None:
        self.tries, self.unsure = 0, False
        if self.route:
            self.channel, *self.route = self.route
            self.status, self.next_attempt_at = "queued", now
            return
        self.status, self.next_attempt_at = status, None
        self.record(NotificationFailed(**self._facts(), error=error[:200]))

    def _facts(self) -> dict[str, str]:
        return {
            "notification_id": self.id,
            "message_type": self.type,
            "channel": self.channel,
            "reference_type": self.reference.type,
            "reference_id": self.reference.id,
        }
