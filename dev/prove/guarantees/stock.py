"""Rows about goods that several want at once: 1 and 2."""

import asyncio
import secrets

from dev.prove.guarantees.stock_counts import never_below, shelves, sold_pieces, statuses
from dev.prove.guarantees.stock_pressed import presses
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import CASH, Good, House, Journal, Market, found

BUYERS = 50
UNITS = 10
COPIES = 3
PRESSES = 3
ENDED_SECONDS = 60.0


@guarantee(
    1,
    "no oversell",
    "50 buyers of 10 units, at once over warm connections, 100 rounds over three copies of inventory: "
    "10 sold each time, never below 0",
    kind=Kind.ROUGH,
)
async def no_oversell(stage: Stage) -> None:
    suite, rounds = stage.suite, stage.pick(3, 60)
    await suite.reconfigure("inventory", copies=COPIES)
    house = await found(suite, "rush", goods=rounds + 1, stock=UNITS)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    async with never_below(suite, house) as below:
        await _rush(market, house.goods[0])  # every connection and copy is warm from here on
        for number, good in enumerate(house.goods[1:], 1):
            stage.progress("rounds through the gateway", number, rounds)
            await (_rush(market, good) if number % 2 else _rush_held_back(stage, market, good))
        await settled(stage, house, journal, ENDED_SECONDS)
    sold, left = await sold_pieces(suite, house), await shelves(suite, house)
    skus = [good.sku for good in house.goods]
    stage.count("rounds through the gateway", len(skus))
    stage.count("orders", len(skus) * BUYERS)
    stage.count("changes of stock followed", below.changes)
    stage.none("rounds that sold another number than 10", [(sku, sold[sku]) for sku in skus if sold[sku] != UNITS])
    stage.none("goods with something left or reserved", [(sku, left[sku]) for sku in skus if left[sku] != (0, 0)])
    stage.none("moments at which a row was below 0", below.found)
    await judge(stage, house, journal)
    await _pressed(stage)
    await house.close()


async def _rush(market: Market, good: Good) -> None:
    await asyncio.gather(*(market.place([(good, 1)], CASH) for _ in range(BUYERS)))


async def _rush_held_back(stage: Stage, market: Market, good: Good) -> None:
    """Every copy is frozen until all the orders wait for it: they are let go together."""
    frozen = [await stage.suite.freeze(each["name"]) for each in await stage.suite.processes("inventory")]
    try:
        await _rush(market, good)
    finally:
        for pid in frozen:
            stage.suite.thaw(pid)


async def _pressed(stage: Stage) -> None:
    """The same through the stock functions alone, from processes that begin at one instant."""
    suite, rounds = stage.suite, stage.pick(8, 40)
    house = await found(suite, "press", goods=rounds, stock=UNITS)
    async with presses(suite, house, PRESSES) as pressed:
        for number, good in enumerate(house.goods, 1):
            stage.progress("rounds through the stock functions", number, rounds)
            orders = [f"ord_{secrets.token_hex(10)}" for _ in range(BUYERS)]
            await pressed.reserve(good.sku, orders, pieces=1, rng=stage.rng)
        held = {row["_id"]: row async for row in pressed.database["stock"].find()}
        states = [each["state"] async for each in pressed.database["reservations"].find({}, {"state": 1})]
    stage.count("rounds through the stock functions", rounds)
    wrong = [row["sku"] for row in held.values() if (row["reserved"], len(row["holds"])) != (UNITS, UNITS)]
    stage.none("goods of which another number than 10 is held", wrong)
    stage.check("reservations held of all rounds", rounds * UNITS, states.count("held"))
    stage.check("reservations refused", rounds * (BUYERS - UNITS), states.count("failed"))
    await house.close()


@guarantee(
    2,
    "one piece on two lines",
    "orders with the same SKU on two lines, several at once beside orders of one piece: what is sold was there",
)
async def one_piece_on_two_lines(stage: Stage) -> None:
    suite, rounds = stage.suite, stage.pick(4, 60)
    house = await found(suite, "twice", goods=3 * rounds, stock=1)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    alone, beside, apart = (house.goods[start::3] for start in range(3))
    await _second_warehouse(house, apart)
    async with never_below(suite, house) as below:
        for number in range(rounds):
            stage.progress("rounds", number, rounds)
            await asyncio.gather(
                *(_twice(market, alone[number]) for _ in range(2)),
                *(_twice(market, beside[number]) for _ in range(3)),
                *(market.place([(beside[number], 1)], CASH) for _ in range(2)),
                *(_twice(market, apart[number]) for _ in range(3)),
            )
        await settled(stage, house, journal, ENDED_SECONDS)
    sold = await sold_pieces(suite, house)
    stage.count("orders", sum((await statuses(suite, house)).values()))
    stage.none("sold of one piece, asked for twice in one order", [g.sku for g in alone if sold[g.sku]])
    stage.none(
        "not sold once of one piece, beside orders of one", [(g.sku, sold[g.sku]) for g in beside if sold[g.sku] != 1]
    )
    stage.none(
        "not sold once from two warehouses with a piece each", [(g.sku, sold[g.sku]) for g in apart if sold[g.sku] != 2]
    )
    stage.none("moments at which a row was below 0", below.found)
    stage.none(
        "pieces still reserved", [sku for sku, (_, reserved) in (await shelves(suite, house)).items() if reserved]
    )
    await judge(stage, house, journal)
    await house.close()


async def _twice(market: Market, good: Good) -> None:
    await market.place([(good, 1), (good, 1)], CASH)


async def _second_warehouse(house: House, goods: list[Good]) -> None:
    """One more piece of each of these goods, in another place."""
    place = await house.admin.post("/api/inventory/v1/warehouses", {"name": "Far", "code": "FAR", "priority": 20})
    rows = [{"warehouseId": place["id"], "sku": good.sku, "delta": 1, "reason": "opening"} for good in goods]
    await house.admin.post("/api/inventory/v1/adjustments/batch", {"adjustments": rows})
