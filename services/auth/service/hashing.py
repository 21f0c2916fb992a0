"""Argon2id in a bounded thread pool: a hash takes tens of milliseconds of one core."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from passlib.hash import argon2
from prometheus_client import Counter

from common.errors import Unavailable

MEMORY_KIB = 19_456
ROUNDS = 2
PARALLELISM = 1
"""The floor of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane."""

WAITING_LIMIT = 200
WAITING_SECONDS = 8.0
LONGEST_TRIED = 1024
_hasher = argon2.using(type="ID", memory_cost=MEMORY_KIB, time_cost=ROUNDS, parallelism=PARALLELISM)
Result = TypeVar("Result")

_hashed = Counter("markethall_password_hashes_total", "Passwords hashed, to store or to compare: most of auth's work")


class PasswordHasher:
    """Hashes and verifies, so many at once and no more; who waits too long is told so, and the loop never waits."""

    def __init__(
        self, threads: int, waiting_limit: int = WAITING_LIMIT, waiting_seconds: float = WAITING_SECONDS
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting_limit = waiting_limit
        self._waiting_seconds = waiting_seconds
        self._waiting = 0
        self._nobody = str(_hasher.hash("nobody has this password"))

    async def hash(self, password: str) -> str:
        """The encoded hash. Raises Unavailable when too many wait, or one waits too long."""
        return str(await self._run(_hasher.hash, password))

    async def verify(self, password: str, encoded: str | None) -> bool:
        """Whether the password fits; never for None, after the same work. Raises as :meth:`hash`."""
        fits = bool(await self._run(_hasher.verify, password[:LONGEST_TRIED], encoded or self._nobody))
        return fits and encoded is not None

    async def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[..., Result], *arguments: str) -> Result:
        if self._waiting >= self._waiting_limit:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._waiting_seconds):
                _hashed.inc()
                return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        except TimeoutError as error:
            raise _busy() from error
        finally:
            self._waiting -= 1


def _busy() -> Unavailable:
    return Unavailable("Too many sign-ins at once.")
