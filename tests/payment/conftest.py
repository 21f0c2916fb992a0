"""The payment service on real servers, with the provider sandbox as a process of its own, and a desk for sales.

The desk answers what sales answers on its internal addresses: which token an order carries.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from aiohttp import web

from common.clock import SystemClock
from common.events.orders import OrderCancelled, OrderCreated
from common.events.parts import OrderLine
from common.events.stock import InventoryReserved
from common.ids import new_id
from common.money import Money
from common.testing import Harness, Infrastructure

WEBHOOK_SECRET = "whsec_of_the_tests"
DEADLINE_SECONDS = 15


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Sandbox:
    """The provider sandbox: its address, and a look at what it was asked."""

    url: str

    def look(self, path: str, **params: str) -> Any:
        answer = httpx2.get(f"{self.url}/_sandbox/{path}", params=params, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def fault(self, **faults: Any) -> None:
        httpx2.post(f"{self.url}/_sandbox/faults", json=faults, timeout=10).raise_for_status()

    def clear(self) -> None:
        httpx2.delete(f"{self.url}/_sandbox/faults", timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    port = free_port()
    command = [sys.executable, "-m", "dev.sandbox", "--http-port", str(port), "--smtp-port", str(free_port())]
    process = subprocess.Popen(command, env={**os.environ, "MARKETHALL_SANDBOX_DB": ":memory:"})
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + DEADLINE_SECONDS
    while not _answers(f"{url}/health"):
        assert process.poll() is None and time.monotonic() < deadline, "the sandbox does not come up"
    yield Sandbox(url)
    process.kill()
    process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=0.2).status_code == 200
    except httpx2.HTTPError:
        return False


@dataclass
class Sales:
    """What sales would tell: orders, and the tokens they carry."""

    tokens: dict[str, str] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def order(self, request: web.Request) -> web.Response:
        found = self.orders.get(request.match_info["id"])
        return web.json_response(found) if found else web.json_response({"code": "not_found"}, status=404)

    async def instrument(self, request: web.Request) -> web.Response:
        return web.json_response({"paymentMethodToken": self.tokens.get(request.match_info["id"])})

    async def company(self, request: web.Request) -> web.Response:
        return web.json_response({"timezone": "Pacific/Auckland"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk() -> AsyncIterator[tuple[Sales, str]]:
    sales, port = Sales(), free_port()
    app = web.Application()
    app.router.add_get("/sales/internal/orders/{id}", sales.order)
    app.router.add_get("/sales/internal/orders/{id}/instrument", sales.instrument)
    app.router.add_get("/company/internal/companies/{id}", sales.company)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield sales, f"http://127.0.0.1:{port}/{{name}}"
    await runner.cleanup()


@dataclass
class Shop:
    """A company with orders to pay."""

    harness: Harness
    sales: Sales
    sandbox: Sandbox
    company: str = field(default_factory=lambda: new_id("cmp"))

    async def order(
        self,
        method: str | None = "card",
        token: str | None = "pm_card_visa",
        *,
        amount: int = 1999,
        reserve: bool = True,
        customer: str | None = None,
        shop: str | None = None,
        seconds: int = 900,
    ) -> str:
        """Place an order, with its goods held unless told otherwise; returns its id."""
        order_id, now = new_id("ord"), SystemClock().now()
        if token and method in ("card", "paypal"):
            self.sales.tokens[order_id] = token
        created = OrderCreated(
            order_id=order_id,
            number="1",
            channel="web",
            customer_id=customer,
            shop_id=shop,
            lines=[line(amount)],
            total=Money.of(amount, "GBP"),
            payment_method=method,
            has_payment_token=order_id in self.sales.tokens,
            placed_at=now,
            deadline_at=now + timedelta(seconds=seconds),
        )
        await self.harness.publish(created, self.company)
        if reserve:
            await self.reserve(order_id)
        return order_id

    async def reserve(self, order_id: str, times: int = 1) -> None:
        expires = SystemClock().now() + timedelta(minutes=15)
        reserved = InventoryReserved(order_id=order_id, lines=[], expires_at=expires)
        await self.harness.publish(reserved, self.company, times=times)

    async def cancel(self, order_id: str, amount: int = 1999, reason: str = "customer") -> None:
        cancelled = OrderCancelled(
            order_id=order_id,
            number="1",
            channel="web",
            reason=reason,
            was_confirmed=False,
            lines=[],
            total=Money.of(amount, "GBP"),
            placed_at=SystemClock().now(),
        )
        await self.harness.publish(cancelled, self.company)

    async def hears(self, event_type: str, order_id: str, count: int = 1) -> Any:
        """The event's data (the last of ``count``) once it is out."""
        found = await self.harness.events.wait_for(
            event_type, lambda event: event.data.order_id == order_id, count=count
        )
        return found[-1].data

    def admin(self) -> httpx2.AsyncClient:
        return self.harness.user("company_admin", self.company)

    async def balances(self) -> dict[str, int]:
        """Account → balance in minor units; the sums of all are asserted to be zero."""
        async with self.admin() as admin:
            told = (await admin.get("/api/payments/ledger/balances")).json()
        assert all(total["amount"] == 0 for total in told["totals"])
        return {item["account"]: item["balance"]["amount"] for item in told["items"] if item["balance"]["amount"]}


def line(amount: int) -> OrderLine:
    money = Money.of(amount, "GBP")
    return OrderLine(id="itm_1", product_id="prd_1", sku="A", name="A", quantity=1, unit_price=money, total=money)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness(
    infrastructure: Infrastructure, sandbox: Sandbox, desk: tuple[Sales, str]
) -> AsyncIterator[Harness]:
    environment = {
        "STRIPE_API_KEY": f"sk_test_{secrets.token_hex(8)}",
        "STRIPE_API_BASE": sandbox.url,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "MARKETHALL_SERVICE_URL_TEMPLATE": desk[1],
    }
    async with Harness("payment", infrastructure, **environment) as running:
        yield running


@pytest.fixture
def shop(harness: Harness, sandbox: Sandbox, desk: tuple[Sales, str]) -> Iterator[Shop]:
    yield Shop(harness, desk[0], sandbox)
    sandbox.clear()
