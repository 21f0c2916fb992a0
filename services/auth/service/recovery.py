"""What an account's owner changes, signed in or by a mailed link: the password, the address, the lock."""

from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from common.errors import Conflict
from common.identity.principal import Principal
from common.mongo.transactions import Session as Transaction
from common.mongo.transactions import transact
from services.auth.domain import (
    ENDED_BY_ADDRESS,
    ENDED_BY_PASSWORD,
    Account,
    Link,
    LinkPurpose,
    Membership,
    Session,
    check_password,
    normal_address,
)
from services.auth.service.directory import Directory
from services.auth.service.guessing import Guessing
from services.auth.service.hashing import PasswordHasher
from services.auth.service.links import LinkService
from services.auth.service.passwords import PasswordCheck
from services.auth.service.sessions import SessionService
from services.auth.store import Accounts, Memberships


class RecoveryService:
    """Whatever is asked for an address is answered alike, whether somebody has it or not."""

    def __init__(
        self,
        accounts: Accounts,
        memberships: Memberships,
        directory: Directory,
        sessions: SessionService,
        hasher: PasswordHasher,
        check: PasswordCheck,
        guessing: Guessing,
        links: LinkService,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._memberships = memberships
        self._directory = directory
        self._sessions = sessions
        self._hasher = hasher
        self._check = check
        self._guessing = guessing
        self._links = links
        self._clock = clock

    async def forgot(self, email: str, company_id: str | None, *, is_default: bool) -> None:
        """Ask for a link to a new password; a few in a quarter of an hour, the rest are dropped in silence."""
        realm, account = await self._directory.find(email, company_id, is_default=is_default)
        await self._ask("password_reset", account, realm, normal_address(email))

    async def reset(self, token: str, password: str) -> None:
        """A new password by a mailed link; every session ends. Raises Invalid ``invalid_link``, ``weak_password``."""
        check_password(password)
        link = await self._links.find(token, "password_reset")
        hashed = await self._hasher.hash(password)

        async def work(transaction: Transaction) -> tuple[Account, list[Session]]:
            await self._links.use(link, transaction)
            account = await self._owner(link, transaction)
            account.set_password(hashed, "reset")
            await self._links.void(account.id, ENDED_BY_PASSWORD, transaction)
            account.verify_email()
            ended = await self._sessions.end_within(account.id, "password_changed", transaction)
            return await self._accounts.for_platform().save(account, session=transaction), ended

        account, ended = await transact(self._accounts.ground.client, work)
        self._offer(account, ended)
        await self._guessing.forget(account.realm, account.email)

    async def change_password(self, who: Principal, current: str, password: str) -> None:
        """A new password for the old one; the other sessions end.

        Raises Unauthenticated ``invalid_credentials``, TooManyRequests, Invalid ``weak_password``.
        """
        check_password(password, "newPassword")
        known = await self._accounts.for_platform().get(who.id)
        await self._check.prove_own(known, current)
        hashed = await self._hasher.hash(password)

        async def work(transaction: Transaction) -> tuple[Account, list[Session]]:
            account = await self._accounts.for_platform().find_one({"_id": known.id}, transaction)
            if account is None or account.password_hash != known.password_hash:
                raise Conflict("request_in_progress", "This password is being changed elsewhere.")
            account.set_password(hashed, "changed")
            await self._links.void(account.id, ENDED_BY_PASSWORD, transaction)
            ended = await self._sessions.end_within(account.id, "password_changed", transaction, but=who.session_id)
            return await self._accounts.for_platform().save(account, session=transaction), ended

        self._offer(*await transact(self._accounts.ground.client, work))

    async def unlock(self, token: str) -> None:
        """The owner's way out when others have guessed. Raises Invalid ``invalid_link``."""
        link = await self._links.find(token, "unlock")

        async def work(transaction: Transaction) -> Account:
            await self._links.use(link, transaction)
            return await self._owner(link, transaction)

        account = await transact(self._accounts.ground.client, work)
        await self._guessing.forget(account.realm, account.email)

    async def ask_verification(self, who: Principal) -> None:
        """Mail the link again that verifies the caller's address; nothing for one that is verified."""
        account = await self._accounts.for_platform().get(who.id)
        if not account.email_verified:
            await self._ask("email_verification", account, account.realm, account.email)

    async def ask_change(self, who: Principal, new_email: str, password: str) -> None:
        """Mail the new address a link; it counts once it was verified. Raises as :meth:`change_password`.

        One account has a few such mails in a quarter of an hour, whomever they go to: they reach strangers.
        """
        account = await self._accounts.for_platform().get(who.id)
        await self._check.prove_own(account, password)
        if not await self._guessing.may_mail(account.realm, account.id):
            return
        await self._ask("email_change", account, account.realm, normal_address(new_email))

    async def verify(self, token: str) -> None:
        """The address is the owner's, or becomes it. Raises Invalid ``invalid_link``, Conflict ``email_taken``."""
        link = await self._links.find(token, "email_verification", "email_change")

        async def work(transaction: Transaction) -> tuple[Account, list[Membership]]:
            await self._links.use(link, transaction)
            account = await self._owner(link, transaction)
            members = await self._readdress(account, link, transaction)
            if account.email == link.email:
                account.verify_email()
            if account.recorded:
                await self._accounts.for_platform().save(account, session=transaction)
            return account, members

        try:
            account, members = await transact(self._accounts.ground.client, work)
        except DuplicateKeyError as error:
            raise self._accounts.taken(error) from error
        self._offer(account, [])
        for member in members:
            self._memberships.offer(member.id, member.sealed)

    async def _readdress(self, account: Account, link: Link, transaction: Transaction) -> list[Membership]:
        if link.purpose != "email_change" or account.email == link.email:
            return []
        account.readdress(link.email)
        await self._links.void(account.id, ENDED_BY_ADDRESS, transaction)
        members = await self._memberships.everywhere(account.id)
        for member in members:
            member.readdress(link.email)
            await self._memberships.for_platform().save(member, session=transaction)
        return members

    async def _ask(self, purpose: LinkPurpose, account: Account | None, realm: str, email: str) -> None:
        """The same work for an address that nobody has: a link that leads nowhere, and no mail."""
        if not await self._guessing.may_mail(realm, email):
            return
        link = self._links.make(
            purpose,
            user_id=account.id if account else None,
            email=email,
            name=account.name if account else None,
            company_id=account.company_id if account else None,
        )
        await self._links.keep(link)

    async def _owner(self, link: Link, transaction: Transaction) -> Account:
        account = await self._accounts.for_platform().find_one({"_id": link.user_id}, transaction)
        assert account is not None, "accounts are never deleted"
        return account

    def _offer(self, account: Account, ended: list[Session]) -> None:
        self._accounts.offer(account.id, account.sealed)
        self._sessions.offer(ended)
