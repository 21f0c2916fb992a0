"""Poison, and what becomes of it in the queues of the dead."""

import json
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity

from common.messaging.topology import EVENTS, dead_queue
from common.suite import SERVICES
from dev.prove.suite import ProvedSuite
from dev.prove.trade import House

TYPE = "product.created"
REFUSED = "Refused "


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that a service laid aside."""

    service: str
    attempts: int
    reason: str


class Poison:
    """Messages that nobody can handle, all of which bear one mark."""

    def __init__(self, suite: ProvedSuite, company_id: str, rng: random.Random) -> None:
        self.mark = f"poison-{secrets.token_hex(6)}"
        self._suite = suite
        self._company_id = company_id
        self._rng = rng
        self._sent = 0

    async def strange(self, count: int) -> None:
        """Send so many, of all kinds in turn: no JSON, no batch, a type that there is not, fields that do not fit."""
        if not count:
            return
        connection = await aio_pika.connect(self._suite.amqp)
        async with connection:
            channel = await connection.channel(publisher_confirms=True)
            exchange = await channel.get_exchange(EVENTS)
            for _ in range(count):
                message = aio_pika.Message(self._body(self._sent), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await exchange.publish(message, TYPE)
                self._sent += 1

    async def refused(self, house: House, count: int) -> None:
        """So many good events whose effect sales cannot store: their handler always fails."""
        money = {"amount": 500, "currency": house.currency}
        products = [
            {"sku": f"R-{secrets.token_hex(4)}", "name": f"{REFUSED}{self.mark}", "price": money} for _ in range(count)
        ]
        if products:
            await house.admin.post("/api/products/batch", {"products": products})

    @asynccontextmanager
    async def sales_refuses_some(self) -> AsyncIterator[None]:
        """Inside, the database of sales takes no copy of a product whose name begins so."""
        database = self._suite.database("sales")
        await database.command("collMod", "products", validator={"name": {"$not": {"$regex": f"^{REFUSED}"}}})
        try:
            yield
        finally:
            await database.command("collMod", "products", validator={})

    def is_failing(self, event: Any) -> bool:
        """Whether this dead event is one of those that only its handler could not take."""
        return (
            isinstance(event, dict) and self.mark in json.dumps(event.get("data")) and event.get("source") != "nobody"
        )

    def _body(self, number: int) -> bytes:
        event = {
            "specversion": "1.0", "id": f"evt_{self.mark}-{number}", "source": "nobody", "type": TYPE,
            "subject": f"prd_{self.mark}", "companyid": self._company_id, "data": {"productId": self.mark},
        }  # fmt: skip
        kinds = (
            b"\xff" + self.mark.encode(),
            json.dumps(event).encode(),
            json.dumps([event | {"type": "nonsense.happened"}]).encode(),
            json.dumps([event | {"data": {"price": self._rng.random()}}]).encode(),
        )
        return kinds[number % len(kinds)]


async def dead_letters(suite: ProvedSuite, mark: str) -> list[DeadLetter]:
    """What bears the mark, wherever it lies; it stays there."""
    return await _read(suite, mark, keep=True)


async def put_away(suite: ProvedSuite, mark: str) -> None:
    """What bears the mark is gone: it can never be handled."""
    await _read(suite, mark, keep=False)


async def _read(suite: ProvedSuite, mark: str, *, keep: bool) -> list[DeadLetter]:
    connection = await aio_pika.connect(suite.amqp)
    async with connection:
        found: list[DeadLetter] = []
        for service in SERVICES:
            channel = await connection.channel()
            try:
                queue = await channel.declare_queue(dead_queue(service), passive=True)
            except ChannelNotFoundEntity:
                continue
            while (message := await queue.get(fail=False)) is not None:
                is_ours = mark.encode() in message.body
                if is_ours:
                    headers = message.headers
                    attempts, reason = str(headers.get("x-attempt", 0)), str(headers.get("x-reason", ""))
                    found.append(DeadLetter(service, int(attempts), reason))
                if is_ours and not keep:
                    await message.ack()
            await channel.close()  # gives back what was only looked at
        return found
