"""What writes: carts, orders with all their effects, sales at the till."""

import asyncio
import json
import random
import secrets
import time
from itertools import cycle
from typing import Any

from bench.floors import selling as floors
from bench.ground import Ground
from bench.load import Plan, request
from bench.operation import Effort, Limits, Operation
from dev.prove.trade.market import ADDRESS, CASH
from dev.trading import Api

OPEN_RATE = 60.0
IN_A_CART = 5
"""Goods that one buyer wants: of each more and more."""
SETTLE_SECONDS = 120.0
LOOK_SECONDS = 0.1
RELAYED = {
    "sales": ("orders",), "inventory": ("stock", "reservations"), "payment": ("payments",),
    "notification": ("notifications",), "debt": ("debts",), "catalog": ("carts",),
}  # fmt: skip


def _carts(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    rng = random.Random(1)
    wanted = cycle([(buyer, rng.sample(ground.house.goods, IN_A_CART)) for buyer in ground.house.customers])

    def add() -> bytes:
        buyer, goods = next(wanted)
        body = {"productId": rng.choice(goods).product_id, "quantity": 1}
        return request("POST", "/api/cart/items", ground.headers(buyer), json.dumps(body).encode())

    port = ground.suite.home.port_base
    return [Plan(port, [add() for _ in range(effort.writes)], clients) for _ in range(effort.rounds)]


def _order(ground: Ground, rng: random.Random, buyer: Api) -> bytes:
    goods = rng.sample(ground.house.goods, 2)
    body = {
        "items": [{"productId": good.product_id, "quantity": 1} for good in goods],
        "shippingAddress": ADDRESS,
        "payment": CASH,
    }
    return request("POST", "/api/orders", {**ground.headers(buyer), **idempotency_key()}, json.dumps(body).encode())


def _orders(ground: Ground, clients: int, effort: Effort, *, rate: float | None = None) -> list[Plan]:
    rng = random.Random(2)
    callers = cycle(ground.house.customers)
    port = ground.suite.home.port_base
    return [
        Plan(port, [_order(ground, rng, next(callers)) for _ in range(effort.writes)], clients, rate=rate)
        for _ in range(effort.rounds)
    ]


def _orders_at_rate(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    return _orders(ground, max(clients, 64), effort, rate=OPEN_RATE)


def _sales(ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    rng = random.Random(3)
    assert ground.till is not None
    headers = ground.headers(ground.till)

    def sell() -> bytes:
        body = sale(ground, rng)
        return request("POST", "/api/pos/sales", {**headers, **idempotency_key()}, json.dumps(body).encode())

    port = ground.suite.home.port_base
    return [Plan(port, [sell() for _ in range(effort.writes)], clients) for _ in range(effort.rounds)]


def sale(ground: Ground, rng: random.Random, lines: int = 2) -> dict[str, Any]:
    """A sale of so many goods, paid in cash."""
    goods = rng.sample(ground.house.goods, lines)
    total = {"amount": sum(good.price for good in goods), "currency": ground.house.currency}
    return {
        "clientSaleId": secrets.token_hex(8),
        "shopId": ground.house.shop_id,
        "items": [{"productId": good.product_id, "quantity": 1} for good in goods],
        "tenders": [{"method": "cash", "amount": total}],
        "soldAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def idempotency_key() -> dict[str, str]:
    """A fresh one, as a header."""
    return {"Idempotency-Key": secrets.token_hex(8)}


async def settled(ground: Ground, deadline_seconds: float = SETTLE_SECONDS) -> None:
    """Until no order of the company waits, no event is unsent, and the log holds the last. Raises TimeoutError."""
    async with asyncio.timeout(deadline_seconds):
        while not await _rests(ground):
            await asyncio.sleep(LOOK_SECONDS)


async def _rests(ground: Ground) -> bool:
    company = {"companyId": ground.house.company_id}
    sales = ground.suite.database("sales")
    if await sales["orders"].find_one({**company, "status": "pending"}, {"_id": 1}):
        return False
    for service, collections in RELAYED.items():
        for collection in collections:
            stored = ground.suite.database(service)[collection]
            if await stored.find_one({**company, "pendingAt": {"$exists": True}}, {"_id": 1}):
                return False
    for service in RELAYED:
        sent = ground.suite.database(service)["sent_events"]
        of_company = {"event.companyid": ground.house.company_id}
        newest = await sent.find_one(of_company, {"_id": 1}, sort=[("_id", -1)])  # ids sort as they were made
        if newest is not None and not await _is_audited(ground, newest["_id"]):
            return False
    return True


async def _is_audited(ground: Ground, event_id: str) -> bool:
    kept = ground.suite.database("audit")["audit_events"]
    found = await kept.find_one({"companyId": ground.house.company_id, "eventId": event_id}, {"_id": 1})
    return found is not None


SELLING = (
    Operation("cart", "one more product in a customer's cart", _carts, floors.cart, limits=Limits(1.5, 3, 20)),
    Operation(
        "order", "an order of two lines, cash on delivery, until all is settled", _orders, floors.order, settled,
        Limits(p99=30, settled_p99=150),
    ),
    Operation(
        "order_open", f"the same, {OPEN_RATE:.0f} a second", _orders_at_rate, floors.order, settled,
        Limits(14, 2), rate=OPEN_RATE,
    ),
    Operation("till", "a till sale of two lines until all is settled", _sales, floors.sale, settled, Limits(10, 2, 50)),
)  # fmt: skip
