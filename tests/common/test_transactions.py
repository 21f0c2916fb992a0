"""Transactions that run out of time leave nothing locked behind them; on the real MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError

from common.ids import new_id
from common.mongo import transactions
from common.mongo.transactions import Session, transact
from common.testing import Infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="module")

Client = AsyncMongoClient[dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(infrastructure: Infrastructure) -> AsyncIterator[Client]:
    client: Client = AsyncMongoClient(infrastructure.mongo_url)
    yield client
    await client.close()


@pytest_asyncio.fixture(loop_scope="module")
async def counter(client: Client, infrastructure: Infrastructure) -> AsyncCollection[dict[str, Any]]:
    counters = client[f"{infrastructure.database_prefix}transactions"][new_id("c")]
    await counters.insert_one({"_id": 1, "count": 0})
    return counters


async def test_one_that_ran_out_of_time_does_not_hold_up_the_next(
    client: Client, counter: AsyncCollection[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "DEADLINE_SECONDS", 1.0)

    async def count(session: Session) -> None:
        await counter.update_one({"_id": 1}, {"$inc": {"count": 1}}, session=session)

    async def dawdle(session: Session) -> None:
        await count(session)
        await asyncio.sleep(1.1)
        await counter.find_one({"_id": 1}, session=session)

    with pytest.raises(PyMongoError) as ended:
        await transact(client, dawdle)
    assert ended.value.timeout
    async with client.start_session() as somebody:  # who gets the session that was given back
        await counter.find_one({"_id": 1}, session=somebody)
        await transact(client, count)
    assert await counter.find_one({"_id": 1}) == {"_id": 1, "count": 1}
