"""A company with a shop and two products, as the sales service hears of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest_asyncio

from common.clock import monotonic_seconds
from common.events.catalogue import ProductCreated
from common.events.parts import CompanySettings, StockLine, VariantFact
from common.events.payments import PaymentSucceeded
from common.events.stock import InventoryReserved
from common.events.tenancy import CompanyCreated, ShopCreated
from common.ids import new_id
from common.money import Money
from common.testing import Harness, Infrastructure

DEADLINE_SECONDS = 15
ADDRESS = {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"}


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    """What ``look`` answers once it is truthy; an AssertionError after the deadline."""
    until = monotonic_seconds() + DEADLINE_SECONDS
    while not (found := await look()):
        assert monotonic_seconds() < until, "it did not happen in time"
        await asyncio.sleep(0.02)
    return found


@dataclass(frozen=True, slots=True)
class Trade:
    """One company's trade in the running service."""

    sales: Harness
    company: str
    shop: str
    mug: str
    shirt: str
    small: str
    owner: str

    def staff(self, role: str = "company_admin", **claims: Any) -> httpx2.AsyncClient:
        """Somebody who works here."""
        return self.sales.user(role, self.company, **claims)

    def customer(self, customer_id: str | None = None, user_id: str | None = None) -> httpx2.AsyncClient:
        """A customer with an account at this company."""
        return self.sales.user("customer", self.company, customer_id=customer_id or self.owner, user_id=user_id)

    def guest(self, **headers: str) -> httpx2.AsyncClient:
        """Somebody without an account."""
        return self.sales.client(None, tenant=self.company, **headers)

    def line(self, quantity: int = 1, **more: Any) -> dict[str, Any]:
        """A line of mugs at 1,000."""
        return {"productId": self.mug, "quantity": quantity, **more}

    async def place(self, client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
        """An accepted order."""
        answer = await client.post("/api/orders", json={"items": [self.line(2)], **body})
        assert answer.status_code == 201, answer.text
        order: dict[str, Any] = answer.json()
        return order

    async def reserve(self, order_id: str, **how: Any) -> str:
        """Inventory holds everything."""
        lines = [StockLine(sku="MUG", warehouse_id="whs_1", quantity=2)]
        event = InventoryReserved(order_id=order_id, lines=lines, expires_at="2030-01-01T00:00:00Z")
        return await self.sales.publish(event, self.company, **how)

    async def pay(self, order_id: str, amount: int, payment_id: str = "pay_1", **how: Any) -> str:
        """Money is captured."""
        event = PaymentSucceeded(
            payment_id=payment_id, order_id=order_id, method="card", provider="stripe", amount=gbp(amount)
        )
        return await self.sales.publish(event, self.company, **how)

    async def when(self, client: httpx2.AsyncClient, order_id: str, **members: Any) -> dict[str, Any]:
        """The order, once it shows these members."""

        async def look() -> dict[str, Any] | None:
            shown: dict[str, Any] = (await client.get(f"/api/orders/{order_id}")).json()
            return shown if all(shown.get(name) == value for name, value in members.items()) else None

        found: dict[str, Any] = await eventually(look)
        return found


def gbp(amount: int) -> Money:
    return Money(amount=amount, currency="GBP")


async def open_trade(sales: Harness, **settings: Any) -> Trade:
    """A fresh company whose facts have reached the service."""
    trade = Trade(sales, new_id("cmp"), new_id("shp"), new_id("prd"), new_id("prd"), new_id("var"), new_id("cus"))
    company = CompanyCreated(
        company_id=trade.company,
        name="Mill",
        slug="mill",
        status="active",
        currency="GBP",
        timezone="Europe/London",
        settings=CompanySettings(**settings),
    )
    mug = ProductCreated(product_id=trade.mug, sku="MUG", name="Mug", status="active", price=gbp(1000))
    small = VariantFact(id=trade.small, sku="SHIRT-S", options={"Size": "S"}, price=gbp(2500))
    shirt = ProductCreated(
        product_id=trade.shirt, sku="SHIRT", name="Shirt", status="active", price=gbp(2400), variants=[small]
    )
    await sales.publish(company, trade.company)
    await sales.publish(ShopCreated(shop_id=trade.shop, name="Mill", code="M", timezone="UTC"), trade.company)
    await sales.publish(mug, trade.company)
    await sales.publish(shirt, trade.company)
    for collection, count in (("companies", 1), ("shops", 1), ("products", 2)):
        stored = sales.runtime.database[collection]

        async def look(stored: Any = stored, count: int = count) -> bool:
            return bool(await stored.count_documents({"companyId": trade.company}) == count)

        await eventually(look)
    return trade


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sales(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    nowhere = {"MARKETHALL_SERVICE_URL_TEMPLATE": "http://127.0.0.1:9"}  # nobody listens on the discard port
    async with Harness("sales", infrastructure, MARKETHALL_SWEEP_MILLISECONDS="50", **nowhere) as harness:
        yield harness


@pytest_asyncio.fixture(loop_scope="module")
async def trade(sales: Harness) -> Trade:
    return await open_trade(sales)
