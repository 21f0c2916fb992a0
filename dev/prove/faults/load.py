"""Orders that keep coming while something falls, and how long it takes until they go through again."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from pymongo.errors import PyMongoError

from dev.prove.checker.records import WAITING
from dev.prove.faults.falling import mostly_paid
from dev.prove.stage import Stage
from dev.prove.trade import CARD, Market

CHUNK = 8
MOST_WAITING = 24
"""No more orders while so many wait: the load is what the machine can take, however slow it is today."""

PROBE_SECONDS = 120.0
POLL_SECONDS = 0.05


@asynccontextmanager
async def under_load(stage: Stage, market: Market, *, at_once: int) -> AsyncIterator[None]:
    """Orders keep coming inside, as fast as they are worked on; on the way out the last of them are answered."""
    is_over = asyncio.Event()

    async def trade() -> None:
        while not is_over.is_set():
            if await _waiting(stage, market) > MOST_WAITING:
                await asyncio.sleep(POLL_SECONDS)
            else:
                await market.trade(CHUNK, at_once=at_once, rng=stage.rng, payment=mostly_paid)

    trading = asyncio.create_task(trade())
    try:
        yield
    finally:
        is_over.set()
        await trading


async def _waiting(stage: Stage, market: Market) -> int:
    criteria = {"companyId": market.house.company_id, "status": {"$in": list(WAITING)}}
    try:
        return await stage.suite.database("sales")["orders"].count_documents(criteria)
    except PyMongoError:
        return 0


async def seconds_until_ended(stage: Stage, market: Market) -> float:
    """How long an order that is placed now takes until it is confirmed or cancelled."""
    began = time.monotonic()
    order = await market.place([(stage.rng.choice(market.house.goods), 1)], CARD)
    if order is None:
        return PROBE_SECONDS
    orders = stage.suite.database("sales")["orders"]

    async def is_there() -> bool:
        found = await orders.find_one({"_id": order["id"]}, {"status": 1})
        return found is not None and found["status"] not in WAITING

    await _until(is_there)
    return time.monotonic() - began


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    until = time.monotonic() + PROBE_SECONDS
    while time.monotonic() < until:
        with suppress(PyMongoError):  # the database itself may be what is on its way back
            if await holds():
                return
        await asyncio.sleep(POLL_SECONDS)
