"""Row 13: whatever step fails, before its effect or after, all that was done is undone once."""

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Any

from dev.prove.faults.points import Points, standing
from dev.prove.guarantees.orders_steps import PRICE, SERVICES, STEPS, UNDONE_BY, Step
from dev.prove.guarantees.stock_counts import shelves
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import CARD, DECLINED_CARD, Good, House, Journal, Market, found
from dev.prove.trade.house import PASSWORD, add_goods
from dev.trading import Api

ON_ACCOUNT = {"method": "on_account"}
LATER = {"method": "card"}
STOCK = 1000
SETTLED_SECONDS = 90.0
STANDING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fall:
    """One order whose work stands right before or after the effect of one step. ``pieces`` tells which it is."""

    step: Step
    where: str
    pieces: int
    buyer: Api
    address: str

    @property
    def point(self) -> str:
        """The point's name."""
        return f"{self.step.name} {self.where}"

    @property
    def label(self) -> str:
        """What the work is known by at that point."""
        return self.address if self.step.name == "mail" else str(self.pieces)

    @property
    def payment(self) -> dict[str, Any]:
        """How the order is paid, so that it comes to this step."""
        return {"debt": ON_ACCOUNT, "release": LATER}.get(self.step.name, CARD)


@guarantee(
    13,
    "compensation",
    "reserve, charge, confirm, deduct, debt, mail, and release, restock, refund, each struck down before and after its "
    "effect, and the order called off: undone once, after it was done",
    kind=Kind.ROUGH,
)
async def all_undone(stage: Stage) -> None:
    house = await found(stage.suite, "undone", goods=1, stock=STOCK, price=PRICE)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    called_off: list[str] = []
    async with standing(stage, SERVICES, [point for step in STEPS for point in step.points()]) as points:
        for number in range(stage.pick(1, 3)):
            stage.progress("rounds", number, stage.pick(1, 3))
            called_off += await _round(stage, market, points, await _falls(stage, house))
        await _refused(stage, market)
        await settled(stage, house, journal, SETTLED_SECONDS)
        await _judge_undone(stage, house, called_off)
        await judge(stage, house, journal)
    await house.close()


async def _falls(stage: Stage, house: House) -> list[Fall]:
    """Every step before and after; who goes on account or is written to is a customer."""
    falls: list[Fall] = []
    for step in STEPS:
        for where in ("before", "after"):
            buyer, address = house.admin, ""
            if step.name in ("debt", "mail"):
                address = f"buyer{len(falls)}.{secrets.token_hex(4)}@{house.slug}.example"
                buyer = Api(stage.suite.gateway, tenant=house.slug)
                await buyer.register(address, PASSWORD, "Buyer")
                house.customers.append(buyer)
            falls.append(Fall(step, where, len(falls) + 1, buyer, address))
    return falls


async def _round(stage: Stage, market: Market, points: Points, falls: list[Fall]) -> list[str]:
    """All of them stand at once; then every service is killed, and the orders are called off. Their ids."""
    good = market.house.goods[0]
    for fall in falls:
        points.arm(fall.point, fall.label)
    placed = await asyncio.gather(*(_placed(market, fall, good) for fall in falls))
    backward = [order_id for fall, order_id in zip(falls, placed, strict=True) if fall.step.undoes]
    forward = [order_id for fall, order_id in zip(falls, placed, strict=True) if not fall.step.undoes]
    await _come_far_enough(stage, backward)
    await asyncio.gather(*(_call_off(market.house, order_id) for order_id in backward))
    stage.none("steps that nobody came to", await points.missing())
    for service in SERVICES:
        await stage.suite.kill(service)
    stage.count("steps struck down", len(falls))
    stage.count("processes killed", len(SERVICES))
    await asyncio.gather(*(_call_off(market.house, order_id) for order_id in forward))
    return placed


async def _placed(market: Market, fall: Fall, good: Good) -> str:
    order = await market.place([(good, fall.pieces)], fall.payment, buyer=fall.buyer)
    assert order is not None, f"the order for {fall.point} was refused"
    return str(order["id"])


async def _come_far_enough(stage: Stage, order_ids: list[str]) -> None:
    """Until what is to be undone was done: goods deducted, or held where nothing is paid. Raises TimeoutError."""
    reservations = stage.suite.database("inventory")["reservations"]
    orders = stage.suite.database("sales")["orders"]
    async with asyncio.timeout(STANDING_SECONDS):
        for order_id in order_ids:
            order = await orders.find_one({"_id": order_id})
            assert order is not None
            wanted = "deducted" if order["hasPaymentToken"] else "held"
            while not await reservations.find_one({"orderId": order_id, "state": wanted}, {"_id": 1}):
                await asyncio.sleep(0.05)


async def _call_off(house: House, order_id: str) -> None:
    await house.admin.post(f"/api/orders/{order_id}/cancel", {"reason": "proof"})


async def _refused(stage: Stage, market: Market) -> None:
    """What fails by itself: goods that are not there, a card that is declined."""
    good = market.house.goods[0]
    [scarce] = await add_goods(market.house, 1, stock=1, price=PRICE)
    await market.place([(good, 1), (scarce, 2)], CARD)
    await market.place([(good, 1)], DECLINED_CARD)
    stage.count("orders refused by stock or card", 2)


async def _judge_undone(stage: Stage, house: House, called_off: list[str]) -> None:
    suite = stage.suite
    orders = suite.database("sales")["orders"]
    kept = [each["_id"] async for each in orders.find({"companyId": house.company_id, "status": {"$ne": "cancelled"}})]
    stage.none("orders that were not called off", kept)
    told: dict[str, list[dict[str, Any]]] = {order_id: [] for order_id in called_off}
    for service in SERVICES:
        async for sent in suite.database(service)["sent_events"].find({"event.companyid": house.company_id}):
            order_id = sent["event"]["data"].get("orderId")
            if order_id in told:
                told[order_id].append(sent["event"])
    stage.none("done or undone more than once", [line for events in told.values() for line in _repeated(events)])
    stage.none("done and not undone, or undone first", [line for events in told.values() for line in _left(events)])
    left = (await shelves(suite, house))[house.goods[0].sku]
    stage.check("pieces on hand and reserved", (STOCK, 0), left)


def _repeated(events: list[dict[str, Any]]) -> list[str]:
    counted = Counter(event["type"] for event in events)
    facts = {*UNDONE_BY, *(name for names in UNDONE_BY.values() for name in names)}
    return [f"{events[0]['data']['orderId']}: {name} {counted[name]} times" for name in facts if counted[name] > 1]


def _left(events: list[dict[str, Any]]) -> list[str]:
    """Facts that nothing undoes, or that were undone before they were there."""
    at = {event["type"]: event["time"] for event in events}
    lines = []
    for done, undoing in UNDONE_BY.items():
        moments = [at[name] for name in undoing if name in at]
        if (done in at and not moments) or (moments and done not in at and done != "order.confirmed"):
            lines.append(f"{events[0]['data']['orderId']}: {done} {at.get(done)} undone {moments}")
        elif done in at and min(moments) < at[done]:
            lines.append(f"{events[0]['data']['orderId']}: {done} undone before it was done")
    return lines
