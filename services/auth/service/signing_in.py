"""Register, sign in, switch and accept: how a person gets a session."""

from collections.abc import Callable
from dataclasses import dataclass

from common.clock import Clock
from common.errors import Conflict, Forbidden, NotFound, VersionConflict
from common.identity.principal import Principal
from common.ids import new_id
from common.logging import get_logger
from common.mongo.transactions import Session as Transaction
from common.mongo.transactions import transact
from services.auth.domain import (
    PLATFORM,
    Account,
    Link,
    Membership,
    User,
    check_password,
    normal_address,
    user_of,
)
from services.auth.service.companies import Companies, suspended
from services.auth.service.directory import Directory
from services.auth.service.hashing import PasswordHasher
from services.auth.service.links import LinkService
from services.auth.service.passwords import PasswordCheck
from services.auth.service.sessions import SessionService, TokenPair, Visit
from services.auth.store import Accounts, Memberships

log = get_logger(__name__)

ATTEMPTS = 16


@dataclass(frozen=True, slots=True)
class Self:
    """The caller as shown to the caller."""

    user: User
    principal: Principal
    memberships: list[Membership]


class SignInService:
    """Proves who somebody is, and opens a session in the right realm."""

    def __init__(
        self,
        accounts: Accounts,
        memberships: Memberships,
        directory: Directory,
        sessions: SessionService,
        companies: Companies,
        hasher: PasswordHasher,
        check: PasswordCheck,
        links: LinkService,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._memberships = memberships
        self._directory = directory
        self._sessions = sessions
        self._companies = companies
        self._hasher = hasher
        self._check = check
        self._links = links
        self._clock = clock

    async def make_super_admin(self, email: str, password: str) -> None:
        """Make the first super admin unless the address is known; never changes an account that exists."""
        known = await self._accounts.by_address(PLATFORM, normal_address(email))
        if known is None:
            check_password(password)
            account = Account.employ(
                account_id=new_id("usr"),
                email=email,
                name="Administrator",
                password_hash=await self._hasher.hash(password),
                role="super_admin",
                now=self._clock.now(),
            )
            try:
                await self._accounts.for_platform().insert(account)
            except Conflict:
                log.info("super_admin_made_by_another_copy")
        elif known.role != "super_admin":
            log.warning("super_admin_address_is_taken", userId=known.id)

    async def register(
        self,
        *,
        email: str,
        password: str,
        role: str,
        name: str | None,
        company_id: str | None,
        is_default: bool,
        visit: Visit,
    ) -> TokenPair:
        """Sign up as a customer of ``company_id``, or of the platform where it is None.

        Raises Forbidden for another role, Invalid ``weak_password``, Conflict ``email_taken``: with the
        default company also for an address of staff, who could not sign in as a customer there.
        """
        if role != "customer":
            raise Forbidden("permission_denied", "Only customers register themselves.")
        check_password(password)
        await self._companies.require_active(company_id)
        if is_default and await self._directory.is_staff_address(email):
            raise Conflict("email_taken", "This email is already in use.")
        hashed = await self._hasher.hash(password)
        account_id, customer_id, now = new_id("usr"), new_id("cus") if company_id else None, self._clock.now()

        def made() -> Account:
            return Account.register(
                account_id=account_id,
                company_id=company_id,
                customer_id=customer_id,
                email=email,
                name=name,
                password_hash=hashed,
                now=now,
            )

        return await self._sessions.begin(await self._store_with_link(made), None, visit)

    async def login(
        self, *, email: str, password: str, company_id: str | None, is_default: bool, visit: Visit
    ) -> TokenPair:
        """Sign in. Raises Unauthenticated ``invalid_credentials``, TooManyRequests ``too_many_attempts``."""
        realm, found = await self._directory.find(email, company_id, is_default=is_default)
        account = await self._check.prove(
            found, password, realm=realm, email=normal_address(email), device_token=visit.device_token
        )
        return await self._sessions.begin(account, await self._membership_to_use(account), visit)

    async def switch(self, who: Principal, company_id: str, visit: Visit) -> TokenPair:
        """A session in another of the caller's companies. Raises NotFound."""
        member = await self._memberships.for_company(company_id).of_user(who.id)
        if member is None or member.status != "active":
            raise NotFound("membership")
        await self._companies.require_active(company_id)
        return await self._sessions.begin(await self._accounts.for_platform().get(who.id), member, visit)

    async def accept(self, who: Principal, company_id: str, visit: Visit) -> TokenPair:
        """Accept an invitation and sign in there.

        Whoever made an account for somebody else's address can sign in to it, too: without the mailed link only an
        address counts that was verified. Raises NotFound, Conflict ``not_invited``, Forbidden ``email_unverified``.
        """
        memberships = self._memberships.for_company(company_id)
        account = await self._accounts.for_platform().get(who.id)
        for _attempt in range(ATTEMPTS):
            member = await memberships.of_user(who.id)
            if member is None:
                raise NotFound("invitation")
            if member.status == "invited" and not account.email_verified:
                raise Forbidden("email_unverified", "Open the link in the invitation's mail, or verify your address.")
            member.accept()
            if not member.recorded:
                break
            try:
                await memberships.save(member)
            except VersionConflict:
                continue
            break
        return await self.switch(who, company_id, visit)

    async def me(self, who: Principal) -> Self:
        """Who the caller is now. Raises NotFound for somebody who is gone."""
        account = await self._accounts.for_platform().get(who.id)
        memberships = await self._memberships.everywhere(who.id)
        member = next((one for one in memberships if one.company_id == who.company_id), None)
        return Self(user_of(account, member), who, memberships)

    async def _store_with_link(self, make: Callable[[], Account]) -> Account:
        """Store a new account with the link that verifies its address."""

        async def work(transaction: Transaction) -> tuple[Account, Link]:
            account = await self._accounts.for_platform().insert(make(), session=transaction)
            link = self._links.make(
                "email_verification",
                user_id=account.id,
                email=account.email,
                name=account.name,
                company_id=account.company_id,
            )
            await self._links.keep(link, transaction)
            return account, link

        account, link = await transact(self._accounts.ground.client, work)
        self._accounts.offer(account.id, account.sealed)
        self._links.offer(link)
        return account

    async def _membership_to_use(self, account: Account) -> Membership | None:
        """The oldest active membership. Raises Forbidden when there is nothing to sign in to."""
        if account.realm != PLATFORM or account.role == "super_admin":
            return None
        memberships = await self._memberships.everywhere(account.id)
        active = [one for one in memberships if one.status == "active"]
        stopped = await self._companies.inactive_among([str(one.company_id) for one in active])
        for member in active:
            if member.company_id not in stopped:
                return member
        if account.role == "customer" or any(one.status == "invited" for one in memberships):
            return None
        if active:
            raise suspended()
        raise Forbidden("account_disabled", "This account may no longer sign in.")
