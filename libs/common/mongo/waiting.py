"""The driver's wait on its own locks, made safe to cancel on Python 3.11.

While a server is away, callers wait on a condition with a deadline. The driver waits with ``asyncio.wait_for``,
which before Python 3.12 does so in a task of its own. Whoever is cancelled in the moment after that deadline leaves
before this task has taken the lock back; it then takes it for nobody, and the client never finds a server again:
measured, a service that stayed silent after mongod had been killed under load.
"""

import asyncio
import sys

from pymongo.asynchronous import pool, topology
from pymongo.lock import Condition


async def wait_on(condition: Condition, timeout: float | None) -> bool:
    """Waits in the caller's own task, which holds the lock again however it ends. False when the time is over."""
    try:
        async with asyncio.timeout(timeout):
            return await condition.wait()
    except TimeoutError:
        return False


def make_waits_safe() -> None:
    """Give the driver this way of waiting where its own is not safe."""
    if sys.version_info < (3, 12):
        for module in (pool, topology):
            module._async_cond_wait = wait_on  # type: ignore[attr-defined]
