"""An empty broker in the place of one that lost its disk: what went to the old one comes again, once."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import pytest
import pytest_asyncio
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from common.clock import SystemClock
from common.context import CallContext
from common.events import Envelope, EventData, seal
from common.events.tenancy import ShopCreated, ShopUpdated
from common.ids import new_id
from common.messaging.connection import BrokerConnection
from common.messaging.consumer import Deliver, QueueConsumer
from common.messaging.publisher import Publisher
from common.messaging.topology import declare_all
from common.mongo.client import open_database
from common.resending import Resender, in_layers
from common.testing import Infrastructure

SERVICE = "inventory"
WINDOW = timedelta(hours=1)
DEADLINE_SECONDS = 30
TYPES = {SERVICE: [ShopCreated.TYPE, ShopUpdated.TYPE]}


class Producer:
    """A service that has sent events, and the consumer of a service that handles them."""

    def __init__(self, infrastructure: Infrastructure) -> None:
        self.infrastructure = infrastructure
        url = SecretStr(infrastructure.amqp_url)
        self.publishing, self.consuming = BrokerConnection(url, "publishes"), BrokerConnection(url, "consumes")
        self.publisher = Publisher(self.publishing)
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(infrastructure.mongo_url, tz_aware=True)
        self.database = open_database(self.client, f"{infrastructure.database_prefix}{new_id('r')[-8:]}")
        self.sent = self.database["sent_events"]
        self.heard: list[str] = []

    def resender(self) -> Resender:
        return Resender(self.database, self.publisher, SystemClock(), WINDOW)

    async def has_sent(self, *shops: str, at: datetime | None = None) -> list[str]:
        """What is told of each shop, as the relay keeps it once the broker has confirmed it; the ids in order."""
        now = at or SystemClock().now()
        made = [
            seal(model(shop_id=shop, name="n", code="c", timezone="UTC"), source="shop", company_id="cmp_1",
                 sequence=number, now=now, call=CallContext())
            for number, model in enumerate((ShopCreated, ShopUpdated), 1) for shop in shops
        ]  # fmt: skip
        await self.sent.insert_many([{"_id": each["id"], "sentAt": now, "event": each} for each in made])
        return [each["id"] for each in made]

    async def broker_loses_its_disk(self) -> None:
        """The virtual host is gone with everything in it; an empty one is provisioned in its place."""
        management = os.environ["MARKETHALL_TEST_AMQP_MANAGEMENT_URL"]
        parts = urlsplit(self.infrastructure.amqp_url)
        user, name = parts.username or "guest", parts.path[1:]
        async with httpx2.AsyncClient(base_url=management, auth=(user, parts.password or "guest"), timeout=30) as api:
            (await api.delete(f"/api/vhosts/{name}")).raise_for_status()
            (await api.put(f"/api/vhosts/{name}")).raise_for_status()
            everything = {"configure": ".*", "write": ".*", "read": ".*"}
            (await api.put(f"/api/permissions/{name}/{quote(user)}", json=everything)).raise_for_status()
        await declare_all(self.infrastructure.amqp_url, TYPES)

    async def hears(self, count: int) -> list[str]:
        """The ids that reach the consumer, ``count`` at least, until its queue is empty."""
        self.heard.clear()

        async def handle(event: Envelope[Any]) -> None:
            self.heard.append(event.id)

        handlers: dict[type[EventData], Deliver] = {ShopCreated: handle, ShopUpdated: handle}
        consumer = QueueConsumer(SERVICE, self.consuming, self.publisher, handlers)
        task = asyncio.create_task(consumer.run())
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while len(self.heard) < count or await self.publisher.depth(SERVICE):
                    await asyncio.sleep(0.05)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return self.heard

    async def close(self) -> None:
        await self.publishing.close()
        await self.consuming.close()
        await self.client.close()


@pytest_asyncio.fixture
async def producer(infrastructure: Infrastructure) -> AsyncIterator[Producer]:
    await declare_all(infrastructure.amqp_url, TYPES)
    made = Producer(infrastructure)
    yield made
    await made.close()


@pytest.mark.asyncio
class TestLook:
    async def test_sends_nothing_to_the_broker_it_has_sent_to(self, producer: Producer) -> None:
        resender = producer.resender()
        await resender.look()
        await producer.has_sent("shp_1")
        await resender.look()
        await producer.resender().look()
        marker = await producer.has_sent("shp_marker")
        event = await producer.sent.find_one({"_id": marker[0]})
        assert event is not None
        await producer.publisher.publish(ShopCreated.TYPE, [event["event"]])
        assert await producer.hears(1) == [marker[0]]

    async def test_sends_again_what_an_empty_broker_never_had_and_only_once(self, producer: Producer) -> None:
        resender = producer.resender()
        await resender.look()
        ids = await producer.has_sent(*(f"shp_{number}" for number in range(300)))
        await producer.has_sent("shp_old", at=SystemClock().now() - 3 * WINDOW)
        await producer.broker_loses_its_disk()
        async with asyncio.timeout(DEADLINE_SECONDS):
            while producer.publisher.epoch is not None:  # the fall is told by the connection
                await asyncio.sleep(0.05)
        await resender.look()
        await producer.resender().look()
        assert sorted(await producer.hears(len(ids))) == sorted(ids)

    async def test_goes_on_where_a_copy_fell(self, producer: Producer) -> None:
        await producer.resender().look()
        now = SystemClock().now()
        await producer.has_sent("shp_before", at=now - timedelta(minutes=9))
        ids = await producer.has_sent("shp_after", at=now - timedelta(minutes=5))
        known = await producer.database["feed_epochs"].find_one({})
        assert known is not None
        begun = {"epoch": known["epoch"], "after": now - timedelta(minutes=7), "until": None}
        fallen = {"$set": {"epoch": "another", "resending": begun}}
        await producer.database["feed_epochs"].update_one({"_id": known["_id"]}, fallen)
        await producer.resender().look()
        assert sorted(await producer.hears(2)) == sorted(ids)

    async def test_a_database_older_than_this_record_is_served_too(self, producer: Producer) -> None:
        ids = await producer.has_sent("shp_1", at=SystemClock().now() - timedelta(minutes=1))
        await producer.resender().look()
        assert sorted(await producer.hears(2)) == sorted(ids)


def test_an_aggregates_next_type_stands_in_a_later_layer() -> None:
    told = [("a", "x"), ("b", "x"), ("a", "x"), ("a", "y"), ("b", "y"), ("a", "x"), ("c", "y")]
    events = [{"subject": subject, "type": kind, "n": n} for n, (subject, kind) in enumerate(told)]
    layers = [{kind: [each["n"] for each in batch] for kind, batch in layer.items()} for layer in in_layers(events)]
    assert layers == [{"x": [0, 1, 2], "y": [6]}, {"y": [3, 4]}, {"x": [5]}]
