"""Floors of selling: the conditional updates, confirmed publishes and consumes of an order, and nothing else.

An order of two lines is seven events and twelve document writes (DESIGN.md). Events leave in batches of what is
due, as the suite's relay sends them; consumers take batches and write in bulk.
"""

import asyncio
import secrets
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from pydantic_core import from_json, to_json
from pymongo import AsyncMongoClient, InsertOne, UpdateOne

from bench.floors import reading
from bench.floors.apart import cost
from bench.ground import Ground

ORDERS = 600
RATE = 60.0
WRITES, EVENTS = 12, 7
SALE_WRITES, SALE_EVENTS = 8, 4
ACTING = 5
LINGER_SECONDS = 0.05
CARTS = 2_000
AT_ONCE = 8


async def cart(ground: Ground) -> float:
    """One product read, one cart changed under a condition, behind a forwarded request."""
    return await cost(ground, "bench.floors.selling:fill_carts", address=ground.suite.mongo_url) + await _hop(ground)


async def order(ground: Ground) -> float:
    """An order's writes and events, at sixty a second, behind a forwarded request."""
    told = {"address": ground.suite.mongo_url, "broker": ground.suite.amqp}
    return await cost(ground, "bench.floors.selling:settle", writes=WRITES, events=EVENTS, **told) + await _hop(ground)


async def sale(ground: Ground) -> float:
    """A till sale's writes and events: it is paid and handed over at once."""
    told = {"address": ground.suite.mongo_url, "broker": ground.suite.amqp}
    return await cost(
        ground, "bench.floors.selling:settle", writes=SALE_WRITES, events=SALE_EVENTS, **told
    ) + await _hop(ground)


async def _hop(ground: Ground) -> float:
    return await reading.forwarded(ground)


