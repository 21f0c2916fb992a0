"""Whether a password is right: tries bounded, work the same for whoever does not exist."""

from common.clock import Clock
from common.errors import Unauthenticated
from services.auth.domain import Account
from services.auth.service.devices import Devices
from services.auth.service.guessing import Attempt, Guessing
from services.auth.service.hashing import PasswordHasher
from services.auth.service.links import LinkService


class PasswordCheck:
    """The one place where passwords are compared."""

    def __init__(
        self, hasher: PasswordHasher, guessing: Guessing, devices: Devices, links: LinkService, clock: Clock
    ) -> None:
        self._hasher = hasher
        self._guessing = guessing
        self._devices = devices
        self._links = links
        self._clock = clock

    async def prove(
        self, account: Account | None, password: str, *, realm: str, email: str, device_token: str | None = None
    ) -> Account:
        """The account whose password this is.

        Raises Unauthenticated ``invalid_credentials``, TooManyRequests ``too_many_attempts``, Unavailable.
        """
        device = self._devices.recognise(account, device_token, self._clock.now())
        user_id = account.id if account else None
        async with self._guessing.of_account(realm, email, user_id, device) as attempt:
            try:
                fits = await self._hasher.verify(password, account.password_hash if account else None)
            except BaseException:
                attempt.is_right = True  # it was never judged
                raise
            if not fits or account is None:
                await self._refuse(attempt, account, realm, email)
                raise Unauthenticated("invalid_credentials", "The email or the password is wrong.")
            attempt.is_right = True
        return account

    async def prove_own(self, account: Account, password: str) -> None:
        """The same for somebody who is signed in."""
        await self.prove(account, password, realm=account.realm, email=account.email)

    async def _refuse(self, attempt: Attempt, account: Account | None, realm: str, email: str) -> None:
        """Count it, and mail the owner a way back in with the last wrong one."""
        await self._guessing.fail(attempt)
        if attempt.has_locked:
            link = self._links.make(
                "unlock",
                user_id=account.id if account else None,
                email=email,
                name=account.name if account else None,
                company_id=attempt.company_id,
            )
            await self._links.keep(link)
