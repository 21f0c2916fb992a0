"""Row 36: somebody tries stolen cards at a storefront while its customers buy."""

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2

from dev.prove.guarantees.payments_provider import ProviderSide, until
from dev.prove.rows import guarantee
from dev.prove.stage import Stage
from dev.prove.trade import CARD, House, found
from dev.prove.trade.market import ADDRESS, items
from dev.trading.api import AWAY

TESTER, BUYERS = "127.0.0.66", "127.0.0.77"
DECLINED = (
    "pm_card_visa_chargeDeclined",
    "pm_card_visa_chargeDeclinedInsufficientFunds",
    "pm_card_visa_chargeDeclinedLostCard",
    "pm_card_visa_chargeDeclinedStolenCard",
)
BORNE = 10
AT_ONCE = 25
CALL_SECONDS = 60.0
SETTLED_SECONDS = 60.0
WORKED_OFF_SECONDS = 180.0
"""The tester's orders wait in the same line as the buyers'."""

TRIES_OF_AN_ORDER = 3


@dataclass(slots=True)
class Visitor:
    """A page with the company's publishable key, seen from one address."""

    house: House
    http: httpx2.AsyncClient
    key: str
    orders: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    async def order(self, payment: dict[str, Any] | None, *, in_cart: bool = False) -> dict[str, Any]:
        """An order of a guest who was never seen before."""
        who = secrets.token_hex(5)
        good = self.house.goods[len(self.orders) % len(self.house.goods)]
        where = {**ADDRESS, "name": f"Guest {who}", "line1": f"{who} Street"}
        body: dict[str, Any] = {"email": f"{who}@guests.example", "shippingAddress": where}
        if in_cart:
            made = await self.post("/api/cart/items", items([(good, 1)])[0])
            body["cartId"] = made.json()["id"]
        else:
            body["items"] = items([(good, 1)])
        answer = await self.post("/api/orders", body | ({"payment": payment} if payment else {}))
        answer.raise_for_status()
        order: dict[str, Any] = answer.json()
        self.orders.append(order["id"])
        return order

    async def pay(self, order: dict[str, Any], token: str) -> None:
        """A try to pay an order that is there."""
        body = {"orderId": order["id"], "method": "card", "paymentMethodToken": token}
        answer = await self.post("/api/payments/process", body, {"X-Order-Token": order["orderToken"]})
        self.answers[str(answer.json().get("code") or answer.json().get("status"))] += 1

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx2.Response:
        """One call as the page makes it."""
        told = {"X-API-Key": self.key, "Idempotency-Key": secrets.token_hex(12), **(headers or {})}
        async with asyncio.timeout(SETTLED_SECONDS):
            while True:
                answer = await self.http.post(path, json=body, headers=told)
                if answer.status_code not in AWAY:
                    return answer
                await asyncio.sleep(0.5)


def _at(base_url: str, address: str) -> httpx2.AsyncClient:
    transport = httpx2.AsyncHTTPTransport(local_address=address, limits=httpx2.Limits(max_connections=AT_ONCE))
    return httpx2.AsyncClient(base_url=base_url, transport=transport, timeout=CALL_SECONDS)


async def _test_cards(stage: Stage, tester: Visitor, tries: int) -> None:
    """Every way to a provider: with the order, from a cart, and several tries at one order."""
    plan = iter([(stage.rng.choice(DECLINED), number % 4) for number in range(tries)])
    made = 0

    async def one() -> None:
        nonlocal made
        for token, way in plan:
            if way == 0:
                order = await tester.order(None)
                for _ in range(TRIES_OF_AN_ORDER):
                    await tester.pay(order, token)
            else:
                await tester.order({"method": "card", "paymentMethodToken": token}, in_cart=way == 1)
            made += 1
            stage.progress("stolen cards", made, tries)

    async with asyncio.TaskGroup() as group:
        for _ in range(stage.pick(AT_ONCE // 2, AT_ONCE)):
            group.create_task(one())


async def _buy(stage: Stage, buyers: Visitor, orders: int, testing: "asyncio.Task[None]") -> None:
    """People of good faith at another address, with the same key, all the while."""
    bought = 0
    while bought < orders or not testing.done():
        await buyers.order(CARD)
        bought += 1
    stage.count("orders of real buyers", bought)


@guarantee(
    36,
    "card testing",
    "1,000 declined cards through a publishable key, by every way: at most 10 reach the provider, buyers unharmed",
)
async def card_testing(stage: Stage) -> None:
    tries, orders = stage.pick((60, 5), (1000, 40))
    house = await found(stage.suite, "testing", goods=4, stock=5000)
    made = await house.admin.post("/api/keys", {"name": "Web", "type": "publishable", "scopes": []})
    async with _at(stage.suite.gateway, TESTER) as bad, _at(stage.suite.gateway, BUYERS) as good:
        tester, buyers = Visitor(house, bad, made["key"]), Visitor(house, good, made["key"])
        testing = asyncio.create_task(_test_cards(stage, tester, tries))
        await asyncio.gather(testing, _buy(stage, buyers, orders, testing))
    left = await until(lambda: _unconfirmed(stage, house, buyers), lambda orders: not orders, WORKED_OFF_SECONDS)
    stage.none("orders of real buyers that are not confirmed", left)
    reached, charged = await _at_provider(stage, tester, buyers)
    stage.count("stolen cards tried", tries)
    stage.at_least("declines that the provider gave", 1, reached)
    stage.at_most("cards that the provider was asked about", BORNE, reached)
    stage.check("tries answered as if a card had been taken", 0, tester.answers["succeeded"])
    stage.check("real buyers charged once", len(buyers.orders), charged)
    stage.count("tries refused without the provider", tester.answers["too_many_declines"])
    await house.close()


async def _at_provider(stage: Stage, tester: Visitor, buyers: Visitor) -> tuple[int, int]:
    """How many of the tester's cards the provider saw, and how many buyers it charged exactly once."""
    payments = stage.suite.database("payment")["payments"]
    waiting = {"companyId": tester.house.company_id, "status": {"$in": ["pending", "processing"]}}
    await until(lambda: payments.count_documents(waiting), lambda open_ones: open_ones == 0, SETTLED_SECONDS)
    async with ProviderSide(stage.suite) as provider:
        told = await asyncio.to_thread(provider.intents)
    asked = sum(told.get(order, Counter()).total() for order in tester.orders)
    charged = sum(told.get(order, Counter()) == Counter(["succeeded"]) for order in buyers.orders)
    return asked, charged


async def _unconfirmed(stage: Stage, house: House, buyers: Visitor) -> list[str]:
    orders = stage.suite.database("sales")["orders"]
    chosen = {"companyId": house.company_id, "_id": {"$in": buyers.orders}, "status": {"$ne": "confirmed"}}
    return [each["_id"] async for each in orders.find(chosen, {"_id": 1})]
