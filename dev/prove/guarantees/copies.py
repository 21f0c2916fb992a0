"""Row 30: several copies of what sells, and each timer once."""

import asyncio
import time
from collections import Counter
from datetime import datetime
from typing import Any

from dev.prove.faults.falling import Falls, mostly_paid
from dev.prove.faults.points import Point, Points, standing
from dev.prove.guarantees.orders_deadline import deadline_of, place_unpaid
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import House, Journal, Market, found

SERVICES = ("sales", "inventory", "payment")
COPIES = 3
AT_ONCE = 12
ENDED_SECONDS = 60.0
DEADLINE_SECONDS = 5
SWEEP_SECONDS = 1.1
"""A little more than the pause between two looks of a copy."""
BEFORE_ENDING = Point(
    "overdue",
    "services/sales/service/sweeper.py",
    "        overdue = await self._orders.overdue(now, BATCH)",
    "after",
    '__import__("os").getpid()',
    when="overdue",
    does="fall_asleep",
)
"""A copy that has found overdue orders sleeps until the others have found them, too."""


@guarantee(
    30,
    "many copies",
    "3 copies of sales, inventory and payment, killed by chance while orders are placed: every accepted order ends, no "
    "event lost or doubled, each deadline passes once",
    kind=Kind.ROUGH,
)
async def many_copies(stage: Stage) -> None:
    suite, orders = stage.suite, stage.pick(45, 900)
    await asyncio.gather(*(suite.reconfigure(service, copies=COPIES) for service in SERVICES if service != "sales"))
    async with standing(stage, ("sales",), [BEFORE_ENDING], copies=COPIES) as points:
        await _sell_and_expire(stage, points, orders)


async def _sell_and_expire(stage: Stage, points: Points, orders: int) -> None:
    suite = stage.suite
    traded = await found(suite, "copies", goods=8, stock=20 * orders, customers=2)
    timed = await found(suite, "timers", goods=2, stock=1000)
    journals = [Journal(stage.folder / f"{house.slug}.jsonl") for house in (traded, timed)]
    market, falls = Market(traded, journals[0]), Falls(stage, _victims(stage), orders)
    stage.count("orders", orders)
    await asyncio.gather(
        market.trade(orders, at_once=AT_ONCE, rng=stage.rng, payment=mostly_paid, placed=falls.note), falls.run()
    )
    await _leave_unpaid(stage, timed, journals[1], points)
    for house, journal in zip((traded, timed), journals, strict=True):
        await settled(stage, house, journal, ENDED_SECONDS)
        await judge(stage, house, journal)
    await _judge_timers(stage, timed)
    await asyncio.gather(traded.close(), timed.close())


def _victims(stage: Stage) -> list[str]:
    """Which copies fall, in which order."""
    copies = [f"{service}.{number}" if number > 1 else service for service in SERVICES for number in (1, 2, 3)]
    return [stage.rng.choice(copies) for _ in range(stage.pick(5, 36))]


async def _leave_unpaid(stage: Stage, house: House, journal: Journal, points: Points) -> None:
    """Orders whose deadline passes for all copies at once."""
    market = Market(house, journal)
    await deadline_of(stage, house, DEADLINE_SECONDS)
    placed = await place_unpaid(stage, market, stage.pick(15, 150))
    stage.count("orders whose deadline passes", len(placed))
    deadlines = [datetime.fromisoformat(order["deadlineAt"]).timestamp() for order in placed]
    await _sweep_together(stage, points, min(deadlines), max(deadlines))


async def _sweep_together(stage: Stage, points: Points, first: float, last: float) -> None:
    """No copy of sales moves while the deadlines pass; then all of them find the same orders before one ends any."""
    await asyncio.sleep(max(first - time.time(), 0))
    copies = await stage.suite.processes("sales")
    pids = [await stage.suite.freeze(each["name"]) for each in copies]
    await asyncio.sleep(max(last - time.time(), 0) + SWEEP_SECONDS)
    points.arm(BEFORE_ENDING.name, *map(str, pids))
    for pid in pids:
        stage.suite.thaw(pid)
    stage.none("copies that found nothing overdue", await points.missing())
    for pid in pids:
        stage.suite.freeze_at_once(pid)  # asleep by itself; known as asleep, it is woken whatever comes
        stage.suite.thaw(pid)


async def _judge_timers(stage: Stage, house: House) -> None:
    suite = stage.suite
    ended: Counter[str] = Counter()
    criteria = {"event.companyid": house.company_id}
    async for sent in suite.database("sales")["sent_events"].find(criteria | {"event.type": "order.cancelled"}):
        ended[sent["event"]["subject"]] += 1
    orders = [each async for each in suite.database("sales")["orders"].find({"companyId": house.company_id})]
    stage.none("orders that did not expire", [each["_id"] for each in orders if each["cancelReason"] != "expired"])
    stage.none("deadlines told more than once", [order_id for order_id, count in ended.items() if count != 1])
    stage.none("deadlines noted more than once", [each["_id"] for each in orders if _expired(each) != 1])
    released: Counter[str] = Counter()
    async for sent in suite.database("inventory")["sent_events"].find(criteria | {"event.type": "inventory.released"}):
        released[sent["event"]["data"]["orderId"]] += 1
    stage.none("goods given back more than once", [order_id for order_id, count in released.items() if count != 1])


def _expired(order: dict[str, Any]) -> int:
    return sum(entry["type"] == "cancelled" for entry in order["timeline"])
