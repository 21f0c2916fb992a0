"""Row 3: one SKU that everybody wants."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from pymongo import AsyncMongoClient

from dev.prove.guarantees.stock_counts import all_ended, shelves, sold_pieces, statuses
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge
from dev.prove.settling import settled as at_rest
from dev.prove.stage import Stage
from dev.prove.trade import CASH, House, Journal, Market, found

SHARE_OF_CAPACITY = 0.5
"""Of the orders a second that this machine ends when their goods are spread, so many come for the one."""

ANSWERED_SECONDS = 1.0
SETTLED_SECONDS = 10.0
WARMING = 80
SPREAD = 10
AT_ONCE = 8
CONNECTIONS = 50


@dataclass(slots=True)
class Crowd:
    """How long each buyer waited for the answer, in seconds."""

    waited: list[float] = field(default_factory=list)
    accepted: int = 0


@guarantee(
    3,
    "a hot SKU stays usable",
    "500 buyers of 250 units, half as many a second as are ended of spread goods: 250 sold, slowest 201 < 1 s, slowest "
    "settled < 10 s, beside bare conditional updates of the driver in the same run",
    kind=Kind.LONE,
)
async def hot_sku(stage: Stage) -> None:
    suite, buyers = stage.suite, stage.pick(80, 500)
    house = await found(suite, "hot", goods=1 + SPREAD, stock=buyers // 2)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    capacity = await _capacity(stage, market)
    floor = await _floor(stage, buyers)
    crowd = await _buy(stage, market, buyers, capacity * SHARE_OF_CAPACITY)
    await at_rest(stage, house, journal, 6 * SETTLED_SECONDS)
    settled = await _settled(stage, house)
    hot = house.goods[0].sku
    stage.count("buyers", buyers)
    stage.measure("orders of spread goods ended a second", capacity)
    stage.measure("slowest 201 (ms)", max(crowd.waited) * 1000)
    stage.measure("median 201 (ms)", sorted(crowd.waited)[len(crowd.waited) // 2] * 1000)
    stage.measure("slowest settled (ms)", max(settled) * 1000)
    stage.measure("floor: bare conditional updates, all (ms)", floor * 1000)
    stage.check("orders accepted", buyers, crowd.accepted)
    stage.check("pieces sold", buyers // 2, (await sold_pieces(suite, house))[hot])
    stage.check(
        "orders refused for want of stock", buyers - buyers // 2, (await statuses(suite, house))["out_of_stock"]
    )
    stage.check("left on hand and reserved", (0, 0), (await shelves(suite, house))[hot])
    stage.at_most("slowest 201 (s)", ANSWERED_SECONDS, max(crowd.waited))
    stage.at_most("slowest settled (s)", SETTLED_SECONDS, max(settled))
    await judge(stage, house, journal)
    await house.close()


async def _capacity(stage: Stage, market: Market) -> float:
    """Orders a second that are placed and ended when every buyer wants something else; warms the suite, too."""
    spread = cycle(market.house.goods[1:])
    baskets = iter([[(next(spread), 1)] for _ in range(WARMING)])

    async def client() -> None:
        for basket in baskets:
            await market.place(basket, CASH)

    began = time.monotonic()
    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    await all_ended(stage.suite, market.house, 6 * SETTLED_SECONDS)
    return WARMING / (time.monotonic() - began)


async def _buy(stage: Stage, market: Market, buyers: int, rate: float) -> Crowd:
    """Each buyer comes at a moment of chance, ``rate`` a second in the mean, and waits for nobody."""
    crowd, hot = Crowd(), market.house.goods[0]
    moments = sorted(stage.rng.uniform(0, buyers / rate) for _ in range(buyers))

    async def one(moment: float) -> None:
        await asyncio.sleep(moment)
        began = time.monotonic()
        order = await market.place([(hot, 1)], CASH)
        crowd.waited.append(time.monotonic() - began)
        crowd.accepted += order is not None

    await asyncio.gather(*(one(moment) for moment in moments))
    return crowd


async def _settled(stage: Stage, house: House) -> list[float]:
    """From each order's acceptance to its end, in seconds."""
    found = stage.suite.database("sales")["orders"].find({"companyId": house.company_id})
    return [
        ((order.get("confirmedAt") or order["cancelledAt"]) - order["createdAt"]).total_seconds()
        async for order in found
        if order.get("confirmedAt") or order.get("cancelledAt")
    ]


async def _floor(stage: Stage, buyers: int) -> float:
    """The least it can take: as many conditional updates of one document with the driver alone, in seconds."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(stage.suite.mongo_url, maxPoolSize=CONNECTIONS)
    database = client[f"{stage.suite.database('inventory').name}_proof_floor"]
    rows = database["floor"]
    try:
        await rows.insert_one({"_id": "hot", "onHand": buyers // 2, "reserved": 0})
        await asyncio.gather(*(client.admin.command("ping") for _ in range(CONNECTIONS)))
        free = {"_id": "hot", "$expr": {"$gte": [{"$subtract": ["$onHand", "$reserved"]}, 1]}}
        began = time.monotonic()
        done = await asyncio.gather(*(rows.update_one(free, {"$inc": {"reserved": 1}}) for _ in range(buyers)))
        stage.check("sold by bare conditional updates", buyers // 2, sum(each.modified_count for each in done))
        return time.monotonic() - began
    finally:
        await client.drop_database(database.name)
        await client.close()
