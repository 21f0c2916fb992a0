"""Who works for a company: hire, change, end; asked by company and shop, and by company admins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from common.clock import Clock
from common.errors import BadRequest, ComeBackLater, Conflict, Forbidden, Invalid, NotFound, VersionConflict
from common.identity.principal import Principal
from common.ids import new_id
from common.mongo.transactions import Session as Transaction
from common.mongo.transactions import transact
from common.pagination import Page, PageRequest
from common.web.etag import check_version
from services.auth.clients import Neighbours
from services.auth.domain import (
    PLATFORM,
    Account,
    Link,
    Membership,
    Session,
    StaffRole,
    User,
    check_password,
    normal_address,
    require_held,
    user_of,
)
from services.auth.service.companies import Companies
from services.auth.service.hashing import PasswordHasher
from services.auth.service.links import LinkService
from services.auth.service.roles import RoleService
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
    role_id: str | None = None


class StaffService:
    """Memberships, with the rule that a company's last admin stays."""

    def __init__(
        self,
        accounts: Accounts,
        memberships: Memberships,
        sessions: Sessions,
        roles: RoleService,
        companies: Companies,
        links: LinkService,
        neighbours: Neighbours,
        hasher: PasswordHasher,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._memberships = memberships
        self._sessions = sessions
        self._roles = roles
        self._companies = companies
        self._links = links
        self._neighbours = neighbours
        self._hasher = hasher
        self._clock = clock

    async def hire(self, company_id: str, hire: Hire) -> Membership:
        """Make an account with a membership, or invite the account that is there.

        Raises Conflict ``account_exists`` for a password beside an existing account, ``role_conflict``,
        ``plan_limit_reached``; Invalid ``weak_password``, ``unknown_role``.
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
        """A company admin hires.

        Raises Forbidden for permissions or shops that the caller lacks, Invalid ``unknown_shop``, ``unknown_role``.
        """
        await self._require_grant(who, hire.role, hire.role_id)
        _require_reach(who, hire.role, hire.shop_ids)
        await self._require_above(who, hire.email)
        await self._require_shops(who.tenant, hire.shop_ids)
        member = await self.hire(who.tenant, hire)
        return await self.read(who.tenant, member.user_id)

    async def change_for(self, who: Principal, user_id: str, wanted: dict[str, Any], if_match: str | None) -> User:
        """A company admin changes role, shops or status. Raises as :meth:`change` and :meth:`hire_for`."""
        member = await self.tell(who.tenant, user_id)
        check_version(if_match, member.version)
        await self._require_grant(who, member.role, member.role_id)
        _require_reach(who, member.role, member.shop_ids)
        role, role_id = wanted.get("role") or member.role, wanted.get("role_id", member.role_id)
        await self._require_grant(who, role, role_id)
        _require_reach(who, role, wanted.get("shop_ids") or [])
        await self._require_shops(who.tenant, wanted.get("shop_ids") or [], member.shop_ids)
        given = wanted.get("role_id") if role_id != member.role_id else None
        await self.change(who.tenant, user_id, lambda one: one.change(**wanted), given)
        return await self.read(who.tenant, user_id)

    async def end_for(self, who: Principal, user_id: str) -> None:
        """A company admin ends a membership. Raises as :meth:`change`, and Forbidden."""
        member = await self.tell(who.tenant, user_id)
        await self._require_grant(who, member.role, member.role_id)
        _require_reach(who, member.role, member.shop_ids)
        await self.end(who.tenant, user_id)

    async def end(self, company_id: str, user_id: str) -> None:
        """End a membership; ending it again changes nothing. Raises NotFound, Conflict ``last_admin``."""
        await self.change(company_id, user_id, lambda member: member.change(status="disabled"))

    async def change(self, company_id: str, user_id: str, change: Change, given_role: str | None = None) -> Membership:
        """Apply a change with all that must hold beside it, in one transaction.

        An end ends the person's sessions in the company; another role or other shops stop the tokens, and a
        refresh brings new ones. Raises NotFound, Conflict ``last_admin``, ``plan_limit_reached``.
        """
        limit = await self._companies.staff_limit(company_id)

        async def work(transaction: Transaction) -> tuple[Membership, list[Session]]:
            memberships = self._memberships.for_company(company_id)
            member = await memberships.of_user(user_id, transaction)
            if member is None:
                raise NotFound("user")
            await self._roles.give(company_id, given_role, transaction)
            before, status, was_admin = member.reach, member.status, member.is_active_admin
            change(member)
            await self._require_admin(member, was_admin, transaction)
            if status == "disabled" and member.status != "disabled":
                await memberships.require_room(limit, transaction)
            ended: list[Session] = []
            if member.status == "disabled" and status != "disabled":
                ended = await self._end_sessions(member, transaction)
            elif member.reach != before and status == "active":
                member.stop_tokens(self._clock.now())
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
        limit = await self._companies.staff_limit(company_id)

        async def work(transaction: Transaction) -> tuple[Membership, Link | None]:
            await self._require_place(company_id, hire, limit, transaction)
            account = Account.employ(
                account_id=account_id, email=hire.email, name=hire.name, password_hash=hashed, now=now
            )
            member = _begin(membership_id, company_id, account, hire, is_invited=hashed is None, now=now)
            await self._accounts.for_platform().insert(account, session=transaction)
            await self._memberships.for_company(company_id).insert(member, session=transaction)
            return member, await self._invitation(member, transaction)

        return self._offered(*await transact(self._memberships.ground.client, work))

    async def _invite(self, company_id: str, account: Account, hire: Hire) -> Membership:
        memberships = self._memberships.for_company(company_id)
        limit = await self._companies.staff_limit(company_id)
        now, membership_id = self._clock.now(), new_id("mbr")

        async def work(transaction: Transaction) -> tuple[Membership, Link | None]:
            member = await memberships.of_user(account.id, transaction)
            if member is None:
                await self._require_place(company_id, hire, limit, transaction)
                member = _begin(membership_id, company_id, account, hire, is_invited=True, now=now)
                await memberships.insert(member, session=transaction)
                return member, await self._invitation(member, transaction)
            before, was, was_admin = member.reach, member.status, member.is_active_admin
            is_new = was == "disabled"
            await self._require_place(company_id, hire, limit if is_new else None, transaction)
            member.invite_again(hire.role, hire.shop_ids, hire.role_id)
            await self._require_admin(member, was_admin, transaction)
            if was == "active" and member.reach != before:
                member.stop_tokens(now)
            if member.recorded:
                await memberships.save(member, session=transaction)
            return member, await self._invitation(member, transaction)

        return self._offered(*await transact(memberships.ground.client, work))

    async def _require_place(self, company_id: str, hire: Hire, limit: int | None, transaction: Transaction) -> None:
        await self._memberships.for_company(company_id).require_room(limit, transaction)
        await self._roles.give(company_id, hire.role_id, transaction)

    async def _invitation(self, member: Membership, transaction: Transaction) -> Link | None:
        """The link by which somebody invited says yes; inviting again mails another."""
        if member.status != "invited":
            return None
        link = self._links.make(
            "invitation",
            user_id=member.user_id,
            email=member.email,
            name=member.name,
            company_id=member.company_id,
        )
        await self._links.keep(link, transaction)
        return link

    def _offered(self, member: Membership, link: Link | None) -> Membership:
        self._memberships.offer(member.id, member.sealed)
        if link is not None:
            self._links.offer(link)
        return member

    async def _require_grant(self, who: Principal, role: str, role_id: str | None) -> None:
        """Nobody grants, changes or ends what holds a permission that they lack themselves."""
        require_held(await self._roles.permissions(who.tenant, role, role_id), who.permissions)

    async def _require_above(self, who: Principal, email: str) -> None:
        """Inviting somebody again changes what they hold, so the same counts for who works here already."""
        account = await self._accounts.by_address(PLATFORM, normal_address(email))
        member = await self._memberships.for_company(who.tenant).of_user(account.id) if account else None
        if member is not None and member.status != "disabled":
            await self._require_grant(who, member.role, member.role_id)

    async def _require_admin(self, member: Membership, was_admin: bool, transaction: Transaction) -> None:
        """Raises Conflict ``last_admin`` when a change leaves the company without one."""
        if not was_admin or member.is_active_admin:
            return
        if not await self._memberships.for_company(member.company_id).has_other_admin(member.id, transaction):
            raise Conflict("last_admin", "The company's last admin stays.")

    async def _require_shops(self, company_id: str, shop_ids: Sequence[str], known: Sequence[str] = ()) -> None:
        """Raises Invalid ``unknown_shop`` for shops that the company does not have."""
        asked = [shop_id for shop_id in dict.fromkeys(shop_ids) if shop_id not in known]
        unknown = await self._neighbours.unknown_shops(company_id, asked)
        if unknown:
            fields = [
                (f"shopIds.{number}", "is not a shop of this company")
                for number, one in enumerate(shop_ids)
                if one in unknown
            ]
            raise Invalid("unknown_shop", "There is no such shop.", fields)


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
        role_id=hire.role_id,
    )


def _require_reach(who: Principal, role: str, shop_ids: Sequence[str]) -> None:
    """Whoever is limited to shops hires for these alone, and changes nobody who works in others."""
    if who.is_limited_to_shops and (role == "company_admin" or set(shop_ids) - set(who.shop_ids)):
        raise Forbidden("permission_denied", "You cannot grant shops that you do not work in.")


def _account_exists() -> Conflict:
    return Conflict("account_exists", "This address has an account: invite it without a password.")
