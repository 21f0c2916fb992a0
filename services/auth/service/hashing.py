"""Argon2id in a bounded thread pool: a hash takes tens of milliseconds of one core."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from passlib.hash import argon2

from common.errors import Unavailable

MEMORY_KIB = 19_456
ROUNDS = 2
PARALLELISM = 1
"""The floor of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane."""

WAITING_LIMIT = 200
LONGEST_TRIED = 1024
_hasher = argon2.using(type="ID", memory_cost=MEMORY_KIB, time_cost=ROUNDS, parallelism=PARALLELISM)


class PasswordHasher:
    """Hashes and verifies. An unknown address costs as much as a wrong password."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody = str(_hasher.hash("nobody has this password"))

    async def hash(self, password: str) -> str:
        """The encoded hash. Raises Unavailable when too many wait."""
        return str(await self._run(_hasher.hash, password))

    async def verify(self, password: str, encoded: str | None) -> bool:
        """Whether the password fits; never for None, after the same work."""
        fits = bool(await self._run(_hasher.verify, password[:LONGEST_TRIED], encoded or self._nobody))
        return fits and encoded is not None

    async def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: object, *arguments: str) -> object:
        if self._waiting >= WAITING_LIMIT:
            raise Unavailable("Too many sign-ins at once.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)  # type: ignore[arg-type]
        finally:
            self._waiting -= 1
