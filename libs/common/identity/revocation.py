"""What was revoked before it expired: heard as announcements, completed from a snapshot of auth."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from common.clients import CallRefused
from common.errors import DomainError
from common.events import Envelope, EventData
from common.events.identity import ApiKeyRevoked, ApiKeyRotated, ApiKeyUpdated, SessionRevoked
from common.events.tenancy import CompanyReactivated, CompanySuspended
from common.logging import get_logger

log = get_logger(__name__)

KEPT_SECONDS = 3600
SETTLED_SECONDS = 60
"""Auth has heard by then of whatever was announced here: a company that its snapshot does not name is active again."""

PURGE_ABOVE = 10_000

REVOKING: tuple[type[EventData], ...] = (
    SessionRevoked,
    ApiKeyRevoked,
    ApiKeyRotated,
    ApiKeyUpdated,
    CompanySuspended,
    CompanyReactivated,
)
"""The announcements that every copy of every service must hear."""

Snapshot = Callable[[], Awaitable[dict[str, Any]]]


class Revocations:
    """Sessions, users, keys and companies whose tokens stopped. Entries outlive the longest token, then go."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._snapshot = snapshot
        self._sessions: dict[str, float] = {}
        self._users: dict[str, tuple[int, float]] = {}
        self._companies: dict[str, float] = {}
        self._is_waiting = False
        self.listeners: list[Callable[[Envelope[Any]], None]] = []

    def is_revoked(self, user: str, session: str, company: str | None, issued_at: int) -> bool:
        """Whether a token of these, issued then (seconds since 1970), must be refused."""
        if session in self._sessions or (company is not None and company in self._companies):
            return True
        before = self._users.get(user)
        return before is not None and issued_at < before[0]

    def hear(self, event: Envelope[Any]) -> None:
        """Take one announcement."""
        data = event.data
        if isinstance(data, SessionRevoked):
            self._revoke(data.user_id, data.session_id, data.revoked_before)
        elif isinstance(data, ApiKeyRevoked):
            self._revoke(data.key_id, data.key_id, data.revoked_before)
        elif isinstance(data, ApiKeyRotated | ApiKeyUpdated):
            if data.revoked_before is not None:
                self._revoke(data.key_id, None, data.revoked_before)
        elif isinstance(data, CompanySuspended):
            self._companies[data.company_id] = time.monotonic()
        elif isinstance(data, CompanyReactivated):
            self._companies.pop(data.company_id, None)
        for listener in self.listeners:
            listener(event)

    async def refresh(self) -> bool:
        """Complete the list from auth's snapshot; what was heard meanwhile stays. False: ask again soon."""
        if self._snapshot is None:
            return True
        try:
            told = await self._snapshot()
        except (DomainError, CallRefused, OSError) as error:
            if not self._is_waiting:
                log.warning("revocations_unreachable", error=repr(error))
            self._is_waiting = True
            return False
        self._is_waiting = False
        for entry in told.get("sessions", ()):
            self._revoke(entry["userId"], entry.get("sessionId"), entry["revokedBefore"])
        self._take_companies(set(told.get("companies", ())))
        return True

    def _take_companies(self, told: set[str]) -> None:
        now = time.monotonic()
        held = {company: at for company, at in self._companies.items() if company in told or now - at < SETTLED_SECONDS}
        self._companies = {**dict.fromkeys(told, now), **held}

    def _revoke(self, user: str, session: str | None, revoked_before: int) -> None:
        now = time.monotonic()
        if session is not None:
            self._sessions[session] = now
        else:
            known = self._users.get(user, (0, now))[0]
            self._users[user] = (max(known, revoked_before), now)
        if len(self._sessions) + len(self._users) > PURGE_ABOVE:
            self._purge(now)

    def _purge(self, now: float) -> None:
        self._sessions = {key: at for key, at in self._sessions.items() if now - at < KEPT_SECONDS}
        self._users = {key: entry for key, entry in self._users.items() if now - entry[1] < KEPT_SECONDS}
