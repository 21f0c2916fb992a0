"""Events leave once committed, arrive once in effect, and poison is set aside; on the real servers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from pydantic import SecretStr
from pydantic_core import from_json
from pymongo import AsyncMongoClient

from common.aggregate import Aggregate
from common.clock import SystemClock
from common.context import CallContext
from common.errors import ComeBackLater
from common.events import Envelope, seal
from common.events.tenancy import ShopCreated
from common.ids import new_id
from common.inbox import Inbox
from common.messaging.connection import BrokerConnection
from common.messaging.consumer import QueueConsumer
from common.messaging.publisher import Publisher
from common.messaging.topology import dead_queue, declare_all
from common.mongo.client import open_database
from common.mongo.store import Ground, Store
from common.outbox import Outbox
from common.testing import Infrastructure, Listener

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVICE = "inventory"
DEADLINE_SECONDS = 30


class Bench:
    """A publisher, an outbox and a database, as a service has them."""

    def __init__(self, infrastructure: Infrastructure) -> None:
        self.url = SecretStr(infrastructure.amqp_url)
        self.connection = BrokerConnection(self.url, "test publishes")
        self.consuming = BrokerConnection(self.url, "test consumes")
        self.publisher = Publisher(self.connection)
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(infrastructure.mongo_url, tz_aware=True)
        self.database = open_database(self.client, f"{infrastructure.database_prefix}messaging")
        self.outbox = Outbox(self.database, self.publisher, SystemClock(), "shop")
        self.inbox = Inbox(self.client, self.database, SystemClock())

    def sealed(self, shop_id: str | None = None, sequence: int = 0) -> dict[str, Any]:
        data = ShopCreated(shop_id=shop_id or new_id("shp"), name="n", code="c", timezone="UTC")
        now = SystemClock().now()
        return seal(data, source="shop", company_id="cmp_1", sequence=sequence, now=now, call=CallContext())

    async def close(self) -> None:
        await self.connection.close()
        await self.consuming.close()
        await self.client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(infrastructure: Infrastructure) -> AsyncIterator[Bench]:
    await declare_all(infrastructure.amqp_url, {SERVICE: [ShopCreated.TYPE]})
    made = Bench(infrastructure)
    yield made
    await made.close()


async def consume(
    bench: Bench, handler: Callable[[Envelope[Any]], Awaitable[None]], done: Callable[[], Awaitable[bool]]
) -> None:
    """Run a consumer until ``done`` says so."""
    consumer = QueueConsumer(SERVICE, bench.consuming, bench.publisher, {ShopCreated: handler})
    task = asyncio.create_task(consumer.run())
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not await done():
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Thing(Aggregate):
    """Something that changes."""


class Things(Store[Thing]):
    """The collection ``things``."""

    COLLECTION = "things"
    MODEL = Thing


class TestOutbox:
    async def test_sends_what_a_crash_left_behind_and_empties_the_document(
        self, bench: Bench, infrastructure: Infrastructure
    ) -> None:
        document, shops = bench.sealed(), bench.database["shops"]
        long_ago = SystemClock().now().replace(year=2020)
        await shops.insert_one({"_id": "shp_1", "outbox": [document], "pendingAt": long_ago})
        bench.outbox.watch("shops")
        async with Listener(infrastructure.amqp_url) as listener:
            relay = asyncio.create_task(bench.outbox.run())
            await listener.wait_for("shop.created", lambda event: event.id == document["id"])
            async with asyncio.timeout(DEADLINE_SECONDS):
                while await shops.find_one({"_id": "shp_1", "pendingAt": {"$exists": True}}):
                    await asyncio.sleep(0.02)
        relay.cancel()
        stored = await shops.find_one({"_id": "shp_1"})
        assert stored is not None
        assert stored["outbox"] == []
        assert await bench.database["sent_events"].find_one({"_id": document["id"]})

    async def test_keeps_the_order_of_one_aggregate(self, bench: Bench, infrastructure: Infrastructure) -> None:
        documents = [bench.sealed("shp_order", sequence) for sequence in range(1, 40)]
        async with Listener(infrastructure.amqp_url) as listener:
            relay = asyncio.create_task(bench.outbox.run())
            for document in documents:
                bench.outbox.offer("shops", "shp_order", [document])
                await asyncio.sleep(0)
            heard = await listener.wait_for("shop.created", lambda e: e.subject == "shp_order", count=len(documents))
        relay.cancel()
        assert [event.sequence for event in heard] == list(range(1, 40))


class TestOutboxOfAFallenCopy:
    async def test_leaves_before_what_another_copy_saves_after_it(
        self, bench: Bench, infrastructure: Infrastructure
    ) -> None:
        fallen, going_on = (Outbox(bench.database, bench.publisher, SystemClock(), "shop") for _ in range(2))
        things, taken_over = (
            Things(Ground(bench.client, bench.database, outbox, SystemClock())).for_company("cmp_1")
            for outbox in (fallen, going_on)
        )
        now = SystemClock().now()
        thing = Thing(id=new_id("shp"), company_id="cmp_1", created_at=now, updated_at=now)
        thing.record(ShopCreated(shop_id=thing.id, name="first", code="c", timezone="UTC"))
        await things.insert(thing)  # its relay never runs
        same = await taken_over.get(thing.id)
        same.record(ShopCreated(shop_id=thing.id, name="second", code="c", timezone="UTC"))
        async with Listener(infrastructure.amqp_url) as listener:
            relay = asyncio.create_task(going_on.run())
            await taken_over.save(same)
            heard = await listener.wait_for("shop.created", lambda e: e.subject == thing.id, count=2)
        relay.cancel()
        assert [event.data.name for event in heard] == ["first", "second"]

    async def test_is_not_sent_again_for_each_save(self, bench: Bench, infrastructure: Infrastructure) -> None:
        first, second, third = (bench.sealed("shp_once", sequence) for sequence in (1, 2, 3))
        async with Listener(infrastructure.amqp_url) as listener:
            relay = asyncio.create_task(bench.outbox.run())
            bench.outbox.offer("shops", "shp_once", [first])
            await listener.wait_for("shop.created", lambda e: e.id == first["id"])
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not await bench.database["sent_events"].find_one({"_id": first["id"]}):
                    await asyncio.sleep(0.02)
            bench.outbox.offer("shops", "shp_once", [first, second])  # read before its removal had arrived
            bench.outbox.offer("shops", "shp_once", [third])
            await listener.wait_for("shop.created", lambda e: e.id == third["id"])
            heard = [e.sequence for e in listener.heard if e.subject == "shp_once"]
        relay.cancel()
        assert heard == [1, 2, 3]


class TestConsumer:
    async def test_an_event_delivered_three_times_takes_effect_once(self, bench: Bench) -> None:
        document = bench.sealed()
        for _ in range(3):
            await bench.publisher.publish(ShopCreated.TYPE, [document])
        seen = 0

        async def handle(event: Envelope[Any]) -> None:
            nonlocal seen
            seen += event.id == document["id"]

            async def count(session: Any) -> None:
                change = {"$inc": {"times": 1}}
                await bench.database["effects"].update_one({"_id": event.id}, change, upsert=True, session=session)

            await bench.inbox.once(event.id, count)

        async def done() -> bool:
            return seen == 3

        await consume(bench, handle, done)
        effect = await bench.database["effects"].find_one({"_id": document["id"]})
        assert effect is not None
        assert effect["times"] == 1

    async def test_what_came_too_early_is_tried_again(self, bench: Bench) -> None:
        document = bench.sealed()
        await bench.publisher.publish(ShopCreated.TYPE, [document])
        tries: list[str] = []

        async def handle(event: Envelope[Any]) -> None:
            if event.id == document["id"]:
                tries.append(event.id)
                if len(tries) < 3:
                    raise ComeBackLater("not yet")

        async def done() -> bool:
            return len(tries) == 3

        await consume(bench, handle, done)
        assert len(tries) == 3

    async def test_poison_waits_in_the_dead_queue_with_its_reason_and_harms_no_other(
        self, bench: Bench, infrastructure: Infrastructure, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from common.messaging import consumer

        monkeypatch.setattr(consumer, "RETRY_DELAYS_SECONDS", (1, 1, 1))
        poison, good = bench.sealed(), [bench.sealed() for _ in range(20)]
        await bench.publisher.publish(ShopCreated.TYPE, [*good[:10], poison, *good[10:]])
        handled: set[str] = set()
        tries = 0

        async def handle(event: Envelope[Any]) -> None:
            nonlocal tries
            if event.id == poison["id"]:
                tries += 1
                raise ValueError("cannot be understood")
            handled.add(event.id)

        connection = await aio_pika.connect(infrastructure.amqp_url)
        dead = await (await connection.channel()).get_queue(dead_queue(SERVICE))
        found: list[aio_pika.abc.AbstractIncomingMessage] = []

        async def done() -> bool:
            message = await dead.get(no_ack=True, fail=False)
            found.extend([message] if message else [])
            return bool(found)

        await consume(bench, handle, done)
        await connection.close()
        assert tries == consumer.TRIES
        assert handled >= {document["id"] for document in good}
        assert from_json(found[0].body)[0]["id"] == poison["id"]
        assert "cannot be understood" in str(found[0].headers["x-reason"])

    async def test_what_is_no_event_at_all_is_set_aside_too(
        self, bench: Bench, infrastructure: Infrastructure, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.messaging.consumer.TRIES", 1)
        strange = [b"\xff", b'{"no": "batch"}', b"[1]", b'[{"id": "evt_1"}]']
        for body in strange:
            await bench.publisher.send("markethall.return", SERVICE, body, {"x-attempt": "often"})
        connection = await aio_pika.connect(infrastructure.amqp_url)
        dead = await (await connection.channel()).get_queue(dead_queue(SERVICE))
        found: set[bytes] = set()

        async def handle(event: Envelope[Any]) -> None:
            raise ValueError("nothing to handle")

        async def done() -> bool:
            message = await dead.get(no_ack=True, fail=False)
            found.update([message.body] if message else [])
            return len(found) == len(strange)

        await consume(bench, handle, done)
        await connection.close()
        assert b"[1]" in found

    async def test_comes_back_when_the_broker_has_ended_it(self, bench: Bench, infrastructure: Infrastructure) -> None:
        document = bench.sealed()
        handled: list[str] = []

        async def handle(event: Envelope[Any]) -> None:
            handled.append(event.id)

        consumer = QueueConsumer(SERVICE, bench.consuming, bench.publisher, {ShopCreated: handle})
        task = asyncio.create_task(consumer.run())
        connection = await aio_pika.connect(infrastructure.amqp_url)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not consumer.is_consuming:
                await asyncio.sleep(0.02)
            await (await connection.channel()).queue_delete(SERVICE)
            while consumer.is_consuming:
                await asyncio.sleep(0.02)
            while not consumer.is_consuming:
                await asyncio.sleep(0.02)
            await bench.publisher.publish(ShopCreated.TYPE, [document])
            while document["id"] not in handled:
                await asyncio.sleep(0.02)
        await connection.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert handled.count(document["id"]) == 1
