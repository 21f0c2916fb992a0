"""Watchers of the feed: each event once, in order, across falls, takeovers and poison; on the real servers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from pydantic import SecretStr
from pydantic_core import from_json, to_json
from pymongo import AsyncMongoClient

from common.clock import SystemClock
from common.context import CallContext
from common.errors import Unavailable
from common.events import EventData, seal
from common.events.tenancy import ShopCreated, ShopUpdated
from common.ids import new_id
from common.lease import Lease
from common.messaging.connection import BrokerConnection
from common.messaging.feed import FeedBatch, FeedWatcher
from common.messaging.positions import FeedPosition, FeedPositions, Fenced
from common.messaging.publisher import Publisher
from common.messaging.topology import EVENTS, FEED_PREFIX, dead_queue, declare_all
from common.mongo.client import open_database
from common.mongo.transactions import Session, transact
from common.testing import Infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEADLINE_SECONDS = 30


class Watch:
    """A watcher with a name of its own, and what it has taken of one company, each event keyed by its id."""

    def __init__(self, infrastructure: Infrastructure, feed: str) -> None:
        self.name = f"w{new_id('x')[-12:]}"
        self.company = new_id("cmp")
        self.feed = feed
        self.url = SecretStr(infrastructure.amqp_url)
        self.publishing = BrokerConnection(self.url, "test publishes")
        self.publisher = Publisher(self.publishing)
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(infrastructure.mongo_url, tz_aware=True)
        self.database = open_database(self.client, f"{infrastructure.database_prefix}feed")
        self.positions = FeedPositions(self.database)
        self.taken = self.database[self.name]
        self.deliveries: list[str] = []
        self.fences: list[int] = []
        self.obstacle: Callable[[Sequence[str]], Awaitable[None]] = _nothing

    def document(self, code: str) -> dict[str, Any]:
        data = ShopCreated(shop_id=f"shp_{code}", name="n", code=code, timezone="UTC")
        now = SystemClock().now()
        return seal(data, source="shop", company_id=self.company, sequence=1, now=now, call=CallContext())

    async def publish(self, *codes: str, together: bool = False) -> None:
        """Send events, each in a message of its own or all in one."""
        documents = [self.document(code) for code in codes]
        for part in [documents] if together else [[document] for document in documents]:
            await self.publisher.publish(ShopCreated.TYPE, part)

    async def take(self, batch: FeedBatch) -> None:
        """Store the codes and the position in one commit, unless the test puts something in the way."""
        mine = {each.event.id: each.event.data.code for each in batch.events if each.event.company_id == self.company}
        await self.obstacle(list(mine.values()))

        async def commit(session: Session) -> None:
            await self.positions.advance(self.name, batch.position, fence=batch.fence, session=session)
            known = {document["_id"] async for document in self.taken.find({}, session=session)}
            fresh = [{"_id": each, "code": code} for each, code in mine.items() if each not in known]
            if fresh:
                await self.taken.insert_many(fresh, session=session)

        await transact(self.client, commit)
        self.deliveries += mine.values()
        self.fences.append(batch.fence)

    @asynccontextmanager
    async def watching(
        self, *, alone: bool = True, wants: Sequence[type[EventData]] | None = None
    ) -> AsyncIterator[BrokerConnection]:
        """One copy of the watcher, on a connection of its own, until the block ends."""
        connection = BrokerConnection(self.url, "test watches")
        lease = Lease(self.database, self.name) if alone else None
        watcher = FeedWatcher(
            self.name, self.name, connection, self.publisher, self.take,
            positions=self.positions, lease=lease, wants=wants,
        )  # fmt: skip
        task = asyncio.create_task(watcher.run())
        try:
            yield connection
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await connection.close()

    async def codes(self) -> list[str]:
        return [document["code"] async for document in self.taken.find().sort("$natural", 1)]

    async def comes_to(self, *codes: str) -> None:
        """Wait until exactly these have been taken, in this order, and whoever took them has noted it."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while await self.codes() != list(codes) or not {*codes} <= {*self.deliveries}:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"took {await self.codes()}")

    async def dead(self) -> list[tuple[bytes, str]]:
        """Every dead letter and its reason, taken out of the dead queue."""
        connection = await aio_pika.connect(self.url.get_secret_value())
        async with connection, connection.channel() as channel:
            queue = await channel.get_queue(dead_queue(self.name))
            found = []
            while (message := await queue.get(fail=False)) is not None:
                await message.ack()
                found.append((message.body, str(message.headers["x-reason"])))
        return found

    async def send_raw(self, body: bytes, queue: str | None = None) -> None:
        connection = await aio_pika.connect(self.url.get_secret_value())
        async with connection, connection.channel() as channel:
            exchange = channel.default_exchange if queue else await channel.get_exchange(EVENTS)
            await exchange.publish(aio_pika.Message(body), queue or ShopCreated.TYPE)


