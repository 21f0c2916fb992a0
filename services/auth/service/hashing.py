"""Argon2id in a bounded thread pool: a hash takes tens of milliseconds of one core.

Whoever waits for a thread takes turns with those who call from elsewhere: a flood from one address waits for itself.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from passlib.hash import argon2
from prometheus_client import Counter

from common import context
from common.errors import Unavailable
from common.line import Line

MEMORY_KIB = 19_456
ROUNDS = 2
PARALLELISM = 1
"""The floor of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane."""

WAITING_LIMIT = 200
WAITING_SECONDS = 8.0
LONGEST_TRIED = 1024
HASHING_NICENESS = 5
"""A third of a processor that others want, all of one that nobody does: a flood of sign-ins slows nobody else much."""

_hasher = argon2.using(type="ID", memory_cost=MEMORY_KIB, time_cost=ROUNDS, parallelism=PARALLELISM)
Result = TypeVar("Result")

_hashed = Counter("markethall_password_hashes_total", "Passwords hashed, to store or to compare: most of auth's work")


class PasswordHasher:
    """Hashes and verifies, so many at once and no more, addresses in turn; who waits too long is told so, and the
    loop never waits."""

    def __init__(
        self, threads: int, waiting_limit: int = WAITING_LIMIT, waiting_seconds: float = WAITING_SECONDS
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2", initializer=_give_way)
        self._threads = threads
        self._waiting_seconds = waiting_seconds
        self._line: Line[asyncio.Future[bool]] = Line(waiting_limit)
        self._under_way = 0
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
        try:
            async with asyncio.timeout(self._waiting_seconds):
                await self._turn(context.current().client_ip or "")
                try:
                    _hashed.inc()
                    return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
                finally:
                    self._under_way -= 1
                    self._call_next()
        except TimeoutError as error:
            raise _busy() from error

    async def _turn(self, address: str) -> None:
        """Returns with a thread of one's own; whoever keeps others waiting least is next. Raises Unavailable."""
        if self._under_way < self._threads:
            self._under_way += 1
            return
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        displaced = self._line.join(address, "", turn)
        if displaced is not None and not displaced.done():
            displaced.set_result(False)
        try:
            if not await turn:
                raise _busy()
        except asyncio.CancelledError:
            self._line.leave(address, "", turn)
            if not turn.cancelled() and turn.result():
                self._under_way -= 1
                self._call_next()
            raise

    def _call_next(self) -> None:
        turn = self._line.next() if self._under_way < self._threads else None
        if turn is None:
            return
        if turn.done():
            self._call_next()
            return
        self._under_way += 1
        turn.set_result(True)


def _give_way() -> None:
    """A thread that hashes comes after those that answer: on Linux each has a niceness of its own."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        behind = os.getpriority(os.PRIO_PROCESS, os.getpid()) + HASHING_NICENESS
        os.setpriority(os.PRIO_PROCESS, thread, behind)


def _busy() -> Unavailable:
    return Unavailable("Too many sign-ins at once.")
