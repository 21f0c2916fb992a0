"""Sessions: begin, refresh with rotation, end; and the tokens that come of them."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from common import context
from common.clock import Clock
from common.encryption import Sealer
from common.errors import Conflict, Forbidden, Unauthenticated, VersionConflict
from common.identity.principal import Principal
from common.identity.tokens import LIFETIME_SECONDS, AccessClaims
from common.ids import new_id
from services.auth.domain import Account, Membership, Session, User, Verdict, user_of
from services.auth.service.companies import Companies
from services.auth.service.keys import Keys
from services.auth.store import Accounts, Memberships, Sessions

SNAPSHOT_SECONDS = LIFETIME_SECONDS + 300
ATTEMPTS = 8
_REFUSALS: dict[Verdict, tuple[str, str]] = {
    "reused": ("refresh_reused", "This refresh token was used before; its session has ended. Sign in again."),
    "expired": ("refresh_expired", "The session has expired; sign in again."),
    "ended": ("session_ended", "The session has ended; sign in again."),
}


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in answers."""

    user: User
    access_token: str
    refresh_token: str
    token_type: str = "Bearer"
    expires_in: int = LIFETIME_SECONDS


class SessionService:
    """Families of refresh tokens. Tokens are opaque and random; only hashes of them are stored."""

    def __init__(
        self,
        sessions: Sessions,
        accounts: Accounts,
        memberships: Memberships,
        companies: Companies,
        keys: Keys,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._memberships = memberships
        self._companies = companies
        self._keys = keys
        self._sealer = sealer
        self._clock = clock

    async def begin(self, account: Account, member: Membership | None) -> TokenPair:
        """Sign in, in one membership or in none. The session is stored before the person is read again:

        whoever changes a role ends the sessions that are there, and a later one sees the change.
        """
        family = secrets.token_urlsafe(24)
        token = _token_of(family)
        session = Session.begin(
            session_id=new_id("ses"),
            company_id=member.company_id if member else account.company_id,
            user_id=account.id,
            membership_id=member.id if member else None,
            family_hash=_hash(family),
            token_hash=_hash(token),
            client_ip=context.current().client_ip,
            now=self._clock.now(),
        )
        await self._sessions.for_platform().insert(session)
        return await self._pair(session, token)

    async def refresh(self, token: str) -> TokenPair:
        """A new pair. Raises Unauthenticated ``refresh_reused`` (the family ends) and others."""
        family, dot, _ = token.partition(".")
        for _attempt in range(ATTEMPTS):
            session = await self._sessions.of_family(_hash(family)) if dot else None
            if session is None:
                raise Unauthenticated("invalid_refresh_token", "The refresh token is not valid.")
            try:
                return await self._answer(session, family, token)
            except VersionConflict:
                continue  # another refresh of this family was faster: judge again by what it left
        raise Conflict("request_in_progress", "This session is being refreshed elsewhere.")

    async def end(self, who: Principal) -> None:
        """Sign out. Ending a session that has ended changes nothing."""
        if who.session_id is not None:
            await self.end_session(who.session_id, "signed_out")

    async def end_session(self, session_id: str, reason: str) -> None:
        """End a session by id, whatever else happens to it at the moment."""
        for _attempt in range(ATTEMPTS):
            session = await self._sessions.for_platform().find(session_id)
            if session is None or not session.end(reason, self._clock.now()):
                return
            try:
                await self._sessions.for_platform().save(session)
            except VersionConflict:
                continue
            return
        raise Conflict("request_in_progress", "This session is being changed elsewhere.")

    async def revocations(self) -> list[dict[str, Any]]:
        """Sessions that ended while access tokens of theirs may still be about."""
        return await self._sessions.ended_since(self._clock.now() - timedelta(seconds=SNAPSHOT_SECONDS))

    async def _answer(self, session: Session, family: str, token: str) -> TokenPair:
        now = self._clock.now()
        verdict = session.judge(_hash(token), now)
        if verdict == "repeat" and session.successor_sealed is not None:
            return await self._pair(session, self._sealer.open(session.successor_sealed))
        if verdict == "rotate":
            successor = _token_of(family)
            session.rotate(_hash(successor), self._sealer.seal(successor), now)
            await self._sessions.for_platform().save(session)
            return await self._pair(session, successor)
        if verdict == "reused" and session.end("refresh_reused", now):
            await self._sessions.for_platform().save(session)
        code, detail = _REFUSALS[verdict]
        raise Unauthenticated(code, detail)

    async def _pair(self, session: Session, refresh_token: str) -> TokenPair:
        account = await self._accounts.for_platform().find(session.user_id)
        member = await self._membership(session)
        if account is None or (member is not None and member.status != "active"):
            await self.end_session(session.id, "membership_ended")
            raise Forbidden("account_disabled", "This account may no longer sign in here.")
        await self._companies.require_active(session.company_id)
        user = user_of(account, member)
        issued_at = int(self._clock.now().timestamp())
        claims = AccessClaims(
            subject=user.id,
            session_id=session.id,
            role=user.role,
            company_id=user.company_id,
            shop_ids=tuple(user.shop_ids),
            customer_id=user.customer_id,
            email=user.email,
            permissions=None,
            issued_at=issued_at,
            expires_at=issued_at + LIFETIME_SECONDS,
        )
        return TokenPair(user, self._keys.sign(claims), refresh_token)

    async def _membership(self, session: Session) -> Membership | None:
        if session.membership_id is None:
            return None
        return await self._memberships.for_platform().get(session.membership_id)


def _token_of(family: str) -> str:
    return f"{family}.{secrets.token_urlsafe(32)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
