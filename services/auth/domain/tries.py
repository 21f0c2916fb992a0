"""Tries at a password or a token: counted alike for accounts that exist and for those that do not."""

from datetime import datetime, timedelta

from common.aggregate import Aggregate, Part
from common.errors import TooManyRequests
from common.events.identity import SignInRefused

WINDOW_SECONDS = 900
ALLOWED = 10
ALLOWED_A_DEVICE = 5
ALLOWED_MAILS = 5


class Try(Part):
    """One try, taken before the password is looked at and given back when it was right."""

    id: str
    at: datetime


class Tries(Aggregate):
    """The last tries of one budget, at most as many as are allowed: ten of an account, fewer of a device."""

    tries: list[Try] = []
    locked_at: datetime | None = None

    def refusal(self, now: datetime) -> TooManyRequests:
        """What is answered when the window's tries are used up; they come back as the oldest leave it."""
        oldest = min((one.at for one in self.tries), default=now)
        wait = max(1, int((oldest - window_before(now)).total_seconds()))
        return TooManyRequests("Too many attempts; try again later.", wait, code="too_many_attempts")

    def fail(self, user_id: str | None, allowed: int, now: datetime) -> bool:
        """Note a wrong password. True when it used the budget up, once a window; the owner is told then."""
        if user_id is not None:
            self.record(SignInRefused(user_id=user_id, reason="wrong_password"))
        since = window_before(now)
        is_full = len([one for one in self.tries if one.at > since]) >= allowed
        if not is_full or (self.locked_at is not None and self.locked_at > since):
            return False
        self.locked_at = now
        return True


def window_before(now: datetime) -> datetime:
    """When the window began that ends now."""
    return now - timedelta(seconds=WINDOW_SECONDS)
