"""Sessions: begin, refresh with rotation, end; and the tokens that come of them."""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from common import context
from common.clock import Clock
from common.encryption import Sealer
from common.errors import Conflict, Forbidden, NotFound, Unauthenticated, VersionConflict
from common.identity.permissions import with_reads
from common.identity.principal import Principal
from common.identity.tokens import LIFETIME_SECONDS, AccessClaims
from common.ids import new_id
from common.mongo.transactions import Session as Transaction
from common.pagination import Page, PageRequest
from services.auth.domain import Account, Membership, Session, User, Verdict, user_of
from services.auth.service.companies import Companies
from services.auth.service.devices import Devices
from services.auth.service.keys import Keys
from services.auth.store import Accounts, Memberships, Roles, Sessions

SNAPSHOT_SECONDS = LIFETIME_SECONDS + 300
ATTEMPTS = 8
_REFUSALS: dict[Verdict, tuple[str, str]] = {
    "reused": ("refresh_reused", "This refresh token was used before; its session has ended. Sign in again."),
    "expired": ("refresh_expired", "The session has expired; sign in again."),
    "ended": ("session_ended", "The session has ended; sign in again."),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """What somebody signs in with, beside the password."""

    user_agent: str | None = None
    device_token: str | None = None


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in answers."""

    user: User
    access_token: str
    refresh_token: str
    token_type: str = "Bearer"
    expires_in: int = LIFETIME_SECONDS
    device_token: str | None = None


class SessionService:
    """Families of refresh tokens. Tokens are opaque and random; only hashes of them are stored."""

    def __init__(
        self,
        sessions: Sessions,
        accounts: Accounts,
        memberships: Memberships,
        roles: Roles,
        companies: Companies,
        keys: Keys,
        devices: Devices,
        sealer: Sealer,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._memberships = memberships
        self._roles = roles
        self._companies = companies
        self._keys = keys
        self._devices = devices
        self._sealer = sealer
        self._clock = clock

    async def begin(self, account: Account, member: Membership | None, visit: Visit) -> TokenPair:
        """Sign in, in one membership or in none. The session is stored before the person is read again:

        whoever changes a role or a password ends the sessions that are there, and a later one sees the change.
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
            user_agent=visit.user_agent,
            now=self._clock.now(),
        )
        await self._sessions.for_platform().insert(session)
        return replace(await self._pair(session, token, account), device_token=self._device(account, visit))

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

    async def page(self, who: Principal, page: PageRequest) -> Page[Session]:
        """The caller's own sessions that have not ended."""
        criteria = {"userId": who.id, "endedAt": None, "expiresAt": {"$gt": self._clock.now()}}
        return await self._sessions.for_platform().page(criteria, page)

    async def end_own(self, who: Principal, session_id: str) -> None:
        """End one of the caller's sessions. Raises NotFound, also for somebody else's."""
        session = await self._sessions.for_platform().find(session_id)
        if session is None or session.user_id != who.id or session.ended_at is not None:
            raise NotFound("session")
        await self.end_session(session_id, "signed_out")

    async def end_everywhere(self, who: Principal) -> None:
        """Sign out on every device, this one too."""
        while sessions := await self._sessions.live_of(who.id):
            for session in sessions:
                await self.end_session(session.id, "signed_out_everywhere")

    async def end_within(
        self, user_id: str, reason: str, transaction: Transaction, *, but: str | None = None
    ) -> list[Session]:
        """End all of a person's sessions ``but`` one; offer them once the transaction has committed."""
        sessions = [one for one in await self._sessions.live_of(user_id, transaction) if one.id != but]
        for session in sessions:
            session.end(reason, self._clock.now())
            await self._sessions.for_platform().save(session, session=transaction)
        return sessions

    def offer(self, sessions: list[Session]) -> None:
        """Hand over the events of sessions that ended in a transaction."""
        for session in sessions:
            self._sessions.offer(session.id, session.sealed)

    async def revocations(self) -> list[dict[str, Any]]:
        """Sessions and memberships whose tokens stopped while some of them may still be about."""
        since = self._clock.now() - timedelta(seconds=SNAPSHOT_SECONDS)
        return [
            *await self._sessions.ended_since(since),
            *await self._memberships.cut_since(int(since.timestamp())),
        ]

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

    def _device(self, account: Account, visit: Visit) -> str:
        now = self._clock.now()
        is_known = self._devices.recognise(account, visit.device_token, now) is not None
        return visit.device_token if is_known and visit.device_token else self._devices.token_for(account, now)

    async def _pair(self, session: Session, refresh_token: str, proven: Account | None = None) -> TokenPair:
        account = await self._accounts.for_platform().find(session.user_id)
        if account is not None and proven is not None and account.password_hash != proven.password_hash:
            await self.end_session(session.id, "password_changed")
            raise Unauthenticated("invalid_credentials", "The password was changed at this moment.")
        member = await self._membership(session)
        if account is None or (member is not None and member.status != "active"):
            await self.end_session(session.id, "membership_ended")
            raise Forbidden("account_disabled", "This account may no longer sign in here.")
        await self._companies.require_active(session.company_id)
        user = user_of(account, member)
        issued_at = max(int(self._clock.now().timestamp()), member.tokens_from if member else 0)
        claims = AccessClaims(
            subject=user.id,
            session_id=session.id,
            role=user.role,
            company_id=user.company_id,
            shop_ids=tuple(user.shop_ids),
            customer_id=user.customer_id,
            email=user.email,
            permissions=await self._permissions(member),
            issued_at=issued_at,
            expires_at=issued_at + LIFETIME_SECONDS,
        )
        return TokenPair(user, self._keys.sign(claims), refresh_token)

    async def _permissions(self, member: Membership | None) -> tuple[str, ...] | None:
        """What a role of the company's own allows; a role that is gone allows nothing."""
        if member is None or member.role_id is None:
            return None
        role = await self._roles.for_company(member.company_id).find(member.role_id)
        return tuple(sorted(with_reads(role.permissions))) if role and role.deleted_at is None else ()

    async def _membership(self, session: Session) -> Membership | None:
        if session.membership_id is None:
            return None
        return await self._memberships.for_platform().get(session.membership_id)


def _token_of(family: str) -> str:
    return f"{family}.{secrets.token_urlsafe(32)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
