"""Invitations: whoever has the mailed link, and is the account's owner, works for the company from then on."""

from common.errors import Conflict, Forbidden, Invalid
from common.identity.principal import Principal
from common.mongo.transactions import Session as Transaction
from common.mongo.transactions import transact
from services.auth.domain import Account, Link, Membership, check_password
from services.auth.service.companies import Companies
from services.auth.service.hashing import PasswordHasher
from services.auth.service.links import LinkService
from services.auth.service.passwords import PasswordCheck
from services.auth.service.sessions import SessionService, TokenPair, Visit
from services.auth.store import Accounts, Memberships


class InvitationService:
    """A new account sets its password; an existing one gives it, or is signed in."""

    def __init__(
        self,
        accounts: Accounts,
        memberships: Memberships,
        sessions: SessionService,
        companies: Companies,
        hasher: PasswordHasher,
        check: PasswordCheck,
        links: LinkService,
    ) -> None:
        self._accounts = accounts
        self._memberships = memberships
        self._sessions = sessions
        self._companies = companies
        self._hasher = hasher
        self._check = check
        self._links = links

    async def accept(self, who: Principal, token: str, password: str | None, visit: Visit) -> TokenPair:
        """Accept and sign in there.

        Raises Invalid ``invalid_link``, ``password_required``, ``weak_password``; Forbidden for somebody else,
        or a suspended company; Unauthenticated, TooManyRequests for a wrong password; Conflict ``not_invited``.
        """
        link = await self._links.find(token, "invitation")
        await self._companies.require_active(link.company_id)
        known = await self._accounts.for_platform().get(str(link.user_id))
        hashed = await self._prove(who, known, password)

        async def work(transaction: Transaction) -> tuple[Account, Membership]:
            await self._links.use(link, transaction)
            account = await self._accounts.for_platform().find_one({"_id": known.id}, transaction)
            if account is None or account.password_hash != known.password_hash:
                raise Conflict("request_in_progress", "This account is being changed elsewhere.")
            if hashed is not None:
                account.set_password(hashed, "invitation")
            account.verify_email()
            if account.recorded:
                await self._accounts.for_platform().save(account, session=transaction)
            return account, await self._join(link, account, transaction)

        account, member = await transact(self._accounts.ground.client, work)
        self._accounts.offer(account.id, account.sealed)
        self._memberships.offer(member.id, member.sealed)
        return await self._sessions.begin(account, member, visit)

    async def _prove(self, who: Principal, account: Account, password: str | None) -> str | None:
        """The hash of a first password; None where the owner has shown who they are."""
        if account.password_hash is None:
            if password is None:
                raise Invalid("password_required", "Choose a password.", [("password", "is needed")])
            check_password(password)
            return await self._hasher.hash(password)
        if who.kind == "user" and who.id == account.id:
            return None
        if password is None:
            raise Forbidden("sign_in_required", "This account has a password: give it, or sign in first.")
        await self._check.prove_own(account, password)
        return None

    async def _join(self, link: Link, account: Account, transaction: Transaction) -> Membership:
        memberships = self._memberships.for_company(link.company_id)
        member = await memberships.of_user(account.id, transaction)
        if member is None:
            raise Conflict("not_invited", "There is no open invitation from this company.")
        member.accept()
        return await memberships.save(member, session=transaction) if member.recorded else member
