"""A loop on the broker ends when it is stopped, and for no other reason."""

import asyncio

import pytest

from common.messaging.connection import keep_running

pytestmark = pytest.mark.asyncio


class Work:
    """Fails once in a given way, then goes on for ever."""

    def __init__(self, failure: BaseException) -> None:
        self._failures = [failure]
        self.goes_on = asyncio.Event()

    async def __call__(self) -> None:
        if self._failures:
            raise self._failures.pop()
        self.goes_on.set()
        await asyncio.Event().wait()


class TestKeepRunning:
    @pytest.mark.parametrize("failure", [ConnectionError("gone"), TimeoutError(), asyncio.CancelledError()])
    async def test_runs_again_after_what_the_broker_did(self, failure: BaseException) -> None:
        work = Work(failure)
        running = asyncio.create_task(keep_running("work", work))
        async with asyncio.timeout(5):
            await work.goes_on.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
