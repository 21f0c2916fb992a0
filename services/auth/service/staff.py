"""Who works for a company: hire, change, end; asked by company and shop, and by company admins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from common.clock import Clock
from common.errors import BadRequest, ComeBackLater, Conflict, Forbidden, NotFound, VersionConflict
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.ids import new_id
from common.mongo.transactions import Session as Transaction
from common.mongo.transactions import transact
from common.pagination import Page, PageRequest
from common.web.etag import check_version
from services.auth.domain import (
    PLATFORM,
    Account,
    Membership,
    Session,
    StaffRole,
    User,
    check_password,
    normal_address,
    user_of,
)
from services.auth.service.hashing import PasswordHasher
from services.auth.store import Accounts, Memberships, Sessions

ATTEMPTS = 8
EVERYBODY_LIMIT = 100
Change = Callable[[Membership], object]


@dataclass(frozen=True, slots=True)
class Hire:
    """Somebody to work for a company. A password only for an address without an account."""

    email: str
    name: str | None
    role: StaffRole
    shop_ids: Sequence[str]
    password: str | None


class StaffService:
    """Memberships, with the rule that a company's last admin stays."""

    def __init__(
        self, accounts: Accounts, memberships: Memberships, sessions: Sessions, hasher: PasswordHasher, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._memberships = memberships
        self._sessions = sessions
        self._hasher = hasher
        self._clock = clock

    async def hire(self, company_id: str, hire: Hire) -> Membership:
        """Make an account with a membership, or invite the account that is there.

        Raises Conflict ``account_exists`` for a password beside an existing account, ``role_conflict``;
        Invalid ``weak_password``.
        """
        for _attempt in range(ATTEMPTS):
            account = await self._accounts.by_address(PLATFORM, normal_address(hire.email))
            try:
                if account is None:
                    return await self._make(company_id, hire)
                if hire.password is not None:
                    raise _account_exists()
                return await self._invite(company_id, account, hire)
            except VersionConflict:
                continue
            except Conflict as conflict:
                if conflict.code == "email_taken":
                    continue  # made by somebody else in between
                raise
        raise Conflict("request_in_progress", "This account is being changed elsewhere.")

    async def tell(self, company_id: str, user_id: str) -> Membership:
        """One membership. Raises NotFound, also for another company's."""
        member = await self._memberships.for_company(company_id).of_user(user_id)
        if member is None:
            raise NotFound("user")
        return member

    async def everybody(self, company_id: str) -> list[Membership]:
        """The first of those who work for a company, oldest first."""
        return await self._memberships.for_company(company_id).find_many({}, EVERYBODY_LIMIT)

    async def page(self, company_id: str, criteria: dict[str, Any], page: PageRequest) -> Page[User]:
        """Users of a company, each as in this company."""
        found = await self._memberships.for_company(company_id).page(criteria, page)
        ids = [member.user_id for member in found.items]
        accounts = await self._accounts.for_platform().find_many({"_id": {"$in": ids}}, len(ids) or 1)
        by_id = {account.id: account for account in accounts}
        items = [user_of(by_id[member.user_id], member) for member in found.items if member.user_id in by_id]
        return Page(items=items, next_cursor=found.next_cursor)

    async def read(self, company_id: str, user_id: str) -> User:
        """One user of a company. Raises NotFound."""
        member = await self.tell(company_id, user_id)
        return user_of(await self._accounts.for_platform().get(user_id), member)

    async def hire_for(self, who: Principal, hire: Hire) -> User:
        """A company admin hires. Raises Forbidden for a role with permissions that the caller lacks."""
        _require_grant(who, hire.role)
        member = await self.hire(who.tenant, hire)
        return await self.read(who.tenant, member.user_id)

    async def change_for(self, who: Principal, user_id: str, wanted: dict[str, Any], if_match: str | None) -> User:
        """A company admin changes role, shops or status. Raises as :meth:`change`, and Forbidden."""
        member = await self.tell(who.tenant, user_id)
        check_version(if_match, member.version)
        _require_grant(who, member.role, wanted.get("role") or member.role)
        await self.change(who.tenant, user_id, lambda one: one.change(**wanted))
        return await self.read(who.tenant, user_id)

    async def end_for(self, who: Principal, user_id: str) -> None:
        """A company admin ends a membership. Raises as :meth:`change`, and Forbidden."""
        member = await self.tell(who.tenant, user_id)
        _require_grant(who, member.role)
        await self.end(who.tenant, user_id)

    async def end(self, company_id: str, user_id: str) -> None:
        """End a membership; ending it again changes nothing. Raises NotFound, Conflict ``last_admin``."""
        await self.change(company_id, user_id, lambda member: member.change(status="disabled"))

    async def change(self, company_id: str, user_id: str, change: Change) -> Membership:
        """Apply a change with all that must hold beside it, in one transaction.

        A lost role or membership ends the person's sessions in the company; the last admin stays
        (Conflict ``last_admin``). Raises NotFound.
        """

        async def work(transaction: Transaction) -> tuple[Membership, list[Session]]:
            memberships = self._memberships.for_company(company_id)
            member = await memberships.of_user(user_id, transaction)
            if member is None:
                raise NotFound("user")
            role, status, was_admin = member.role, member.status, member.is_active_admin
            change(member)
            if (
                was_admin
                and not member.is_active_admin
                and not await memberships.has_other_admin(member.id, transaction)
            ):
                raise Conflict("last_admin", "The company's last admin stays.")
            ended: list[Session] = []
            if member.role != role or (member.status != status and member.status == "disabled"):
                ended = await self._end_sessions(member, transaction)
            return await memberships.save(member, session=transaction), ended

        member, ended = await transact(self._memberships.ground.client, work)
        self._memberships.offer(member.id, member.sealed)
        for session in ended:
            self._sessions.offer(session.id, session.sealed)
        return member

    async def follow_shop(self, company_id: str, user_id: str, change: Change) -> None:
        """Somebody entered or left a shop. Raises ComeBackLater for a membership that is not here yet."""
        try:
            await self.change(company_id, user_id, change)
        except NotFound as error:
            raise ComeBackLater(f"{user_id} does not work for {company_id} yet") from error

    async def _end_sessions(self, member: Membership, transaction: Transaction) -> list[Session]:
        now = self._clock.now()
        sessions = await self._sessions.live(member.user_id, member.company_id, transaction)
        for session in sessions:
            session.end("membership_changed", now)
            await self._sessions.for_platform().save(session, session=transaction)
        return sessions

    async def _make(self, company_id: str, hire: Hire) -> Membership:
        if hire.password is not None:
            check_password(hire.password)
        hashed = await self._hasher.hash(hire.password) if hire.password is not None else None
        now, account_id, membership_id = self._clock.now(), new_id("usr"), new_id("mbr")

        async def work(transaction: Transaction) -> Membership:
            account = Account.employ(
                account_id=account_id, email=hire.email, name=hire.name, password_hash=hashed, now=now
            )
            member = _begin(membership_id, company_id, account, hire, is_invited=hashed is None, now=now)
            await self._accounts.for_platform().insert(account, session=transaction)
            return await self._memberships.for_company(company_id).insert(member, session=transaction)

        member = await transact(self._memberships.ground.client, work)
        self._memberships.offer(member.id, member.sealed)
        return member

    async def _invite(self, company_id: str, account: Account, hire: Hire) -> Membership:
        memberships = self._memberships.for_company(company_id)
        member = await memberships.of_user(account.id)
        if member is None:
            now = self._clock.now()
            return await memberships.insert(_begin(new_id("mbr"), company_id, account, hire, is_invited=True, now=now))
        member.invite_again(hire.role, hire.shop_ids)
        return await memberships.save(member) if member.recorded else member


def require_same_company(who: Principal, company_id: str) -> None:
    """Raises BadRequest when a service's call and its token name different companies."""
    if who.tenant_id is not None and who.tenant_id != company_id:
        raise BadRequest("tenant_mismatch", "The call names two companies.")


def _begin(
    membership_id: str, company_id: str, account: Account, hire: Hire, *, is_invited: bool, now: Any
) -> Membership:
    return Membership.begin(
        membership_id=membership_id,
        company_id=company_id,
        user_id=account.id,
        email=account.email,
        name=account.name or hire.name,
        role=hire.role,
        shop_ids=hire.shop_ids,
        is_invited=is_invited,
        now=now,
    )


def _require_grant(who: Principal, *roles: str) -> None:
    """Nobody grants, changes or ends what holds a permission that they lack themselves."""
    if any(permissions_of(role) - who.permissions for role in roles):
        raise Forbidden("permission_denied", "You cannot grant permissions that you do not have.")


def _account_exists() -> Conflict:
    return Conflict("account_exists", "This address has an account: invite it without a password.")
