"""Who shops and signs in for row 31: companies with goods, customers, and addresses of their own."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Self

from dev.prove.load import UNIQUE, Call
from dev.prove.stage import Stage
from dev.prove.trade import CASH, House, found
from dev.prove.trade.house import PASSWORD
from dev.prove.trade.market import ADDRESS, items
from dev.trading import Api

GOODS = 20
STOCK = 100_000
ACCOUNTS = 3
SETTLED_SECONDS = 60.0

FLASH_SALE_ORDERS = 0.5
"""Half of the calls order: the dearest that there is, and what a flood of customers wants."""

LISTS = 2 / 3
"""Of the looks, this share is at lists, the others at one product."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The customers of one company: where they call from, a signed-in one's headers, and who can sign in."""

    house: House
    addresses: tuple[str, ...]
    headers: dict[str, str]
    logins: tuple[str, ...]


class Customers:
    """One company whose customers are too many, and ``others``."""

    def __init__(self, stage: Stage, others: int) -> None:
        self._stage = stage
        self._others = others
        self.all: list[Crowd] = []

    async def __aenter__(self) -> Self:
        for number in range(self._others + 1):
            house = await found(self._stage.suite, "overload", goods=GOODS, stock=STOCK)
            logins = tuple(f"buyer{each}@{house.slug}.example" for each in range(ACCOUNTS))
            for email in logins:
                house.customers.append(Api(self._stage.suite.gateway, tenant=house.slug))
                await house.customers[-1].register(email, PASSWORD, "Buyer")
            addresses = tuple(f"127.0.{number + 2}.{last}" for last in range(1, 33))
            headers = {"X-Tenant-ID": house.slug, **house.customers[0].identity()}
            self.all.append(Crowd(house, addresses, headers, logins))
        return self

    async def __aexit__(self, *_: object) -> None:
        for crowd in self.all:
            await crowd.house.close()

    async def settled(self) -> None:
        """Every order that was taken ends: what is let in is not only answered."""
        stage, ids = self._stage, [crowd.house.company_id for crowd in self.all]
        orders = stage.suite.database("sales").orders
        began = time.monotonic()
        open_ones = {"companyId": {"$in": ids}, "status": "pending"}
        left = await orders.count_documents(open_ones)
        while left and time.monotonic() - began < SETTLED_SECONDS:
            stage.progress("orders still to end", left, left)
            await asyncio.sleep(0.1)
            left = await orders.count_documents(open_ones)
        stage.count("orders", await orders.count_documents({"companyId": {"$in": ids}}))
        stage.check("orders that did not end", 0, left)
        stage.measure("seconds until the last order ended", time.monotonic() - began)


def shopping(crowd: Crowd, *, orders: float = FLASH_SALE_ORDERS) -> tuple[Call, ...]:
    """What customers of a shop do: they look around, and this share of their calls orders."""
    visitor = {"X-Tenant-ID": crowd.house.slug}
    goods = crowd.house.goods
    basket = items([(goods[0], 1), (goods[1], 1)])
    body = json.dumps({"items": basket, "shippingAddress": ADDRESS, "payment": CASH})
    looks = (
        Call("browse", "/api/products?limit=20", headers=visitor, weight=(1 - orders) * LISTS),
        Call("product", f"/api/products/{goods[0].product_id}", headers=visitor, weight=(1 - orders) * (1 - LISTS)),
    )
    buys = Call(
        "order", "/api/orders", "POST", {**crowd.headers, "Idempotency-Key": UNIQUE}, body, weight=orders
    )  # fmt: skip
    return (*looks, buys) if orders else looks


def signing_in(crowd: Crowd) -> tuple[Call, ...]:
    """Customers who sign in with their right passwords."""
    return tuple(
        Call(
            email, "/api/auth/login", "POST", {"X-Tenant-ID": crowd.house.slug},
            json.dumps({"email": email, "password": PASSWORD}),
        )
        for email in crowd.logins
    )  # fmt: skip
