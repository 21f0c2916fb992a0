"""A provider's callback as kept: once by its id, tried again while what it names is not known."""

from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate
from services.payment.domain.outcome import ProviderEvent

TRY_SECONDS = 86_400
LONGEST_PAUSE_SECONDS = 600
EventStatus = Literal["handled", "waiting", "ignored"]


class KeptEvent(Aggregate):
    """``waiting``: its payment is not known yet or the provider could not be asked; ``due_at``: the next try."""

    provider: str
    account_id: str
    event: ProviderEvent
    status: EventStatus
    attempts: int = 1
    due_at: datetime | None = None

    @classmethod
    def keep(
        cls, provider: str, account_id: str, event: ProviderEvent, status: EventStatus, now: datetime
    ) -> "KeptEvent":
        """A callback just taken."""
        kept = cls(
            id=event_key(provider, account_id, event.id),
            company_id=event.company_id,
            created_at=now,
            updated_at=now,
            provider=provider,
            account_id=account_id,
            event=event,
            status=status,
        )
        kept.due_at = now + timedelta(seconds=1) if status == "waiting" else None
        return kept

    def tried(self, status: EventStatus, now: datetime) -> None:
        """Another try; given up as ``ignored`` after a day."""
        self.attempts += 1
        over = now - self.created_at > timedelta(seconds=TRY_SECONDS)
        self.status = "ignored" if status == "waiting" and over else status
        pause = timedelta(seconds=min(2**self.attempts, LONGEST_PAUSE_SECONDS))
        self.due_at = now + pause if self.status == "waiting" else None


def event_key(provider: str, account_id: str, event_id: str) -> str:
    """Under which id a provider's event is kept."""
    return f"{provider}|{account_id}|{event_id}"
