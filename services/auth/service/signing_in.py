"""Register, sign in, switch and accept: how a person gets a session."""

import hashlib
from dataclasses import dataclass

from common.clock import Clock
from common.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unauthenticated, VersionConflict
from common.identity.principal import Principal
from common.ids import new_id
from common.logging import get_logger
from services.auth.domain import (
    PLATFORM,
    Account,
    Membership,
    Tries,
    User,
    check_password,
    normal_address,
    user_of,
)
from services.auth.service.companies import Companies, suspended
from services.auth.service.hashing import PasswordHasher
from services.auth.service.sessions import SessionService, TokenPair
from services.auth.store import Accounts, Memberships, TriesOfAddresses

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
        tries: TriesOfAddresses,
        sessions: SessionService,
        companies: Companies,
        hasher: PasswordHasher,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._memberships = memberships
        self._tries = tries
        self._sessions = sessions
        self._companies = companies
        self._hasher = hasher
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
        self, *, email: str, password: str, role: str, name: str | None, company_id: str | None, is_default: bool
    ) -> TokenPair:
        """Sign up as a customer of ``company_id``, or of the platform where it is None.

        Raises Forbidden for another role, Invalid ``weak_password``, Conflict ``email_taken``: with the
        default company also for an address of staff, who could not sign in as a customer there.
        """
        if role != "customer":
            raise Forbidden("permission_denied", "Only customers register themselves.")
        check_password(password)
        await self._companies.require_active(company_id)
        if is_default and await self._is_staff(await self._accounts.by_address(PLATFORM, normal_address(email))):
            raise Conflict("email_taken", "This email is already in use.")
        account = Account.register(
            account_id=new_id("usr"),
            company_id=company_id,
            customer_id=new_id("cus") if company_id else None,
            email=email,
            name=name,
            password_hash=await self._hasher.hash(password),
            now=self._clock.now(),
        )
        await self._accounts.for_platform().insert(account)
        return await self._sessions.begin(account, None)

    async def login(self, *, email: str, password: str, company_id: str | None, is_default: bool) -> TokenPair:
        """Sign in. Raises Unauthenticated ``invalid_credentials``, TooManyRequests ``account_locked``."""
        email = normal_address(email)
        account = await self._find(email, company_id, is_default)
        realm = account.realm if account else company_id or PLATFORM
        await self._check_tries(realm, email)
        if not await self._hasher.verify(password, account.password_hash if account else None) or account is None:
            await self._note_failure(realm, email, account)
            raise Unauthenticated("invalid_credentials", "The email or the password is wrong.")
        await self._forget_failures(realm, email)
        member = await self._membership_to_use(account)
        return await self._sessions.begin(account, member)

    async def switch(self, who: Principal, company_id: str) -> TokenPair:
        """A session in another of the caller's companies. Raises NotFound."""
        member = await self._memberships.for_company(company_id).of_user(who.id)
        if member is None or member.status != "active":
            raise NotFound("membership")
        await self._companies.require_active(company_id)
        return await self._sessions.begin(await self._accounts.for_platform().get(who.id), member)

    async def accept(self, who: Principal, company_id: str) -> TokenPair:
        """Accept an invitation and sign in there. Raises NotFound, Conflict ``not_invited``."""
        memberships = self._memberships.for_company(company_id)
        for _attempt in range(ATTEMPTS):
            member = await memberships.of_user(who.id)
            if member is None:
                raise NotFound("invitation")
            member.accept()
            if not member.recorded:
                break
            try:
                await memberships.save(member)
            except VersionConflict:
                continue
            break
        return await self.switch(who, company_id)

    async def me(self, who: Principal) -> Self:
        """Who the caller is now. Raises NotFound for somebody who is gone."""
        account = await self._accounts.for_platform().get(who.id)
        memberships = await self._memberships.everywhere(who.id)
        member = next((one for one in memberships if one.company_id == who.company_id), None)
        return Self(user_of(account, member), who, memberships)

    async def _find(self, email: str, company_id: str | None, is_default: bool) -> Account | None:
        """The account meant: the default company counts only where no member of staff has the address."""
        if company_id is None or not is_default:
            return await self._accounts.by_address(company_id or PLATFORM, email)
        staff = await self._accounts.by_address(PLATFORM, email)
        customer = await self._accounts.by_address(company_id, email)
        return staff if await self._is_staff(staff) else customer

    async def _is_staff(self, account: Account | None) -> bool:
        if account is None:
            return False
        return account.role != "customer" or bool(await self._memberships.everywhere(account.id))

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

    async def _check_tries(self, realm: str, email: str) -> None:
        tries = await self._tries.for_platform().find(_tries_id(realm, email))
        if tries is not None:
            tries.check(self._clock.now())

    async def _note_failure(self, realm: str, email: str, account: Account | None) -> None:
        """Count a failure. Raises TooManyRequests when others used the tries up while this one was checked."""
        store, now = self._tries.for_platform(), self._clock.now()
        company_id = None if realm == PLATFORM else realm
        for _attempt in range(ATTEMPTS):
            tries = await store.find(_tries_id(realm, email))
            if tries is None:
                tries = Tries(
                    id=_tries_id(realm, email), company_id=company_id, since=now, created_at=now, updated_at=now
                )
            tries.check(now)
            tries.fail(account.id if account else None, now)
            try:
                await (store.save(tries) if tries.is_stored else store.insert(tries))
            except (VersionConflict, Conflict):
                continue  # another failure at the same moment: count after it
            return
        raise TooManyRequests("Too many sign-ins at once.", 1, code="account_locked")

    async def _forget_failures(self, realm: str, email: str) -> None:
        """A right password starts anew. Raises TooManyRequests when it came with more wrong ones than allowed."""
        store = self._tries.for_platform()
        tries = await store.find(_tries_id(realm, email))
        if tries is None or tries.count == 0:
            return
        tries.check(self._clock.now())
        tries.count = 0
        try:
            await store.save(tries)
        except VersionConflict:
            log.info("failures_kept")  # a wrong guess came in between; it stays counted


def _tries_id(realm: str, email: str) -> str:
    return hashlib.sha256(f"{realm}|{email}".encode()).hexdigest()
