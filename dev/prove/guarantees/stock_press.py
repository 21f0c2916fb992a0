"""One of several processes that reserve the same goods at the same instant, through the stock functions themselves.

Run by row 1 over a database of its own, from the source that inventory runs from. It is told on standard input what
to reserve and when to begin, and answers each line with one when all of it has been decided.
"""

import asyncio
import json
import sys
import time
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from pymongo import AsyncMongoClient

from common.clock import SystemClock
from common.context import CallContext
from common.errors import ComeBackLater, VersionConflict
from common.events import Envelope, seal, unseal
from common.events.orders import OrderCreated
from common.events.parts import OrderLine
from common.messaging.connection import BrokerConnection
from common.messaging.publisher import Publisher
from common.money import Money
from common.mongo.store import Ground
from common.outbox import Outbox
from services.inventory.clients import Neighbours
from services.inventory.service.announcing import Announcing
from services.inventory.service.knowing import Knowing
from services.inventory.service.reserving import Reserving
from services.inventory.service.shelving import Shelving
from services.inventory.store import Companies, Reservations, Skus, Stock, Warehouses
from services.inventory.store.reservations import GUARD_MS, LEASE_MS

CONNECTIONS = 25
NOTHING = Money.zero("EUR")


class Nobody(Neighbours):
    """Everything is known beforehand."""

    def __init__(self) -> None:
        """Asks nobody."""


def reserving(client: AsyncMongoClient[dict[str, Any]], database: str) -> Reserving:
    """Inventory's own use case on that database; its events stay in the outboxes."""
    clock = SystemClock()
    publisher = Publisher(BrokerConnection(SecretStr(""), "nothing is published"))
    ground = Ground(client, client[database], Outbox(client[database], publisher, clock, "inventory"), clock)
    warehouses, stock = Warehouses(ground), Stock(ground)
    skus, companies = Skus(ground.database), Companies(ground.database)
    shelving = Shelving(warehouses, stock, skus, Knowing(skus, companies, Nobody()), clock)
    return Reserving(warehouses, stock, Reservations(ground), Announcing(stock), shelving, clock)


def created(company_id: str, order_id: str, sku: str, pieces: int) -> Envelope[Any]:
    """The event of an order of ``pieces`` of one SKU."""
    now = SystemClock().now()
    line = OrderLine(
        id="lin_1", product_id="prd_1", sku=sku, name=sku, quantity=pieces, unit_price=NOTHING, total=NOTHING
    )
    data = OrderCreated(
        order_id=order_id, number=order_id, channel="web", lines=[line], total=NOTHING, placed_at=now,
        deadline_at=now + timedelta(hours=1),
    )  # fmt: skip
    return unseal(seal(data, source="sales", company_id=company_id, sequence=1, now=now, call=CallContext()))


async def decide(use_case: Reserving, company_id: str, event: Envelope[Any]) -> None:
    """Deliver the event again, as the queue does, where a slow machine let a lease run out in the middle."""
    while True:
        try:
            return await use_case.reserve(company_id, event)
        except (VersionConflict, ComeBackLater):
            await asyncio.sleep((LEASE_MS + GUARD_MS) / 1000)


async def press(mongo_url: str, database: str, company_id: str) -> None:
    """Decide what each line of standard input asks for, until it ends."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongo_url, tz_aware=True, maxPoolSize=CONNECTIONS)
    use_case = reserving(client, database)
    await asyncio.gather(*(client[database].command("ping") for _ in range(CONNECTIONS)))
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        events = [created(company_id, order_id, asked["sku"], asked["pieces"]) for order_id in asked["orders"]]
        await asyncio.sleep(max(asked["at"] - time.time(), 0))
        await asyncio.gather(*(decide(use_case, company_id, event) for event in events))
        print("done", flush=True)
    await client.close()


if __name__ == "__main__":
    asyncio.run(press(*sys.argv[1:4]))
