"""A binding that is gone is noticed before it is mended, and what it missed is handled; on a real broker."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from common.clock import SystemClock
from common.context import CallContext
from common.events import Envelope, EventData, seal
from common.events.tenancy import ShopCreated, ShopUpdated
from common.ids import new_id
from common.lease import Lease
from common.messaging.bindings import BindingWatch, BrokerView, Unseen
from common.messaging.connection import BrokerConnection
from common.messaging.consumer import Deliver, QueueConsumer
from common.messaging.gaps import GapFiller
from common.messaging.publisher import Publisher
from common.messaging.topology import EVENTS, declare_all, declare_service_queue
from common.mongo.client import open_database
from common.testing import Infrastructure

pytestmark = pytest.mark.asyncio

SERVICE = "inventory"
DEADLINE_SECONDS = 30
TYPES = [ShopCreated.TYPE, ShopUpdated.TYPE]


class Bench:
    """A service's queue, its watch, and what its handlers were handed."""

    def __init__(self, infrastructure: Infrastructure) -> None:
        self.url = SecretStr(infrastructure.amqp_url)
        self.publishing, self.consuming = (
            BrokerConnection(self.url, "publishes"),
            BrokerConnection(self.url, "consumes"),
        )
        self.publisher = Publisher(self.publishing)
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(infrastructure.mongo_url, tz_aware=True)
        self.database = open_database(self.client, f"{infrastructure.database_prefix}{new_id('b')[-8:]}")
        self.view = BrokerView(self._management(), self.url)
        self.watch = BindingWatch(self.view, self.database, SERVICE, timedelta(minutes=10))
        self.heard: set[str] = set()
        handlers: dict[type[EventData], Deliver] = {ShopCreated: self.handle, ShopUpdated: self.handle}
        self.consumer = QueueConsumer(SERVICE, self.consuming, self.publisher, handlers, watch=self.watch)

    def _management(self) -> str:
        parts = urlsplit(os.environ["MARKETHALL_TEST_AMQP_MANAGEMENT_URL"])
        return f"{parts.scheme}://{parts.hostname}:{parts.port}"

    async def handle(self, event: Envelope[Any]) -> None:
        self.heard.add(event.id)

    async def publish(self, model: type[ShopCreated] | type[ShopUpdated]) -> str:
        data = model(shop_id=new_id("shp"), name="n", code="c", timezone="UTC")
        now = SystemClock().now()
        document = seal(data, source="shop", company_id="cmp_1", sequence=1, now=now, call=CallContext())
        await self.publisher.publish(model.TYPE, [document])
        return str(document["id"])

    async def hears(self, *ids: str) -> None:
        """Raises TimeoutError when one of them does not reach the handlers."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not self.heard >= set(ids):
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def consuming_events(self) -> AsyncIterator[None]:
        lease = Lease(self.database, "gaps")
        filler = GapFiller(self.watch, self.consuming, lease, self.consumer.take)
        tasks = [asyncio.create_task(self.consumer.run()), asyncio.create_task(filler.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look_and_declare(self) -> None:
        """As the consumer does, at a moment that the test chooses."""
        bound = await self.watch.look()
        channel = await self.consuming.channel(confirms=False)
        await declare_service_queue(channel, SERVICE, {*TYPES} - bound)
        await channel.close()
        await self.watch.declared(TYPES)

    async def unbind(self, event_type: str) -> None:
        channel = await self.consuming.channel(confirms=False)
        await (await channel.get_queue(SERVICE)).unbind(EVENTS, event_type)
        await channel.close()

    async def delete_queue(self) -> None:
        channel = await self.consuming.channel(confirms=False)
        await channel.queue_delete(SERVICE)
        await channel.close()

    async def close(self) -> None:
        await self.view.close()
        await self.publishing.close()
        await self.consuming.close()
        await self.client.close()


@pytest_asyncio.fixture
async def bench(infrastructure: Infrastructure) -> AsyncIterator[Bench]:
    await declare_all(infrastructure.amqp_url, {SERVICE: TYPES})
    made = Bench(infrastructure)
    yield made
    await made.close()


async def test_a_removed_binding_is_noticed_bound_again_and_its_gap_filled(bench: Bench) -> None:
    async with bench.consuming_events():
        await bench.hears(await bench.publish(ShopCreated))
        await bench.unbind(ShopCreated.TYPE)
        missed, other = await bench.publish(ShopCreated), await bench.publish(ShopUpdated)
        await bench.hears(missed, other)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await bench.watch.gaps():
                await asyncio.sleep(0.02)
        await bench.hears(await bench.publish(ShopCreated))


async def test_a_binding_removed_right_behind_a_look_is_noticed_by_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.messaging.consumer.BINDING_CHECK_SECONDS", 0.5)
    look, missed = bench.watch.look, list[str]()

    async def look_and_lose() -> frozenset[str]:
        seen = await look()
        if not missed:
            await bench.unbind(ShopCreated.TYPE)
            missed.append(await bench.publish(ShopCreated))
        return seen

    monkeypatch.setattr(bench.watch, "look", look_and_lose)
    await bench.look_and_declare()
    async with bench.consuming_events():
        await bench.hears(*missed)


async def test_a_gap_outlives_the_process_that_found_it(bench: Bench) -> None:
    await bench.look_and_declare()
    await bench.unbind(ShopCreated.TYPE)
    missed = await bench.publish(ShopCreated)
    await bench.look_and_declare()
    [gap] = await bench.watch.gaps()
    assert gap.types == (ShopCreated.TYPE,)
    async with bench.consuming_events():
        await bench.hears(missed)


async def test_a_deleted_queue_is_read_again_from_before_it_was_last_seen(bench: Bench) -> None:
    await bench.look_and_declare()
    waiting = await bench.publish(ShopCreated)
    await bench.delete_queue()
    await bench.look_and_declare()
    [gap] = await bench.watch.gaps()
    assert gap.since < SystemClock().now() - timedelta(minutes=9)
    async with bench.consuming_events():
        await bench.hears(waiting)


async def test_a_type_that_is_handled_for_the_first_time_is_no_gap(bench: Bench) -> None:
    await bench.watch.look()
    await bench.watch.declared([ShopUpdated.TYPE])
    await bench.unbind(ShopCreated.TYPE)
    await bench.look_and_declare()
    assert await bench.watch.gaps() == []


async def test_who_cannot_look_says_so(bench: Bench) -> None:
    view = BrokerView("http://127.0.0.1:9", bench.url)
    with pytest.raises(Unseen):
        await view.bound(SERVICE)
    await view.close()
    assert (await bench.view.bound("nobody")).types is None
