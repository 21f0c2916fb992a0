"""Makes the company that the invoices belong to: its shop, customers, products and opening stock."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dev.replay.plan import Plan
from dev.replay.rows import STAND_IN, File
from dev.trading import Api

BATCH = 500
AT_ONCE = 8

Advance = Callable[[int], None]
T = TypeVar("T")


@dataclass(slots=True)
class House:
    """What the replay's orders refer to, by the names the file uses."""

    company_id: str
    shop_id: str
    warehouse_id: str
    product_ids: dict[str, str] = field(default_factory=dict)
    customer_ids: dict[str, str] = field(default_factory=dict)


async def found_company(platform: Api, company: Api) -> str:
    """A new company with its admin, signed in on ``company``; returns its id."""
    slug = f"online-retail-{secrets.token_hex(4)}"
    email, password = f"admin@{slug}.example", secrets.token_urlsafe(16)
    body = {
        "name": "Online Retail",
        "slug": slug,
        "currency": "GBP",
        "timezone": "Europe/London",
        "country": "GB",
        "admin": {"email": email, "password": password, "name": "Replay"},
    }
    made = await platform.post("/api/companies", body)
    await company.sign_in(email, password)
    return str(made["id"])


async def furnish(api: Api, company_id: str, file: File, plan: Plan, advance: Advance) -> House:
    """Shop, warehouse, customers, products, opening stock."""
    shop = await api.post("/api/shops", {"name": "Online Retail", "code": "MAIN", "timezone": "Europe/London"})
    house = House(company_id, shop["id"], await _warehouse(api, shop["id"]))
    await _make_products(api, house, file, plan, advance)
    await _make_customers(api, house, plan, advance)
    await _stock(api, house, plan, advance)
    return house


def size_of(plan: Plan) -> int:
    """How many steps ``furnish`` reports."""
    return len(plan.opening) + len({order.invoice.customer for order in plan.orders}) + len(_stocked(plan))


async def _warehouse(api: Api, shop_id: str) -> str:
    async with asyncio.timeout(30):
        while True:
            shop = await api.get(f"/api/shops/{shop_id}")
            if shop["warehouseId"]:
                return str(shop["warehouseId"])
            await asyncio.sleep(0.1)


async def _make_products(api: Api, house: House, file: File, plan: Plan, advance: Advance) -> None:
    prices = {line.code: line.price for order in plan.orders for line in order.invoice.lines}
    products = [
        {"sku": code, "name": file.names[code][:500], "price": {"amount": prices[code], "currency": "GBP"}}
        for code in plan.opening
    ]

    async def make(batch: list[dict[str, Any]]) -> None:
        answer = await api.post("/api/products/batch", {"products": batch})
        for sent, result in zip(batch, answer["results"], strict=True):
            house.product_ids[sent["sku"]] = result["result"]["id"]
        advance(len(batch))

    await _in_parallel(make, list(_batches(products, BATCH)), 2)


async def _make_customers(api: Api, house: House, plan: Plan, advance: Advance) -> None:
    names = sorted({order.invoice.customer for order in plan.orders})

    async def make(name: str) -> None:
        label = "Walk-in customer" if name == STAND_IN else f"Customer {name}"
        body = {"email": f"{name}@customers.example", "name": label}
        house.customer_ids[name] = (await api.post("/api/customers", body))["id"]
        advance(1)

    await _in_parallel(make, names, AT_ONCE)


async def _stock(api: Api, house: House, plan: Plan, advance: Advance) -> None:
    async def adjust(batch: list[tuple[str, int]]) -> None:
        rows = [
            {"warehouseId": house.warehouse_id, "sku": code, "delta": pieces, "reason": "opening"}
            for code, pieces in batch
        ]
        answer = await api.post("/api/inventory/v1/adjustments/batch", {"adjustments": rows})
        if answer["rejected"]:
            raise RuntimeError(f"opening stock refused: {answer['results'][:3]}")
        advance(len(batch))

    await _in_parallel(adjust, list(_batches(_stocked(plan), BATCH)), 2)


def _stocked(plan: Plan) -> list[tuple[str, int]]:
    return [(code, pieces) for code, pieces in plan.opening.items() if pieces]


def _batches(items: list[T], size: int) -> Iterable[list[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


async def _in_parallel(work: Callable[[T], Awaitable[None]], items: list[T], at_once: int) -> None:
    places = asyncio.Semaphore(at_once)

    async def one(item: T) -> None:
        async with places:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for item in items:
            group.create_task(one(item))