async def fill_carts(address: str) -> int:
    """Reads one product and changes one cart, again and again."""
    async with AsyncMongoClient[dict[str, Any]](address) as client:
        database = client[f"floor_{secrets.token_hex(4)}"]
        await database["products"].insert_many([{"_id": n, "price": 100, "name": "x" * 60} for n in range(400)])
        await database["carts"].insert_many([{"_id": n, "version": 0, "items": []} for n in range(AT_ONCE)])

        async def fill(number: int) -> None:
            for step in range(CARTS // AT_ONCE):
                await database["products"].find_one({"_id": step % 400})
                change = {"$set": {"items": [{"p": step, "q": 1}]}, "$inc": {"version": 1}}
                await database["carts"].update_one({"_id": number, "version": step}, change)

        await asyncio.gather(*(fill(number) for number in range(AT_ONCE)))
        await client.drop_database(database)
    return CARTS


async def settle(address: str, broker: str, writes: int, events: int, at_once: int = 1) -> int:
    """``ORDERS`` at ``RATE`` a second: each with its writes, its events, and everybody who takes them.

    ``at_once``: so many come together, and are written in bulk; how many times that happened is returned.
    """
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(address, w="majority")
    async with client, await aio_pika.connect(broker) as connection:
        floor = _Floor(client, connection, writes, events, at_once)
        await floor.open()
        try:
            await floor.run()
        finally:
            await floor.close()
    return ORDERS // at_once


class _Floor:
    def __init__(self, client: Any, connection: Any, writes: int, events: int, at_once: int) -> None:
        self._client = client
        self._connection = connection
        self._writes = writes
        self._events = events
        self._at_once = at_once
        self._name = f"floor_{secrets.token_hex(4)}"
        self._database = client[self._name]
        self._due: list[dict[str, Any]] = []
        self._taken = 0
        self._all_taken = asyncio.Event()

    async def open(self) -> None:
        """An exchange, a queue for each of those who act, a stream for those who watch."""
        channel = await self._connection.channel(publisher_confirms=True)
        self._exchange = await channel.declare_exchange(self._name, "fanout", durable=True)
        self._queues = []
        for number in range(ACTING):
            reader = await self._connection.channel()
            await reader.set_qos(prefetch_count=64)
            arguments = {"x-queue-type": "quorum"}
            queue = await reader.declare_queue(f"{self._name}.{number}", durable=True, arguments=arguments)
            await queue.bind(self._exchange)
            await queue.consume(self._act)
            self._queues.append(queue)
        watcher = await self._connection.channel()
        await watcher.set_qos(prefetch_count=200)
        stream = await watcher.declare_queue(self._name, durable=True, arguments={"x-queue-type": "stream"})
        await stream.bind(self._exchange)
        await stream.consume(self._watch, arguments={"x-stream-offset": "first"})
        self._queues.append(stream)
        await self._database["stock"].insert_many([{"_id": n, "available": 10**9} for n in range(400)])

    async def run(self) -> None:
        """The orders at their rate, the relay beside them; returns when everything has been taken."""
        relay = asyncio.create_task(self._relay())
        async with asyncio.TaskGroup() as group:
            for first in range(0, ORDERS, self._at_once):
                numbers = range(first, first + self._at_once)
                group.create_task(self._order(first) if self._at_once == 1 else self._orders(numbers))
                await asyncio.sleep(self._at_once / RATE)
        async with asyncio.timeout(60):
            await self._all_taken.wait()
        relay.cancel()

    async def close(self) -> None:
        """Leaves nothing behind."""
        for queue in self._queues:
            await queue.delete(if_unused=False, if_empty=False)
        await self._exchange.delete()
        await self._client.drop_database(self._name)

    async def _order(self, number: int) -> None:
        orders, stock = self._database["orders"], self._database["stock"]
        events = [{"id": f"{number}.{n}", "subject": number, "data": "x" * 400} for n in range(self._events)]
        await orders.insert_one({"_id": number, "status": 0, "body": "x" * 800, "outbox": events[:1]})
        lines = [{"_id": (number + n) % 400, "available": {"$gte": 1}} for n in (0, 7)]
        await stock.bulk_write([UpdateOne(line, {"$inc": {"available": -1}}) for line in lines], ordered=False)
        for step in range(self._writes - 3):
            await orders.update_one({"_id": number, "status": step}, {"$set": {"status": step + 1}})
        self._due += events

    async def _orders(self, numbers: range) -> None:
        orders, stock = self._database["orders"], self._database["stock"]
        events = {
            n: [{"id": f"{n}.{k}", "subject": n, "data": "x" * 400} for k in range(self._events)] for n in numbers
        }
        await orders.insert_many([{"_id": n, "status": 0, "body": "x" * 800, "outbox": events[n][:1]} for n in numbers])
        lines = [{"_id": (n + k) % 400, "available": {"$gte": 1}} for n in numbers for k in (0, 7)]
        await stock.bulk_write([UpdateOne(line, {"$inc": {"available": -1}}) for line in lines], ordered=False)
        for step in range(self._writes - 3):
            changes = [UpdateOne({"_id": n, "status": step}, {"$set": {"status": step + 1}}) for n in numbers]
            await orders.bulk_write(changes, ordered=False)
        self._due += [event for caused in events.values() for event in caused]

    async def _relay(self) -> None:
        while True:
            await asyncio.sleep(LINGER_SECONDS)
            due, self._due = self._due, []
            if due:
                message = aio_pika.Message(to_json(due), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await self._exchange.publish(message, "")
                await self._keep("sent", due)

    async def _keep(self, collection: str, events: list[dict[str, Any]]) -> None:
        kept = [InsertOne({"_id": event["id"], "event": event}) for event in events]
        await self._database[collection].bulk_write(kept, ordered=False)

    async def _act(self, message: AbstractIncomingMessage) -> None:
        from_json(message.body)
        await message.ack()

    async def _watch(self, message: AbstractIncomingMessage) -> None:
        events = from_json(message.body)
        await self._keep("log", events)
        await message.ack()
        self._taken += len(events)
        if self._taken == ORDERS * self._events:
            self._all_taken.set()