async def _nothing(codes: Sequence[str]) -> None:
    return None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def feed(infrastructure: Infrastructure) -> str:
    return await declare_all(infrastructure.amqp_url, {})


@pytest_asyncio.fixture(loop_scope="module")
async def watch(infrastructure: Infrastructure, feed: str) -> AsyncIterator[Watch]:
    made = Watch(infrastructure, feed)
    yield made
    await made.publishing.close()
    await made.client.close()


class TestPosition:
    async def test_is_resumed_from_without_gap_or_repeat(self, watch: Watch) -> None:
        await watch.publish("A", "B")
        async with watch.watching():
            await watch.comes_to("A", "B")
        await watch.publish("C")
        async with watch.watching():
            await watch.comes_to("A", "B", "C")
        assert watch.deliveries == ["A", "B", "C"]

    async def test_of_another_epoch_means_reading_from_the_start(self, watch: Watch) -> None:
        await watch.publish("A", "B")
        await watch.positions.advance(watch.name, FeedPosition("of-a-lost-disk", 10**6))
        async with watch.watching():
            await watch.comes_to("A", "B")

    async def test_beyond_the_end_means_reading_from_the_start(
        self, watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("common.messaging.feed.FIRST_MESSAGE_SECONDS", 0.5)
        await watch.publish("A")
        await watch.positions.advance(watch.name, FeedPosition(watch.feed.removeprefix(FEED_PREFIX), 10**6))
        async with watch.watching():
            await watch.comes_to("A")
            await watch.publish("B")
            await watch.comes_to("A", "B")

    async def test_moves_only_for_the_latest_holder(self, watch: Watch) -> None:
        await watch.positions.advance(watch.name, FeedPosition("e", 5), fence=2)
        with pytest.raises(Fenced):
            await watch.positions.advance(watch.name, FeedPosition("e", 9), fence=1)

        async def commit(session: Session) -> None:
            await watch.positions.advance(watch.name, FeedPosition("e", 9), fence=1, session=session)

        with pytest.raises(Fenced):
            await transact(watch.client, commit)
        assert await watch.positions.load(watch.name, "e") == 5


class TestWants:
    async def test_all_else_is_passed_over_and_never_looked_at_again(self, watch: Watch) -> None:
        epoch = watch.feed.removeprefix(FEED_PREFIX)
        before = await watch.positions.load(watch.name, epoch)
        await watch.publish("A")
        async with watch.watching(wants=[ShopUpdated]):
            async with asyncio.timeout(DEADLINE_SECONDS):
                while (await watch.positions.load(watch.name, epoch) or 0) <= (before or 0):
                    await asyncio.sleep(0.02)
        assert watch.deliveries == []

    async def test_what_is_wanted_comes(self, watch: Watch) -> None:
        await watch.publish("A")
        async with watch.watching(wants=[ShopUpdated, ShopCreated]):
            await watch.comes_to("A")


class TestBroker:
    async def test_may_drop_the_connection(self, watch: Watch) -> None:
        await watch.publish("A")
        async with watch.watching() as connection:
            await watch.comes_to("A")
            await connection.close()
            await watch.publish("B")
            await watch.comes_to("A", "B")

    async def test_delivers_what_was_sent_twice_with_effect_once(self, watch: Watch) -> None:
        document = watch.document("A")
        for _ in range(2):
            await watch.publisher.publish(ShopCreated.TYPE, [document])
        await watch.publish("B")
        async with watch.watching():
            await watch.comes_to("A", "B")


class TestCopies:
    async def test_one_reads_until_it_stops_then_another(self, watch: Watch) -> None:
        async with watch.watching():
            await watch.publish("A")
            await watch.comes_to("A")
            async with watch.watching():
                await watch.publish("B")
                await watch.comes_to("A", "B")
                assert set(watch.fences) == {1}
        async with watch.watching(), watch.watching():
            await watch.publish("C")
            await watch.comes_to("A", "B", "C")
        assert watch.deliveries == ["A", "B", "C"]
        assert sorted(watch.fences) == watch.fences
        assert watch.fences[-1] > 1

    async def test_one_that_was_overtaken_writes_nothing(self, watch: Watch) -> None:
        held, released = asyncio.Event(), asyncio.Event()

        async def stall(codes: Sequence[str]) -> None:
            held.set()
            await released.wait()

        await watch.publish("A")
        watch.obstacle = stall
        async with watch.watching():
            await held.wait()
            watch.obstacle = _nothing
            await watch.database["leases"].update_one({"_id": watch.name}, [{"$set": {"until": "$$NOW"}}])
            async with watch.watching():
                await watch.comes_to("A")
                released.set()
                await watch.publish("B")
                await watch.comes_to("A", "B")
        assert watch.deliveries == ["A", "B"]


class TestPoison:
    @pytest.fixture(autouse=True)
    def quickly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("common.messaging.feed.LONGEST_PAUSE_SECONDS", 0.01)

    async def test_is_set_aside_with_its_reason_and_the_rest_goes_on(self, watch: Watch) -> None:
        async def refuse(codes: Sequence[str]) -> None:
            if "BAD" in codes:
                raise ValueError("cannot be taken")

        watch.obstacle = refuse
        await watch.publish("A", "BAD", "B", together=True)
        async with watch.watching():
            await watch.comes_to("A", "B")
            ((body, reason),) = await watch.dead()
            assert (from_json(body)[0]["data"]["code"], reason) == ("BAD", "ValueError('cannot be taken')")
            watch.obstacle = _nothing
            await watch.send_raw(body, watch.name)
            await watch.comes_to("A", "B", "BAD")
            await watch.publish("C")
            await watch.comes_to("A", "B", "BAD", "C")

    async def test_is_not_met_again_after_a_restart(self, watch: Watch) -> None:
        async def refuse(codes: Sequence[str]) -> None:
            if "BAD" in codes:
                raise ValueError("cannot be taken")

        watch.obstacle = refuse
        await watch.publish("A", "BAD")
        async with watch.watching():
            await watch.comes_to("A")
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not await watch.dead():
                    await asyncio.sleep(0.05)
            await watch.send_raw(b"unreadable, and the last of the feed")
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not await watch.dead():
                    await asyncio.sleep(0.05)
        async with watch.watching():
            await watch.publish("B")
            await watch.comes_to("A", "B")
        assert await watch.dead() == []

    async def test_among_others_loses_none_when_the_reader_falls_midway(self, watch: Watch) -> None:
        reached = asyncio.Event()

        async def fall(codes: Sequence[str]) -> None:
            if len(codes) > 1:
                raise ValueError("one of these is bad")
            if codes == ["B"]:
                reached.set()
                await asyncio.Event().wait()

        watch.obstacle = fall
        await watch.publish("A", "B", "C", together=True)
        async with watch.watching():
            await reached.wait()
        watch.obstacle = _nothing
        async with watch.watching():
            await watch.comes_to("A", "B", "C")

    async def test_that_cannot_be_read_is_set_aside_alone(self, watch: Watch) -> None:
        unknown = {**watch.document("X"), "type": "moon.landed"}
        body = to_json([watch.document("A"), unknown, watch.document("B")])
        async with watch.watching(alone=False):
            await watch.send_raw(b"not json")
            await watch.send_raw(body)
            await watch.comes_to("A", "B")
        dead = dict(await watch.dead())
        assert dead[to_json([unknown])] == "UnknownEvent('moon.landed')"
        assert b"not json" in dead

    async def test_is_not_what_failed_because_something_was_away(self, watch: Watch) -> None:
        tries = 0

        async def be_away(codes: Sequence[str]) -> None:
            nonlocal tries
            tries += 1 if codes else 0
            if codes and tries < 20:
                raise Unavailable("not now")

        watch.obstacle = be_away
        await watch.publish("A")
        async with watch.watching():
            await watch.comes_to("A")
        assert tries == 20
