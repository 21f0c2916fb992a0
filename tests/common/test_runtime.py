"""A runtime's own loops: they end when the service ends, whatever a library makes of that."""

import asyncio

import pytest

from common.runtime import Background, Runtime
from common.settings import ServiceSettings
from common.testing import Harness, Infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def settings(infrastructure: Infrastructure, monkeypatch: pytest.MonkeyPatch) -> ServiceSettings:
    for name, value in Harness("debt", infrastructure).environment().items():
        monkeypatch.setenv(name, value)
    return ServiceSettings()


class Stubborn:
    """A loop that lets the first ``swallows`` cancellations pass, as ``asyncio.wait_for`` may."""

    def __init__(self, swallows: int) -> None:
        self.left = swallows

    async def run(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if self.left == 0:
                    raise
                self.left -= 1


class TestStop:
    @pytest.fixture(autouse=True)
    def _hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("common.runtime.CANCEL_SECONDS", 0.1)

    @pytest.mark.parametrize("swallows", [0, 1, 2])
    async def test_ends_a_loop_whose_library_swallows_cancellations(
        self, settings: ServiceSettings, swallows: int
    ) -> None:
        loop, runtime = Stubborn(swallows), Runtime(settings)
        async with asyncio.timeout(15), runtime.opened():
            await runtime.start(object(), {}, [Background("stubborn", loop.run)])
            await asyncio.sleep(0)
        assert loop.left == 0
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "stubborn"]

    async def test_leaves_a_loop_that_cannot_be_ended(self, settings: ServiceSettings) -> None:
        loop, runtime = Stubborn(50), Runtime(settings)
        async with asyncio.timeout(15), runtime.opened():
            await runtime.start(object(), {}, [Background("stubborn", loop.run)])
            await asyncio.sleep(0)
        stayed = [task for task in asyncio.all_tasks() if task.get_name() == "stubborn"]
        assert len(stayed) == 1
        loop.left = 0
        stayed[0].cancel()
        await asyncio.wait(stayed, timeout=5)
