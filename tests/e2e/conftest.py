"""End to end: through the gateway of a running suite, waiting for conditions with a deadline."""

import asyncio
import itertools
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from dev.trading import Api

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared/data"
INVOICES = DATA / "online_retail/online_retail.csv.gz"
SETTLED_SECONDS = 30.0
ADDRESS = {"name": "A Buyer", "line1": "1 Row", "city": "Berlin", "postalCode": "10115", "country": "DE"}
WAIT = {"Prefer": "wait=10"}


def required(name: str) -> str:
    """A variable that ./markethall test sets."""
    value = os.environ.get(name)
    if not value:
        pytest.fail(f"{name} is not set: run the tests with ./markethall test, which starts the suite")
    return value


@pytest.fixture(scope="session")
def gateway_url() -> str:
    return required("MARKETHALL_TEST_GATEWAY_URL")


async def eventually(
    ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], deadline_seconds: float = SETTLED_SECONDS
) -> Any:
    """Ask until it holds; fails with the last answer at the deadline."""
    answer: Any = None
    try:
        async with asyncio.timeout(deadline_seconds):
            while True:
                answer = await ask()
                if holds(answer):
                    return answer
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"did not come true within {deadline_seconds} s; last answer: {answer}")


@dataclass(slots=True)
class Market:
    """A company of its own, with a shop and its admin signed in."""

    admin: Api
    company_id: str
    slug: str
    shop_id: str
    warehouse_id: str
    password: str
    opened: list[Api] = field(default_factory=list)
    numbers: Any = field(default_factory=itertools.count)

    async def product(self, *, price: int = 1000, stock: int = 100, **more: Any) -> dict[str, Any]:
        """A new product with this much on the shelf."""
        body = {"sku": f"P{next(self.numbers)}", "name": "A product", "price": eur(price), **more}
        product: dict[str, Any] = await self.admin.post("/api/products", body)
        if stock:
            await self.adjust(product["sku"], stock)
        return product

    async def adjust(self, sku: str, delta: int, reason: str = "opening") -> Any:
        body = {"warehouseId": self.warehouse_id, "sku": sku, "delta": delta, "reason": reason}
        return await self.admin.post("/api/inventory/v1/adjustments", body)

    async def customer(self) -> Api:
        """A registered customer of this company."""
        customer = Api(self.admin.base_url, tenant=self.slug)
        self.opened.append(customer)
        await customer.register(f"{secrets.token_hex(6)}@buyers.example", secrets.token_urlsafe(12), "Buyer")
        return customer

    async def stock(self, sku: str) -> dict[str, Any]:
        row: dict[str, Any] = await self.admin.get(f"/api/inventory/v1/products/{sku}")
        return row

    async def stock_settles(self, sku: str, on_hand: int) -> None:
        """Nothing is held any more, and this much is there."""
        await eventually(lambda: self.stock(sku), lambda row: (row["onHand"], row["reserved"]) == (on_hand, 0))

    async def order(self, order_id: str) -> dict[str, Any]:
        order: dict[str, Any] = await self.admin.get(f"/api/orders/{order_id}")
        return order

    async def order_becomes(self, order_id: str, **fields: Any) -> dict[str, Any]:
        """The order once these fields have these values."""
        order: dict[str, Any] = await eventually(
            lambda: self.order(order_id), lambda found: all(found[name] == value for name, value in fields.items())
        )
        return order


def eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def order_of(product: dict[str, Any], quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"items": [{"productId": product["id"], "quantity": quantity}], "shippingAddress": ADDRESS, **more}


def by_card(token: str = "pm_card_visa") -> dict[str, Any]:
    return {"method": "card", "paymentMethodToken": token}


async def open_market(gateway_url: str, **settings: Any) -> Market:
    """Make a company with an admin, a shop and its warehouse."""
    slug = f"e2e-{secrets.token_hex(5)}"
    email, password = f"admin@{slug}.example", secrets.token_urlsafe(12)
    async with Api(gateway_url) as platform:
        await platform.sign_in(required("MARKETHALL_TEST_ADMIN_EMAIL"), required("MARKETHALL_TEST_ADMIN_PASSWORD"))
        body = {"name": slug, "slug": slug, "currency": "EUR", "timezone": "Europe/Berlin"}
        admin_body = {"email": email, "password": password, "name": "Admin"}
        company = await platform.post("/api/companies", {**body, "admin": admin_body})
    admin = Api(gateway_url)
    await admin.sign_in(email, password)
    if settings:
        await admin.patch(f"/api/companies/{company['id']}", {"settings": settings})
    shop = await admin.post("/api/shops", {"name": "Shop", "code": "S1"})
    made = await eventually(lambda: admin.get(f"/api/shops/{shop['id']}"), lambda found: found["warehouseId"])
    return Market(admin, company["id"], slug, shop["id"], made["warehouseId"], password)


async def close_market(market: Market) -> None:
    for api in (market.admin, *market.opened):
        await api.__aexit__()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(gateway_url: str) -> AsyncIterator[Market]:
    made = await open_market(gateway_url)
    yield made
    await close_market(made)
