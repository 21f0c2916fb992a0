"""Row 4: what is reserved and not paid comes back, and one side wins the race at the deadline."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from dev.prove.guarantees.stock_counts import shelves
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import House, Journal, Market, found
from dev.trading import Api, Refused

LATER = {"method": "card"}
TOKEN = "pm_card_visa"
STUCK_SECONDS = 60.0
EARLIEST_SECONDS = -0.8
LATEST_SECONDS = 1.2
HELD_BACK_SECONDS = 0.8
KNOWN_SECONDS = 20.0
AT_ONCE = 12
STOCK = 1000


@guarantee(
    4,
    "reservations end",
    "deadline of 20 s (small: 3 s), inventory and sales killed during reserve, payments at the deadline: nothing "
    "stuck 60 s after it, one winner each",
    kind=Kind.ROUGH,
)
async def reservations_end(stage: Stage) -> None:
    seconds = stage.pick(3, 20)
    house = await found(stage.suite, "deadline", goods=5, stock=STOCK)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    await deadline_of(stage, house, seconds)
    contested = await place_unpaid(stage, market, stage.pick(14, 120))
    stage.count("orders paid at their deadline", len(contested))
    await _pay_at_the_deadline(stage, house, contested)
    unpaid = await _place_under_kills(stage, market)
    stage.count("orders never paid", len(unpaid))
    await settled(stage, house, journal, seconds + STUCK_SECONDS)
    await _judge_ends(stage, house, unpaid, contested)
    await judge(stage, house, journal)
    await house.close()


async def deadline_of(stage: Stage, house: House, seconds: int) -> None:
    """Orders of the house get this long; returns once sales has heard of it. Raises TimeoutError."""
    path = f"/api/companies/{house.company_id}"
    await house.admin.patch(path, {"settings": {"paymentDeadlineSeconds": seconds}})
    known = {"_id": house.company_id, "settings.paymentDeadlineSeconds": seconds}
    async with asyncio.timeout(KNOWN_SECONDS):
        while not await stage.suite.database("sales")["companies"].find_one(known, {"_id": 1}):
            await asyncio.sleep(0.1)


async def place_unpaid(stage: Stage, market: Market, count: int) -> list[dict[str, Any]]:
    """Orders that carry no payment."""
    goods = iter([stage.rng.choice(market.house.goods) for _ in range(count)])
    placed: list[dict[str, Any]] = []

    async def client() -> None:
        for good in goods:
            order = await market.place([(good, 1)], LATER)
            if order is not None:
                placed.append(order)

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return placed


async def _place_under_kills(stage: Stage, market: Market) -> list[dict[str, Any]]:
    """As :func:`place_unpaid`, while both services that reserve fall again and again."""
    placing = asyncio.create_task(place_unpaid(stage, market, stage.pick(24, 300)))
    for number in range(stage.pick(2, 6)):
        await asyncio.sleep(stage.rng.uniform(0.1, 0.5))
        await stage.suite.kill("inventory" if number % 2 else "sales")
        stage.count("kills during reserve")
    return await placing


async def _pay_at_the_deadline(stage: Stage, house: House, orders: list[dict[str, Any]]) -> None:
    """One payment an order, shortly before or after its deadline; in the midst of it sales stands still."""
    deadlines = [_moment(order["deadlineAt"]).timestamp() for order in orders]
    middle = sorted(deadlines)[len(deadlines) // 2]
    paying = asyncio.gather(
        *(
            _pay(house.admin, order["id"], deadline + stage.rng.uniform(EARLIEST_SECONDS, LATEST_SECONDS))
            for order, deadline in zip(orders, deadlines, strict=True)
        )
    )
    await _until(middle - HELD_BACK_SECONDS / 2)
    pid = await stage.suite.freeze("sales")
    await asyncio.sleep(HELD_BACK_SECONDS)
    stage.suite.thaw(pid)
    taken = await paying
    stage.count("payments that were taken", taken.count(True))


async def _pay(api: Api, order_id: str, moment: float) -> bool:
    await _until(moment)
    body = {"orderId": order_id, "method": "card", "paymentMethodToken": TOKEN}
    try:
        paid = await api.post("/api/payments/process", body)
    except Refused:
        return False
    return bool(paid["status"] == "succeeded")


async def _judge_ends(
    stage: Stage, house: House, unpaid: list[dict[str, Any]], contested: list[dict[str, Any]]
) -> None:
    suite = stage.suite
    orders = {
        each["_id"]: each async for each in suite.database("sales")["orders"].find({"companyId": house.company_id})
    }
    late = [
        (each["cancelledAt"] - each["deadlineAt"]).total_seconds() for each in orders.values() if each["cancelledAt"]
    ]
    stage.at_most("longest from deadline to end (s)", STUCK_SECONDS, max(late, default=0.0))
    wrong = [order["id"] for order in unpaid if orders[order["id"]].get("cancelReason") != "expired"]
    stage.none("unpaid orders that did not expire", wrong)
    ends = await _ends(stage, [order["id"] for order in contested])
    stage.none("contested orders without one end", [(key, told) for key, told in ends.items() if len(told) != 1])
    won = sum(told == ["order.confirmed"] for told in ends.values())
    stage.count("races that the payment won", won)
    stage.count("races that the deadline won", len(ends) - won)
    on_hand = sum(on_hand for on_hand, _ in (await shelves(suite, house)).values())
    stage.check("pieces back on the shelf", len(house.goods) * STOCK - won, on_hand)


async def _ends(stage: Stage, order_ids: list[str]) -> dict[str, list[str]]:
    """The events that ended each order."""
    told: dict[str, list[str]] = {order_id: [] for order_id in order_ids}
    wanted = {"event.type": {"$in": ["order.confirmed", "order.cancelled"]}, "event.subject": {"$in": order_ids}}
    async for sent in stage.suite.database("sales")["sent_events"].find(wanted):
        told[sent["event"]["subject"]].append(sent["event"]["type"])
    return told


async def _until(moment: float) -> None:
    await asyncio.sleep(max(moment - time.time(), 0))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
