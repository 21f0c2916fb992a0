"""Rollups as they lie in the database, and the company that is not known yet."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI, Response

from common.clock import monotonic_seconds
from common.ids import new_id
from common.messaging.feed import FeedBatch
from common.messaging.positions import FeedPosition, FeedPositions, Fenced
from common.testing import Harness, Infrastructure
from services.analytics.domain import Region, sold
from services.analytics.store import Counted, Rollups
from tests.analytics.conftest import DEADLINE_SECONDS, NOON, confirmed, dashboard, gbp, line

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINES = [line(f"P{number}", 2) for number in range(27)]


@pytest.fixture
def rollups(analytics: Harness) -> Rollups:
    """Rollups in a database that no watcher writes to."""
    database = analytics.runtime.client[f"{analytics.runtime.database.name}_apart"]
    return Rollups(analytics.runtime.client, database, FeedPositions(database))


def orders(count: int) -> list[Counted]:
    region = Region(new_id("cmp"), "UTC", "GBP")
    return [(new_id("evt"), region, sold(region, NOON, None, LINES[0].total, LINES)) for _ in range(count)]


class TestAdd:
    async def test_makes_few_documents_of_many_orders_each_once(self, rollups: Rollups) -> None:
        counted = orders(200)
        batch = FeedBatch([], FeedPosition("e", 1), fence=1)
        assert await rollups.add(batch, counted[:150], NOON) == 150
        assert await rollups.add(batch, counted, NOON) == 50
        mine = {"companyId": counted[0][1].company_id}
        assert await rollups._products.count_documents({**mine, "units": 400, "revenue": 40_000}) == 27
        days = await rollups._days.find(mine).to_list()
        assert [(day["orders"], day["units"], day["revenue"]) for day in days] == [(200, 10_800, 40_000)]

    async def test_writes_nothing_for_whoever_was_overtaken(self, rollups: Rollups) -> None:
        await rollups.add(FeedBatch([], FeedPosition("e", 2), fence=2), [], NOON)
        counted = orders(1)
        with pytest.raises(Fenced):
            await rollups.add(FeedBatch([], FeedPosition("e", 3), fence=1), counted, NOON)
        assert await rollups._days.find_one({"companyId": counted[0][1].company_id}) is None
        assert await rollups._inbox.find_one({"_id": counted[0][0]}) is None
        assert await rollups._positions.load("analytics", "e") == 2


class CompanyDesk:
    """Answers as the company service does, once it is open."""

    def __init__(self) -> None:
        self.is_open = False
        self.asked = 0
        self.app = FastAPI()
        self.app.get("/internal/companies/{company_id}")(self.tell)

    async def tell(self, company_id: str, response: Response) -> dict[str, object]:
        self.asked += 1
        if not self.is_open:
            response.status_code = 503
            return {}
        return {"id": company_id, "timezone": "Pacific/Auckland", "currency": "GBP", "sequence": 1}

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(self.app, log_level="error", lifespan="off"))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            server.should_exit = True
            await serving


class TestUnknownCompany:
    @pytest_asyncio.fixture(loop_scope="module")
    async def elsewhere(self, infrastructure: Infrastructure) -> Infrastructure:
        prefix = f"{infrastructure.database_prefix}u_"
        return Infrastructure(infrastructure.mongo_url, infrastructure.amqp_url, prefix)

    async def test_is_asked_for_and_waited_for(self, elsewhere: Infrastructure) -> None:
        desk, company_id = CompanyDesk(), new_id("cmp")
        async with (
            desk.served() as url,
            Harness("analytics", elsewhere, MARKETHALL_SERVICE_URL_TEMPLATE=url) as harness,
        ):
            await harness.publish(confirmed(line("A", 2)), company_id)
            deadline = monotonic_seconds() + DEADLINE_SECONDS
            while desk.asked < 2:
                assert monotonic_seconds() < deadline
                await asyncio.sleep(0.02)
            desk.is_open = True
            shown = await dashboard(harness, company_id, lambda shown: shown["orders"] == 1)
        assert (shown["revenue"], shown["timezone"]) == (gbp(200), "Pacific/Auckland")
        assert [day["date"] for day in shown["byDay"]] == ["2011-01-05"]
