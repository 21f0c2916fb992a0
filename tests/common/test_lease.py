"""One holder at a time, by the database's clock; on the real MongoDB."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from common.ids import new_id
from common.lease import Lease, NotHolder
from common.testing import Infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="module")

Database = AsyncDatabase[dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(infrastructure: Infrastructure) -> AsyncIterator[Database]:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(infrastructure.mongo_url)
    yield client[f"{infrastructure.database_prefix}lease"]
    await client.close()


@pytest.fixture
def name() -> str:
    return new_id("lse")


async def hold(lease: Lease, entered: asyncio.Event) -> None:
    """Hold a lease until stopped."""
    async with lease.held():
        entered.set()
        await asyncio.Event().wait()


class Deaf:
    """The real collection through a driver that swallows every cancellation, as the real one does now and then."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.asked = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def update_one(self, *arguments: Any, **options: Any) -> Any:
        self.asked.set()
        update = asyncio.create_task(self._real.update_one(*arguments, **options))
        while not update.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({update})
        return update.result()


class TestHeld:
    async def test_keeps_others_out(self, database: Database, name: str) -> None:
        async with Lease(database, name).held():
            with pytest.raises(NotHolder):
                async with Lease(database, name).held():
                    pytest.fail("two holders")
        async with Lease(database, new_id("lse")).held():
            pass

    async def test_numbers_each_holder_higher(self, database: Database, name: str) -> None:
        fences = []
        for _ in range(3):
            async with Lease(database, name).held() as fence:
                fences.append(fence)
        assert fences == [1, 2, 3]

    async def test_has_one_winner_among_many(self, database: Database, name: str) -> None:
        over = asyncio.Event()

        async def contend() -> bool:
            try:
                async with Lease(database, name).held():
                    await over.wait()
                    return True
            except NotHolder:
                return False

        contenders = [asyncio.create_task(contend()) for _ in range(20)]
        async with asyncio.timeout(10):
            while sum(task.done() for task in contenders) < 19:
                await asyncio.sleep(0.01)
        over.set()
        assert sum(await asyncio.gather(*contenders)) == 1

    async def test_is_taken_over_once_its_time_has_run_out(self, database: Database, name: str) -> None:
        entered = asyncio.Event()
        dead = asyncio.create_task(hold(Lease(database, name), entered))
        await entered.wait()
        await database["leases"].update_one({"_id": name}, {"$set": {"until": datetime(2020, 1, 1, tzinfo=UTC)}})
        async with Lease(database, name).held() as fence:
            assert fence == 2
        dead.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dead

    async def test_stops_the_work_of_whoever_lost_it(
        self, database: Database, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.lease.RENEW_SECONDS", 0.05)
        entered = asyncio.Event()
        work = asyncio.create_task(hold(Lease(database, name), entered))
        await entered.wait()
        await database["leases"].update_one({"_id": name}, {"$set": {"holder": "another"}, "$inc": {"fence": 1}})
        async with asyncio.timeout(10):
            with pytest.raises(NotHolder):
                await work
        stored = await database["leases"].find_one({"_id": name})
        assert stored is not None
        assert stored["holder"] == "another", "what is another's is not released"

    async def test_leaves_no_stop_behind_where_the_work_swallowed_it(
        self, database: Database, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.lease.RENEW_SECONDS", 0.05)
        entered = asyncio.Event()

        async def deaf_work() -> int:
            with pytest.raises(ConnectionError):
                async with Lease(database, name).held():
                    entered.set()
                    try:
                        await asyncio.Event().wait()
                    except asyncio.CancelledError:
                        raise ConnectionError("as the driver puts it") from None
            task = asyncio.current_task()
            assert task is not None
            return task.cancelling()

        work = asyncio.create_task(deaf_work())
        await entered.wait()
        await database["leases"].update_one({"_id": name}, {"$set": {"holder": "another"}, "$inc": {"fence": 1}})
        async with asyncio.timeout(10):
            assert await work == 0

    async def test_is_renewed_while_the_work_goes_on(
        self, database: Database, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.lease.RENEW_SECONDS", 0.05)
        async with Lease(database, name).held():
            first = await database["leases"].find_one({"_id": name})
            assert first is not None
            assert first["by"] == {"host": socket.gethostname(), "pid": os.getpid()}
            async with asyncio.timeout(10):
                while not await database["leases"].find_one({"_id": name, "until": {"$gt": first["until"]}}):
                    await asyncio.sleep(0.02)

    async def test_is_free_at_once_when_the_holder_is_stopped(self, database: Database, name: str) -> None:
        entered = asyncio.Event()
        work = asyncio.create_task(hold(Lease(database, name), entered))
        await entered.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        async with Lease(database, name).held() as fence:
            assert fence == 2

    async def test_is_not_renewed_by_whoever_has_left(
        self, database: Database, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.lease.RENEW_SECONDS", 0)
        lease = Lease(database, name)
        deaf = Deaf(lease._collection)
        monkeypatch.setattr(lease, "_collection", deaf)
        async with asyncio.timeout(10):
            async with lease.held():
                deaf.asked.clear()
                await deaf.asked.wait()
            while [task for task in asyncio.all_tasks() if task.get_name() == f"lease {name}"]:
                await asyncio.sleep(0.02)
