"""Failed sign-ins of one address: counted alike for accounts that exist and for those that do not."""

from datetime import datetime, timedelta

from common.aggregate import Aggregate
from common.errors import TooManyRequests
from common.events.identity import SignInRefused

ALLOWED = 10
WINDOW_SECONDS = 900


class Tries(Aggregate):
    """The failures since ``since``; the window starts again when it has passed."""

    count: int = 0
    since: datetime

    def check(self, now: datetime) -> None:
        """Raises TooManyRequests ``account_locked`` when the window's tries are used up."""
        ends = self.since + timedelta(seconds=WINDOW_SECONDS)
        if self.count >= ALLOWED and now < ends:
            wait = max(1, int((ends - now).total_seconds()))
            raise TooManyRequests("Too many failed sign-ins; try again later.", wait, code="account_locked")

    def fail(self, user_id: str | None, now: datetime) -> None:
        """Count a failure; for a known account it is a security event."""
        if now >= self.since + timedelta(seconds=WINDOW_SECONDS):
            self.count, self.since = 0, now
        self.count += 1
        if user_id is not None:
            self.record(SignInRefused(user_id=user_id, reason="wrong_password"))
