"""Sessions: one sign-in and the family of refresh tokens that follow from it (RFC 9700, 4.14.2)."""

from datetime import datetime, timedelta
from typing import Literal

from common.aggregate import Aggregate
from common.events.identity import SessionRevoked, UserSignedIn

IDLE_DAYS = 30
LONGEST_DAYS = 90
GRACE_SECONDS = 10
"""How long the token before the current one still gets the same successor: its answer may have been lost."""

Verdict = Literal["rotate", "repeat", "reused", "expired", "ended"]


class Session(Aggregate):
    """One sign-in. ``family_hash`` finds it; only the hash of the current token and of the one before are kept."""

    user_id: str
    membership_id: str | None
    family_hash: str
    current_hash: str
    previous_hash: str | None = None
    successor_sealed: str | None = None
    rotated_at: datetime | None = None
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    client_ip: str | None = None
    user_agent: str | None = None

    @classmethod
    def begin(
        cls,
        *,
        session_id: str,
        company_id: str | None,
        user_id: str,
        membership_id: str | None,
        family_hash: str,
        token_hash: str,
        client_ip: str | None,
        now: datetime,
        user_agent: str | None = None,
    ) -> "Session":
        """A sign-in."""
        session = cls(
            id=session_id,
            company_id=company_id,
            user_id=user_id,
            membership_id=membership_id,
            family_hash=family_hash,
            current_hash=token_hash,
            expires_at=now + timedelta(days=IDLE_DAYS),
            client_ip=client_ip,
            user_agent=user_agent,
            created_at=now,
            updated_at=now,
        )
        session.record(UserSignedIn(user_id=user_id, session_id=session_id))
        return session

    @property
    def last_used_at(self) -> datetime:
        """When tokens were last made for it."""
        return self.rotated_at or self.created_at

    def judge(self, token_hash: str, now: datetime) -> Verdict:
        """What a presented token deserves. Whoever names the family has held one of its tokens."""
        if self.ended_at is not None:
            return "reused" if self.end_reason == "refresh_reused" else "ended"
        if now >= self.expires_at:
            return "expired"
        if token_hash == self.current_hash:
            return "rotate"
        if token_hash == self.previous_hash and self._is_within_grace(now):
            return "repeat"
        return "reused"

    def rotate(self, token_hash: str, sealed: str, now: datetime) -> None:
        """Replace the current token; ``sealed`` is the new one, kept for the grace."""
        self.previous_hash, self.current_hash = self.current_hash, token_hash
        self.successor_sealed, self.rotated_at = sealed, now
        self.expires_at = min(now + timedelta(days=IDLE_DAYS), self.created_at + timedelta(days=LONGEST_DAYS))

    def end(self, reason: str, now: datetime) -> bool:
        """End the family, and tell everyone to refuse its access tokens. False when it had ended before."""
        if self.ended_at is not None:
            return False
        self.ended_at, self.end_reason, self.successor_sealed = now, reason, None
        self.record(
            SessionRevoked(
                user_id=self.user_id, session_id=self.id, revoked_before=int(now.timestamp()) + 1, reason=reason
            )
        )
        return True

    def _is_within_grace(self, now: datetime) -> bool:
        return self.rotated_at is not None and now < self.rotated_at + timedelta(seconds=GRACE_SECONDS)
