"""Row 33: one service's clock ten minutes ahead or behind."""

import asyncio
import time
from collections import Counter
from datetime import datetime
from typing import Any

from common.identity.tokens import LEEWAY_SECONDS
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import House, Journal, Market, found

OFF_SECONDS = 600
OFFSET = "MARKETHALL_CLOCK_OFFSET_SECONDS"
LATER = {"method": "card"}
TOKEN = "pm_card_visa"
ENDED_SECONDS = 60.0
KNOWN_SECONDS = 30.0
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
    house = await found(stage.suite, "clocks", goods=4, stock=5000)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    seconds = stage.pick(12, 20)
    await _set_deadline(market, seconds)
    for service, sign in OFFS[: stage.pick(3, len(OFFS))]:
        stage.progress(f"{service} {sign * OFF_SECONDS:+} s", 0, 0)
        before = await _placed(market, stage.pick(2, 6))
        await stage.suite.reconfigure(service, {OFFSET: str(sign * OFF_SECONDS)})
        await _one_round(stage, market, f"{service} {sign * OFF_SECONDS:+} s", seconds, before)
        await stage.suite.reconfigure(service)
        stage.count("services put off")
    await settled(stage, house, journal, seconds + ENDED_SECONDS)
    await judge(stage, house, journal)
    stage.note(f"Auth goes by its machine's clock; tokens are taken {LEEWAY_SECONDS} s past their end.")
    await house.close()


async def _placed(market: Market, count: int) -> list[Placed]:
    """Orders that wait for their payment, with the moments of their answers."""
    placed = [(await market.place([(market.house.goods[0], 1)], LATER), time.time()) for _ in range(count)]
    return [(order, at) for order, at in placed if order is not None]


async def _one_round(stage: Stage, market: Market, what: str, seconds: int, before: list[Placed]) -> None:
    """Some orders are paid when half of their time is over, others never; ``before``: of before the clock went off."""
    orders = await _placed(market, count := stage.pick(6, 20))
    stage.check(f"{what}: orders taken", count, len(orders))
    paid, unpaid = orders[::2], orders[1::2] + before
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


async def _set_deadline(market: Market, seconds: int) -> None:
    """Orders of the house get this long, as soon as sales has heard of it. Raises TimeoutError."""
    house = market.house
    body: dict[str, Any] = {"settings": {"paymentDeadlineSeconds": seconds}}
    await house.admin.patch(f"/api/companies/{house.company_id}", body)
    async with asyncio.timeout(KNOWN_SECONDS):
        while True:
            order = await market.place([(house.goods[0], 1)], LATER)
            if order is not None and (_moment(order["deadlineAt"]) - _moment(order["createdAt"])) <= seconds:
                return
            await asyncio.sleep(0.2)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
