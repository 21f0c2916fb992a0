"""The driver's lock outlives callers that are cancelled while a server is away."""

import asyncio
from contextlib import suppress

from pymongo.asynchronous import topology
from pymongo.lock import Condition, Lock

from common.mongo.waiting import make_waits_safe

SECONDS = 10.0


class TestCancelled:
    async def test_a_caller_cancelled_after_its_deadline_leaves_the_lock_free(self) -> None:
        make_waits_safe()
        lock = Lock()
        condition = Condition(lock)

        async def wait_for_a_server() -> None:
            async with lock:
                await topology._async_cond_wait(condition, 0.01)  # type: ignore[attr-defined]

        waiting = asyncio.create_task(wait_for_a_server())
        async with asyncio.timeout(SECONDS):
            while not condition._waiters:
                await asyncio.sleep(0)
            async with lock:
                while not lock._waiters:  # its time is over, and it wants the lock back, which others have
                    await asyncio.sleep(0)
                waiting.cancel()
                await asyncio.sleep(0)
            with suppress(asyncio.CancelledError):
                await waiting
            async with lock:
                assert lock.locked()

    async def test_a_deadline_that_passes_says_so(self) -> None:
        make_waits_safe()
        lock = Lock()
        condition = Condition(lock)
        async with lock:
            assert await topology._async_cond_wait(condition, 0.01) is False  # type: ignore[attr-defined]
            assert lock.locked()
        assert not lock.locked()
