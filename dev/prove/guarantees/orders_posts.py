"""Every kind of POST that creates an order or moves money or stock, ready to be sent, and what each does, counted."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from dev.prove.suite import ProvedSuite
from dev.prove.trade import CARD, CASH, House, Market
from dev.prove.trade.market import ADDRESS, items

LATER = {"method": "card"}
MANUAL = {**CARD, "capture": "manual"}
DELTA = 7
READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Post:
    """One request. ``other``: the same with another body; ``effects``: how often it has happened."""

    kind: str
    service: str
    path: str
    body: dict[str, Any]
    other: dict[str, Any]
    effects: Callable[[], Awaitable[int]]

    @property
    def key(self) -> str:
        """The idempotency key, one for each kind and path."""
        return f"{self.kind.replace(' ', '-')}-{self.body['mark']}"

    @property
    def sent(self) -> dict[str, Any]:
        """The body as it is sent."""
        return {name: value for name, value in self.body.items() if name != "mark"}


class Posts:
    """Makes them for one house."""

    def __init__(self, suite: ProvedSuite, market: Market) -> None:
        self._suite = suite
        self._market = market
        self._house: House = market.house
        self._goods = iter(self._house.goods)

    async def one_of_each(self) -> list[Post]:
        """One of each kind, with whatever must be there first: orders to pay, payments to refund and to capture."""
        unpaid, promised, paid, held = await asyncio.gather(
            self._order(LATER, "unpaid"), self._order(CASH, "unpaid"), self._order(CARD, "paid"),
            self._order(MANUAL, "authorized"),
        )  # fmt: skip
        return [
            self._place(), self._sell(), self._adjust(), self._pay(unpaid, "card payment", CARD | {"orderId": unpaid}),
            self._pay(promised, "cash payment", {"method": "cash", "orderId": promised}),
            self._refund(paid), await self._capture(held),
        ]  # fmt: skip

    def _place(self) -> Post:
        mark, orders = secrets.token_hex(6), self._suite.database("sales")["orders"]
        body = {"items": items([(self._house.goods[0], 1)]), "payment": CASH, "shippingAddress": ADDRESS, "note": mark}

        async def placed() -> int:
            return await orders.count_documents({"companyId": self._house.company_id, "note": mark})

        return Post("order", "sales", "/api/orders", body | {"mark": mark}, body | {"note": "another"}, placed)

    def _sell(self) -> Post:
        mark, orders = secrets.token_hex(6), self._suite.database("sales")["orders"]
        good = self._house.goods[0]
        tender = {"method": "cash", "amount": {"amount": good.price, "currency": self._house.currency}}
        body = {
            "clientSaleId": mark, "shopId": self._house.shop_id, "items": items([(good, 1)]), "tenders": [tender],
        }  # fmt: skip

        async def sold() -> int:
            return await orders.count_documents({"companyId": self._house.company_id, "till.clientSaleId": mark})

        return Post("till sale", "sales", "/api/pos/sales", body | {"mark": mark}, body | {"note": "another"}, sold)

    def _adjust(self) -> Post:
        good, stock = next(self._goods), self._suite.database("inventory")["stock"]
        body = {"warehouseId": self._house.warehouse_id, "sku": good.sku, "delta": DELTA, "reason": "received"}
        before = self._market.house.goods.index(good)

        async def moved() -> int:
            row = await stock.find_one({"companyId": self._house.company_id, "sku": good.sku})
            assert row is not None, f"good {before} has no stock"
            return sum(1 for entry in row["adjusted"]) - 1  # the opening stock is one, too

        path = "/api/inventory/v1/adjustments"
        return Post("adjustment", "inventory", path, body | {"mark": good.sku}, body | {"delta": DELTA + 1}, moved)

    def _pay(self, order_id: str, kind: str, body: dict[str, Any]) -> Post:
        payments = self._suite.database("payment")["payments"]

        async def paid() -> int:
            return await payments.count_documents({"orderId": order_id, "captured.amount": {"$gt": 0}})

        other = body | {"amount": {"amount": 1, "currency": self._house.currency}}
        return Post(kind, "payment", "/api/payments/process", body | {"mark": order_id}, other, paid)

    def _refund(self, order_id: str) -> Post:
        payments = self._suite.database("payment")["payments"]
        part = {"amount": 1, "currency": self._house.currency}

        async def refunded() -> int:
            return sum([len(each["refunds"]) async for each in payments.find({"orderId": order_id})])

        body = {"amount": part, "reason": "proof"}
        path = f"/api/payments/orders/{order_id}/refund"
        return Post("refund", "payment", path, body | {"mark": order_id}, body | {"reason": "another"}, refunded)

    async def _capture(self, order_id: str) -> Post:
        payments = self._suite.database("payment")["payments"]
        held = await payments.find_one({"orderId": order_id, "status": "authorized"})
        assert held is not None, "the order is authorised"

        async def captured() -> int:
            return await payments.count_documents({"orderId": order_id, "captured.amount": {"$gt": 0}})

        other = {"amount": {"amount": 1, "currency": self._house.currency}}
        return Post("capture", "payment", f"/api/payments/{held['_id']}/capture", {"mark": order_id}, other, captured)

    async def _order(self, payment: dict[str, Any], standing: str) -> str:
        """An order of which the goods are held and the money stands like this. Raises TimeoutError."""
        order = await self._market.place([(self._house.goods[0], 1)], payment)
        assert order is not None, "the order was refused"
        ready = {"_id": order["id"], "paymentStatus": standing, "fulfilmentStatus": "reserved"}
        accounts = self._suite.database("payment")["order_accounts"]
        async with asyncio.timeout(READY_SECONDS):
            while not (
                await self._suite.database("sales")["orders"].find_one(ready, {"_id": 1})
                and await accounts.find_one({"_id": order["id"], "reserved": True}, {"_id": 1})
            ):
                await asyncio.sleep(0.05)
        return str(order["id"])
