"""Row 33: one service's clock ten minutes ahead or behind."""

import asyncio
import time
from collections import Counter
from typing import Any

from common.identity.tokens import LEEWAY_SECONDS
from dev.prove.guarantees.orders_deadline import deadline_of
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import House, Journal, Market, found

OFF_SECONDS = 600
OFFSET = "MARKETHALL_CLOCK_OFFSET_SECONDS"
LATER = {"method": "card"}
TOKEN = "pm_card_visa"
ENDED_SECONDS = 60.0
PATIENT_SECONDS = 300
"""The deadline of orders from before a clock goes off: longer than a round, and passed by a clock that is ahead."""
EARLY_TOLERANCE_SECONDS = 1.0
"""Clocks of service and checker, and milliseconds that are cut off."""

Placed = tuple[dict[str, Any], float]

OFFS = (("sales", 1), ("payment", 1), ("inventory", 1), ("sales", -1), ("payment", -1), ("inventory", -1),
        ("notification", 1), ("debt", -1), ("catalog", 1), ("analytics", -1))  # fmt: skip


@guarantee(
    33,
    "clocks",
    "one service ten minutes ahead or behind: nothing expires early, no timer fires twice",
    kind=Kind.ROUGH,
)
async def clocks_may_differ(stage: Stage) -> None:
    seconds = stage.pick(8, 20)
    market, patient = await _market(stage, "clocks", seconds), await _market(stage, "patient", PATIENT_SECONDS)
    for service, sign in OFFS[: stage.pick(3, len(OFFS))]:
        what = f"{service} {sign * OFF_SECONDS:+} s"
        stage.progress(what, 0, 0)
        before = await _placed(patient, stage.pick(2, 6))
        await stage.suite.reconfigure(service, {OFFSET: str(sign * OFF_SECONDS)})
        await _one_round(stage, market, what, seconds)
        await _still_wait(stage, patient, what, before)
        await stage.suite.reconfigure(service)
        stage.count("services put off")
    for each in (market, patient):
        await settled(stage, each.house, each.journal, seconds + ENDED_SECONDS)
        await judge(stage, each.house, each.journal)
    stage.note(f"Auth goes by its machine's clock; tokens are taken {LEEWAY_SECONDS} s past their end.")
    await asyncio.gather(market.house.close(), patient.house.close())


async def _market(stage: Stage, name: str, seconds: int) -> Market:
    """A house whose orders get this long to be paid."""
    house = await found(stage.suite, name, goods=4, stock=5000)
    await deadline_of(stage, house, seconds)
    return Market(house, Journal(stage.folder / f"{name}.jsonl"))


async def _placed(market: Market, count: int) -> list[Placed]:
    """Orders that wait for their payment, with the moments of their answers."""
    placed = [(await market.place([(market.house.goods[0], 1)], LATER), time.time()) for _ in range(count)]
    return [(order, at) for order, at in placed if order is not None]


async def _still_wait(stage: Stage, market: Market, what: str, before: list[Placed]) -> None:
    """Orders of before the clock went off, whose time has not passed by any right clock, can be paid."""
    ids = [order["id"] for order, _ in before]
    ended = stage.suite.database("sales")["orders"].find({"_id": {"$in": ids}, "status": {"$ne": "pending"}})
    early = [f"{each['number']} {each['status']}" async for each in ended]
    stage.none(f"{what}: of before it went off and ended early", early)
    if not early:
        for order_id in ids:
            await _pay(market.house, order_id)


async def _one_round(stage: Stage, market: Market, what: str, seconds: int) -> None:
    """Some orders are paid when half of their time is over, others never."""
    orders = await _placed(market, count := stage.pick(6, 20))
    stage.check(f"{what}: orders taken", count, len(orders))
    paid, unpaid = orders[::2], orders[1::2]
    for order, at in paid:
        await asyncio.sleep(max(at + seconds / 2 - time.time(), 0.0))
        await _pay(market.house, order["id"])
    ends = await _ends(stage, [order["id"] for order, _ in paid + unpaid], seconds + ENDED_SECONDS)
    stage.none(
        f"{what}: paid at half time and not confirmed",
        [order["number"] for order, _ in paid if ends.get(order["id"], ("", 0.0))[0] != "confirmed"],
    )
    early, late = [], []
    for order, at in unpaid:
        status, ended_at = ends.get(order["id"], ("never", time.time()))
        # When it was asked for last is before the answer, and the deadline counts from in between.
        if status != "cancelled" or ended_at - at < seconds - EARLY_TOLERANCE_SECONDS:
            early.append(f"{order['number']} {status} after {ended_at - at:.1f} s")
        if ended_at - at > seconds + ENDED_SECONDS:
            late.append(f"{order['number']} after {ended_at - at:.1f} s")
    stage.none(f"{what}: expired early, or not at all", early)
    stage.none(f"{what}: expired more than {ENDED_SECONDS:.0f} s late", late)
    stage.none(f"{what}: timers that fired twice", await _twice(stage, [order["id"] for order, _ in unpaid]))


async def _pay(house: House, order_id: str) -> None:
    body = {"orderId": order_id, "method": "card", "paymentMethodToken": TOKEN}
    await house.admin.post("/api/payments/process", body)


async def _ends(stage: Stage, order_ids: list[str], within: float) -> dict[str, tuple[str, float]]:
    """By order: how it ended, and when that was seen, by the clock of this process."""
    orders = stage.suite.database("sales")["orders"]
    seen: dict[str, tuple[str, float]] = {}
    until = time.monotonic() + within
    while len(seen) < len(order_ids) and time.monotonic() < until:
        looked_at = time.time()
        left = {"_id": {"$in": [each for each in order_ids if each not in seen]}}
        async for order in orders.find({**left, "status": {"$in": ["confirmed", "cancelled"]}}, {"status": 1}):
            seen[order["_id"]] = (str(order["status"]), looked_at)
        await asyncio.sleep(0.1)
    return seen


async def _twice(stage: Stage, order_ids: list[str]) -> list[str]:
    """Ends and releases of these orders that were told more than once, sent or still to be sent."""
    told: Counter[str] = Counter()
    for service, types in (("sales", ["order.cancelled"]), ("inventory", ["inventory.released"])):
        criteria = {"event.type": {"$in": types}, "event.data.orderId": {"$in": order_ids}}
        sent = stage.suite.database(service)["sent_events"].find(criteria, {"event": 1})
        async for each in sent:
            told[f"{each['event']['type']} of {each['event']['data']['orderId']}"] += 1
    return [name for name, count in told.items() if count > 1]
