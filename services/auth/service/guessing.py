"""How often a password or a token may be tried, whoever asks and from wherever."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.clock import Clock
from common.errors import VersionConflict
from common.logging import get_logger
from services.auth.domain import ALLOWED, ALLOWED_A_DEVICE, ALLOWED_MAILS, PLATFORM, Tries
from services.auth.store import TriesOfAddresses

log = get_logger(__name__)

RETRIES = 32
AT_ONCE = 2
"""Tries of one budget under way in this process: right passwords sent in parallel must not lock each other out."""


@dataclass(slots=True)
class Attempt:
    """One try; whoever made it says whether it was right. ``has_locked``: it was wrong, and the last one."""

    budget: str
    allowed: int
    company_id: str | None
    user_id: str | None = None
    is_right: bool = False
    has_locked: bool = False


class Guessing:
    """Budgets of tries. A try is taken before anything is looked at, so that parallel ones count as well."""

    def __init__(self, tries: TriesOfAddresses, clock: Clock) -> None:
        self._tries = tries
        self._clock = clock
        self._turns: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def of_account(
        self, realm: str, email: str, user_id: str | None, device: str | None
    ) -> AsyncIterator[Attempt]:
        """A try at an account's password; a device that the owner signed in with has tries of its own."""
        company_id = None if realm == PLATFORM else realm
        budget = _budget("device", device) if device else account_budget(realm, email)
        attempt = Attempt(budget, ALLOWED_A_DEVICE if device else ALLOWED, company_id, user_id)
        async with self._turn(budget), self._taken(attempt):
            yield attempt

    @asynccontextmanager
    async def of_link(self, link_id: str) -> AsyncIterator[Attempt]:
        """A try at a mailed token."""
        attempt = Attempt(_budget("link", link_id), ALLOWED, None)
        async with self._taken(attempt):
            yield attempt

    async def may_mail(self, realm: str, email: str) -> bool:
        """Whether another mail may be asked for; it counts."""
        company_id = None if realm == PLATFORM else realm
        budget = _budget("mail", f"{realm}|{email}")
        return await self._tries.take(budget, company_id, ALLOWED_MAILS, self._clock.now()) is not None

    async def forget(self, realm: str, email: str) -> None:
        """The owner has shown who they are: an account's tries start anew."""
        await self._tries.clear(account_budget(realm, email))

    @asynccontextmanager
    async def _taken(self, attempt: Attempt) -> AsyncIterator[None]:
        """Take a try; give it back when it was right, and when something broke before it was judged.

        A refusal inside the block is a wrong try. Raises TooManyRequests ``too_many_attempts``.
        """
        now = self._clock.now()
        taken = await self._tries.take(attempt.budget, attempt.company_id, attempt.allowed, now)
        if taken is None:
            known = await self._tries.for_platform().get(attempt.budget)
            raise known.refusal(now)
        try:
            yield
        finally:
            if attempt.is_right:
                await self._tries.give_back(attempt.budget, taken)

    async def fail(self, attempt: Attempt) -> None:
        """Note a wrong password: the same work whether the account exists or not."""
        for _ in range(RETRIES):
            tries = await self._tries.for_platform().get(attempt.budget)
            has_locked = tries.fail(attempt.user_id, attempt.allowed, self._clock.now())
            try:
                await self._tries.for_platform().save(tries)
            except VersionConflict:
                continue  # another failure at the same moment: note this one after it
            attempt.has_locked = has_locked
            return
        log.warning("failure_not_noted", userId=attempt.user_id)

    @asynccontextmanager
    async def _turn(self, budget: str) -> AsyncIterator[None]:
        semaphore, waiting = self._turns.get(budget, (asyncio.Semaphore(AT_ONCE), 0))
        self._turns[budget] = (semaphore, waiting + 1)
        try:
            async with semaphore:
                yield
        finally:
            waiting = self._turns[budget][1] - 1
            if waiting:
                self._turns[budget] = (semaphore, waiting)
            else:
                del self._turns[budget]


def account_budget(realm: str, email: str) -> str:
    """The id of an account's tries; addresses that nobody has get one, too."""
    return hashlib.sha256(f"{realm}|{email}".encode()).hexdigest()


def _budget(kind: str, name: str) -> str:
    return f"{kind}:{hashlib.sha256(name.encode()).hexdigest()}"


__all__ = ["Attempt", "Guessing", "Tries", "account_budget"]
