"""A service's clock follows the database's, so that a deadline that one writes is kept by the others."""

from datetime import UTC, datetime, timedelta

import pytest

from common.clock import SystemClock
from common.mongo.client import CODEC
from common.runtime import Runtime
from common.settings import ServiceSettings
from common.testing import Harness, Infrastructure

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
WELL_WITHIN = timedelta(seconds=5)


class TestFollow:
    @pytest.mark.parametrize("offset", [-600, -1, 1, 600])
    def test_takes_the_time_that_it_is_told(self, offset: int) -> None:
        clock, right = SystemClock(offset), SystemClock(0)
        moved = clock.follow(right.now(), clock.now(), clock.now())
        assert abs(moved + offset) < 0.2
        assert abs((clock.now() - right.now()).total_seconds()) < 0.2

    def test_leaves_itself_alone_where_the_answer_lies_between(self) -> None:
        clock = SystemClock(0)
        slow = timedelta(seconds=30)
        assert clock.follow(NOW, NOW - slow, NOW + slow) == 0.0

    @pytest.mark.parametrize("milliseconds", [-250, -1, 0, 1, 250])
    def test_leaves_small_differences(self, milliseconds: int) -> None:
        told = NOW + timedelta(milliseconds=milliseconds)
        assert SystemClock(0).follow(told, NOW, NOW) == 0.0


@pytest.mark.asyncio
class TestRuntime:
    @pytest.mark.parametrize("offset", ["-600", "600"])
    async def test_goes_by_the_database_from_its_start(
        self, infrastructure: Infrastructure, monkeypatch: pytest.MonkeyPatch, offset: str
    ) -> None:
        async with _runtime("debt", infrastructure, monkeypatch, offset).opened() as runtime:
            told = await _database_time(runtime)
            assert abs(runtime.clock.now() - told) < WELL_WITHIN

    async def test_is_the_machines_own_where_tokens_are_made(
        self, infrastructure: Infrastructure, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with _runtime("auth", infrastructure, monkeypatch, "600").opened() as runtime:
            told = await _database_time(runtime)
            assert runtime.clock.now() - told > timedelta(seconds=600) - WELL_WITHIN


async def _database_time(runtime: Runtime) -> datetime:
    told = await runtime.client.admin.command("hello", codec_options=CODEC)
    moment: datetime = told["localTime"]
    return moment


def _runtime(name: str, infrastructure: Infrastructure, monkeypatch: pytest.MonkeyPatch, offset: str) -> Runtime:
    for variable, value in Harness(name, infrastructure).environment().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("MARKETHALL_CLOCK_OFFSET_SECONDS", offset)
    return Runtime(ServiceSettings())
