"""The inventory service in this process, and the events that drive it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import httpx2
import pytest
import pytest_asyncio

from common.clock import SystemClock
from common.events.catalogue import ProductCreated
from common.events.orders import OrderCancelled, OrderConfirmed, OrderCreated, SaleCompleted
from common.events.parts import OrderLine
from common.events.tenancy import ShopCreated
from common.ids import new_id
from common.money import Money
from common.testing import Harness, Infrastructure
from tests.inventory.desk import Desk, served

BASE = "/api/inventory/v1"
DEADLINE_SECONDS = 15.0
Value = TypeVar("Value")


def euros(amount: int) -> Money:
    """An amount in cents."""
    return Money(amount=amount, currency="EUR")


async def until(ask: Callable[[], Awaitable[Value]], is_met: Callable[[Value], bool]) -> Value:
    """Ask until the answer is as wanted. Raises AssertionError with the last answer after the deadline."""
    answer = await ask()
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not is_met(answer):
                await asyncio.sleep(0.01)
                answer = await ask()
    except TimeoutError:
        raise AssertionError(f"still {answer}") from None
    return answer


class Company:
    """One company with a shop and its default warehouse, driven by events and HTTP."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.id = new_id("cmp")
        self.shop_id = new_id("shp")
        self.warehouse_id = ""

    def admin(self) -> httpx2.AsyncClient:
        """A client of the company's admin."""
        return self.harness.user("company_admin", self.id)

    async def open(self) -> "Company":
        """Publish the shop, wait for its warehouse."""
        shop = ShopCreated(shop_id=self.shop_id, name="High Street", code="HS", timezone="Europe/Berlin")
        await self.harness.publish(shop, self.id)
        (made,) = await self.harness.events.wait_for("warehouse.created", lambda e: e.company_id == self.id)
        self.warehouse_id = made.data.warehouse_id
        return self

    async def stock(self, sku: str, quantity: int, reason: str = "received") -> dict[str, Any]:
        """Adjust by hand."""
        body = {"warehouseId": self.warehouse_id, "sku": sku, "delta": quantity, "reason": reason}
        async with self.admin() as admin:
            answer = await admin.post(f"{BASE}/adjustments", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def warehouse(self, code: str, **stock: int) -> str:
        """Open a warehouse without a shop and receive goods there; its id."""
        async with self.admin() as admin:
            made = await admin.post(f"{BASE}/warehouses", json={"name": code, "code": code})
            assert made.status_code == 201, made.text
            for sku, quantity in stock.items():
                body = {"warehouseId": made.json()["id"], "sku": sku, "delta": quantity, "reason": "received"}
                answer = await admin.post(f"{BASE}/adjustments", json=body)
                assert answer.status_code == 201, answer.text
        found: str = made.json()["id"]
        return found

    async def row(self, sku: str) -> dict[str, Any]:
        """What is there of a SKU, over all warehouses."""
        async with self.admin() as admin:
            answer = await admin.get(f"{BASE}/products/{sku}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def movements(self, **query: str) -> list[dict[str, Any]]:
        """The newest hundred entries of the ledger."""
        async with self.admin() as admin:
            answer = await admin.get(f"{BASE}/movements", params={"limit": "100", **query})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def reservation(self, order_id: str) -> dict[str, Any] | None:
        """The reservation of an order."""
        async with self.admin() as admin:
            answer = await admin.get(f"{BASE}/reservations", params={"orderId": order_id})
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        return items[0] if items else None

    async def ended(self, order_id: str, *statuses: str, sweeping: bool = False) -> dict[str, Any]:
        """The reservation once it is in one of these states. ``sweeping``: sweep at once."""

        async def ask() -> dict[str, Any] | None:
            if sweeping:
                await self.harness.service.sweeping.sweep()
            return await self.reservation(order_id)

        found = await until(ask, lambda one: one is not None and one["status"] in statuses)
        assert found is not None
        return found

    async def product(self, sku: str, **fields: Any) -> str:
        """Announce a product; its id."""
        product_id = new_id("prd")
        product = ProductCreated(
            product_id=product_id, sku=sku, name=f"Thing {sku}", status="active", price=euros(100), **fields
        )
        await self.harness.publish(product, self.id)
        return product_id

    def created(self, *lines: tuple[str, int], deadline_seconds: int = 900, shop: bool = True) -> OrderCreated:
        """An order of these SKUs and quantities."""
        now = SystemClock().now()
        return OrderCreated(
            order_id=new_id("ord"),
            number="1",
            channel="web",
            shop_id=self.shop_id if shop else None,
            lines=[line(sku, quantity) for sku, quantity in lines],
            total=euros(100),
            placed_at=now,
            deadline_at=now + timedelta(seconds=deadline_seconds),
        )

    async def order(self, *lines: tuple[str, int], **options: Any) -> OrderCreated:
        """Publish an order."""
        order = self.created(*lines, **options)
        await self.harness.publish(order, self.id)
        return order

    async def confirm(self, order: OrderCreated, times: int = 1) -> None:
        """Publish that the order was confirmed."""
        event = OrderConfirmed(**_shared(order), payment_status="paid", placed_at=order.placed_at)
        await self.harness.publish(event, self.id, times=times)

    async def cancel(self, order: OrderCreated, times: int = 1) -> None:
        """Publish that the order was cancelled."""
        event = OrderCancelled(**_shared(order), reason="customer", was_confirmed=False, placed_at=order.placed_at)
        await self.harness.publish(event, self.id, times=times)

    def sale(self, *lines: tuple[str, int]) -> SaleCompleted:
        """A till sale of these SKUs and quantities."""
        return SaleCompleted(
            order_id=new_id("ord"),
            number="1",
            client_sale_id="c1",
            shop_id=self.shop_id,
            lines=[line(sku, quantity) for sku, quantity in lines],
            total=euros(100),
            tenders=[],
            change=euros(0),
            sold_at=SystemClock().now(),
        )

    async def sell(self, *lines: tuple[str, int], times: int = 1) -> str:
        """Publish a till sale; its order id."""
        sale = self.sale(*lines)
        await self.harness.publish(sale, self.id, times=times)
        return sale.order_id


def line(sku: str, quantity: int) -> OrderLine:
    """A line of an order."""
    return OrderLine(
        id=new_id("itm"),
        product_id="prd_1",
        sku=sku,
        name=sku,
        quantity=quantity,
        unit_price=euros(100),
        total=euros(100 * quantity),
    )


def _shared(order: OrderCreated) -> dict[str, Any]:
    names = ("order_id", "number", "channel", "shop_id", "lines", "total")
    return {name: getattr(order, name) for name in names}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk_and_address() -> AsyncIterator[tuple[Desk, str]]:
    """The neighbours' desk, and where it is."""
    desk = Desk()
    async with served(desk.application()) as address:
        yield desk, address


@pytest.fixture
def desk(desk_and_address: tuple[Desk, str]) -> Desk:
    """The neighbours' desk."""
    return desk_and_address[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inventory(infrastructure: Infrastructure, desk_and_address: tuple[Desk, str]) -> AsyncIterator[Harness]:
    """The running service."""
    environment = {"MARKETHALL_SERVICE_URL_TEMPLATE": desk_and_address[1]}
    async with Harness("inventory", infrastructure, **environment) as harness:
        yield harness


@pytest_asyncio.fixture(loop_scope="module")
async def company(inventory: Harness) -> Company:
    """A company of its own for one test."""
    return await Company(inventory).open()
