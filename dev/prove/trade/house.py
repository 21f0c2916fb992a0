"""One company with a shop, goods and stock, founded through the suite's own door."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from dev.prove.suite import ProvedSuite
from dev.trading import Api

BATCH = 250
PASSWORD = "Nine-quiet-herons-4"
WAREHOUSE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Good:
    """Something to sell; ``price`` in minor units."""

    product_id: str
    sku: str
    price: int


@dataclass(slots=True)
class House:
    """A company of the proof, with its administrator signed in."""

    company_id: str
    slug: str
    currency: str
    admin: Api
    admin_email: str
    shop_id: str = ""
    warehouse_id: str = ""
    goods: list[Good] = field(default_factory=list)
    customers: list[Api] = field(default_factory=list)

    async def close(self) -> None:
        """Lets go of every connection."""
        for api in (self.admin, *self.customers):
            await api.__aexit__()


async def found(
    suite: ProvedSuite, name: str, *, goods: int = 5, stock: int = 1000, currency: str = "EUR", price: int = 1999,
    customers: int = 0,
) -> House:  # fmt: skip
    """A new company with ``goods`` products of ``price`` minor units and ``stock`` pieces each. Raises Refused."""
    slug = f"{name}-{secrets.token_hex(5)}"
    email = f"admin@{slug}.example"
    body = {
        "name": f"Company {slug}", "slug": slug, "currency": currency, "timezone": "Europe/Berlin", "country": "DE",
        "admin": {"email": email, "password": PASSWORD, "name": "Proof"},
    }  # fmt: skip
    async with Api(suite.gateway) as platform:
        await platform.sign_in(*suite.administrator)
        made = await platform.post("/api/companies", body)
    admin = Api(suite.gateway)
    await admin.sign_in(email, PASSWORD)
    house = House(made["id"], slug, currency, admin, email)
    await _open_shop(house)
    house.goods = await add_goods(house, goods, stock=stock, price=price)
    house.customers = [await register(suite, house, number) for number in range(customers)]
    return house


async def register(suite: ProvedSuite, house: House, number: int) -> Api:
    """A customer of the house, signed in."""
    customer = Api(suite.gateway, tenant=house.slug)
    mark = secrets.token_hex(4)
    await customer.register(f"buyer{number}.{mark}@{house.slug}.example", PASSWORD, f"Buyer {number}")
    return customer


async def add_goods(house: House, count: int, *, stock: int, price: int) -> list[Good]:
    """More products, each with ``stock`` pieces in the shop's warehouse."""
    skus = [f"P-{secrets.token_hex(4)}" for _ in range(count)]
    made: list[Good] = []
    for start in range(0, count, BATCH):
        money = {"amount": price, "currency": house.currency}
        batch = skus[start : start + BATCH]
        products = [{"sku": sku, "name": f"Good {sku}", "price": money} for sku in batch]
        answer = await house.admin.post("/api/products/batch", {"products": products})
        ids = [each["result"]["id"] for each in answer["results"]]
        made += [Good(product_id, sku, price) for product_id, sku in zip(ids, batch, strict=True)]
    if stock:
        await put_in_stock(house, made, stock)
    return made


async def put_in_stock(house: House, goods: list[Good], pieces: int) -> None:
    """``pieces`` more of each. Raises RuntimeError where a row is refused."""
    for start in range(0, len(goods), BATCH):
        rows: list[dict[str, Any]] = [
            {"warehouseId": house.warehouse_id, "sku": good.sku, "delta": pieces, "reason": "opening"}
            for good in goods[start : start + BATCH]
        ]
        answer = await house.admin.post("/api/inventory/v1/adjustments/batch", {"adjustments": rows})
        if answer["rejected"]:
            raise RuntimeError(f"opening stock refused: {answer['results'][:2]}")


async def _open_shop(house: House) -> None:
    shop = await house.admin.post("/api/shops", {"name": "Main", "code": "MAIN", "timezone": "Europe/Berlin"})
    house.shop_id = shop["id"]
    async with asyncio.timeout(WAREHOUSE_SECONDS):
        while not house.warehouse_id:
            house.warehouse_id = (await house.admin.get(f"/api/shops/{house.shop_id}"))["warehouseId"] or ""
            await asyncio.sleep(0.05)
