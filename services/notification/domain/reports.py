"""What Twilio reports about a message, in which order, and what it means here."""

from typing import Literal

Outcome = Literal["sent", "delivered", "opened", "bounced", "failed"]

_STAGES: dict[str, int] = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "delivered": 4,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
    "read": 5,
}

_OUTCOMES: dict[str, Outcome] = {
    "delivered": "delivered",
    "undelivered": "bounced",
    "failed": "failed",
    "canceled": "failed",
    "read": "opened",
}

DEAD_NUMBER_CODES = frozenset({"21211", "21610", "21614", "30005", "30006"})
"""Twilio's codes for a number that will not take a message later either: invalid, opted out, landline, gone."""


def is_known(status: str) -> bool:
    """Whether this is a status that Twilio documents."""
    return status in _STAGES


def is_further(status: str, than: str | None) -> bool:
    """Whether a report says something newer than the last one taken; what is settled stays settled.

    After a loss nothing counts any more, neither a late delivery nor its being read.
    """
    if than is None:
        return True
    return _OUTCOMES.get(than) not in ("bounced", "failed") and _STAGES[status] > _STAGES[than]


def outcome_of(status: str) -> Outcome:
    """What a reported status makes of the message here."""
    return _OUTCOMES.get(status, "sent")
