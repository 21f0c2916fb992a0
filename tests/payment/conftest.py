"""The payment service on real servers, with the provider sandbox as a process of its own, and a desk for sales.

The desk answers what sales answers on its internal addresses: which token an order carries. It also stands
where the gateway stands for the provider's callbacks, and lets them through once a test opens the door.
"""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from aiohttp import web

from common.clock import FixedClock, SystemClock
from common.events.orders import OrderCancelled, OrderCreated
from common.events.parts import OrderLine
from common.events.stock import InventoryReserved
from common.ids import new_id
from common.money import Money
from common.testing import Harness, Infrastructure
from services.payment.domain import OrderAccount, Payment
from services.payment.service.charging import Charging
from services.payment.service.foundation import Foundation
from services.payment.service.refunding import Refunding
from services.payment.service.sweeping import Sweeping
from services.payment.service.velocity import Velocity
from services.payment.service.webhooks import Webhooks

WEBHOOK_SECRET = "whsec_of_the_tests"
WEBHOOK_PATH = "/api/payments/webhooks/stripe/platform"
PAYPAL_WEBHOOK_PATH = "/api/payments/webhooks/paypal/platform"
PAYPAL = {
    "PAYPAL_CLIENT_ID": "client-of-the-tests",
    "PAYPAL_CLIENT_SECRET": "secret-of-the-tests",
    "PAYPAL_WEBHOOK_ID": "WH-TESTS",
}
DEADLINE_SECONDS = 15
START_SECONDS = 90
"""Until a process answers, on a machine that does much else."""


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

    def rule(self, method: str, fault: str, times: int = 1) -> None:
        """A fault on the next changing calls of the provider behind a method."""
        if method == "card":
            self.fault(dropAnswers=times)
            return
        rule = {"provider": "paypal", "operation": "orders.create", "fault": fault, "times": times}
        httpx2.post(f"{self.url}/_faults", json=rule, timeout=10).raise_for_status()

    def clear(self) -> None:
        httpx2.delete(f"{self.url}/_sandbox/faults", timeout=10).raise_for_status()
        httpx2.delete(f"{self.url}/_faults", timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def desk_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def sandbox(desk_port: int) -> Iterator[Sandbox]:
    port = free_port()
    environ = {
        **os.environ,
        "MARKETHALL_SANDBOX_DB": ":memory:",
        "MARKETHALL_SANDBOX_WEBHOOK_URL": f"http://127.0.0.1:{desk_port}{WEBHOOK_PATH}",
        "MARKETHALL_SANDBOX_PAYPAL_WEBHOOK_URL": f"http://127.0.0.1:{desk_port}{PAYPAL_WEBHOOK_PATH}",
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        **PAYPAL,
    }
    command = [sys.executable, "-m", "dev.sandbox", "--http-port", str(port), "--smtp-port", str(free_port())]
    process = subprocess.Popen(command, env=environ)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
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
    """What sales would tell: orders, and the tokens they carry. Callbacks go on to ``door`` where one is set."""

    door: Harness | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    placed_by: dict[str, Any] | None = None
    last_callback: tuple[bytes, dict[str, str]] | None = None

    async def order(self, request: web.Request) -> web.Response:
        found = self.orders.get(request.match_info["id"])
        return web.json_response(found) if found else web.json_response({"code": "not_found"}, status=404)

    async def instrument(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"paymentMethodToken": self.tokens.get(request.match_info["id"]), "placedBy": self.placed_by}
        )

    async def callback(self, request: web.Request) -> web.Response:
        if self.door is None:
            return web.Response(status=204)
        signed = ("stripe-", "paypal-")
        headers = {name: value for name, value in request.headers.items() if name.lower().startswith(signed)}
        self.last_callback = (await request.read(), headers)
        async with self.door.client() as gateway:
            answer = await gateway.post(request.path, content=await request.read(), headers=headers)
        return web.Response(status=answer.status_code)

    async def company(self, request: web.Request) -> web.Response:
        return web.json_response({"timezone": "Pacific/Auckland", "settings": self.settings})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(desk_port: int) -> AsyncIterator[tuple[Sales, str]]:
    sales, port = Sales(), desk_port
    app = web.Application()
    app.router.add_get("/sales/internal/orders/{id}", sales.order)
    app.router.add_get("/sales/internal/orders/{id}/instrument", sales.instrument)
    app.router.add_get("/company/internal/companies/{id}", sales.company)
    app.router.add_post(WEBHOOK_PATH, sales.callback)
    app.router.add_post(PAYPAL_WEBHOOK_PATH, sales.callback)
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
        capture: str = "automatic",
    ) -> str:
        """Place an order, with its goods held unless told otherwise; returns its id."""
        order_id = new_id("ord")
        told: Any = {"amount": amount, "customer": customer, "shop": shop, "seconds": seconds, "capture": capture}
        await self.create(order_id, method, token, **told)
        if reserve:
            await self.reserve(order_id)
        return order_id

    async def create(
        self,
        order_id: str,
        method: str | None = "card",
        token: str | None = "pm_card_visa",
        *,
        amount: int = 1999,
        customer: str | None = None,
        shop: str | None = None,
        seconds: int = 900,
        capture: str = "automatic",
    ) -> None:
        """Say that an order exists."""
        now = SystemClock().now()
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
            capture=capture,
            placed_at=now,
            deadline_at=now + timedelta(seconds=seconds),
        )
        await self.harness.publish(created, self.company)

    async def reserve(self, order_id: str, times: int = 1) -> None:
        expires = SystemClock().now() + timedelta(minutes=15)
        reserved = InventoryReserved(order_id=order_id, lines=[], expires_at=expires)
        await self.harness.publish(reserved, self.company, times=times)

    async def cancel(self, order_id: str, amount: int = 1999, reason: str = "customer", times: int = 1) -> None:
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
        await self.harness.publish(cancelled, self.company, times=times)

    async def hears(self, event_type: str, order_id: str, count: int = 1) -> Any:
        """The event's data (the last of ``count``) once it is out."""
        found = await self.harness.events.wait_for(
            event_type, lambda event: event.data.order_id == order_id, count=count
        )
        return found[-1].data

    async def settled(self) -> None:
        """Wait until an order placed now is through: what came before it has been looked at by then."""
        marker = await self.order("cash_on_delivery")
        await self.hears("payment.initiated", marker)

    async def payments(self, order_id: str) -> list[dict[str, Any]]:
        """The order's payments as shown."""
        async with self.admin() as admin:
            answer = await admin.get("/api/payments", params={"orderId": order_id, "sort": "createdAt"})
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def account(self, order_id: str) -> OrderAccount | None:
        """The order's account once its reservation or its end is noted there."""
        found: OrderAccount | None = await self.on.accounts.for_company(self.company).find(order_id)
        return found if found and (found.reserved or found.ended) else None

    async def is_known(self, order_id: str) -> bool:
        """Whether the order's own facts have arrived."""
        found = await self.on.accounts.for_company(self.company).find(order_id)
        return found is not None and found.known

    async def ended(self, order_id: str) -> bool:
        found = await self.on.accounts.for_company(self.company).find(order_id)
        return found is not None and found.ended

    async def run_sweeper_as_of(self, seconds: int) -> None:
        """One round of a sweeper whose clock is ahead."""
        later = replace(self.on, clock=FixedClock(SystemClock().now() + timedelta(seconds=seconds)))
        refunding = Refunding(later)
        charging = Charging(later, refunding, Velocity(later.declines, later.clock))
        await Sweeping(later, charging, refunding, Webhooks(later, charging, refunding)).sweep()

    async def captured(self, order_id: str) -> int:
        found = await self.on.accounts.for_company(self.company).find(order_id)
        return found.captured if found else 0

    @property
    def on(self) -> Foundation:
        foundation: Foundation = self.harness.service.reading._on
        return foundation

    async def begin_and_crash(self, order_id: str, token: str) -> None:
        """Commit the beginning of a charge as a process does that then dies before it calls the provider."""
        account = await self.on.accounts.for_company(self.company).get(order_id)
        now = SystemClock().now()
        payment = Payment.open(account, new_id("pay"), "card", account.due, now)
        payment.instrument = self.on.sealer.seal(token)
        account.begin_try(payment.id, by_process=False)
        payment.begin(now - timedelta(minutes=1))
        await self.on.books.commit(account, [payment])

    def intent_of(self, payment_id: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = self._intents(payment_id)
        return found[0]

    def intents_of(self, payment_id: str) -> int:
        """How many payments the provider made under our id."""
        return len(self._intents(payment_id))

    def _intents(self, payment_id: str) -> list[dict[str, Any]]:
        told = self.sandbox.look("payments", limit="1000")
        items: list[dict[str, Any]] = told["items"]
        return [each for each in items if each["metadata"].get("paymentId") == payment_id]

    def authenticate(self, intent_id: str, outcome: str = "complete") -> None:
        """What the buyer does on the bank's page."""
        url = f"{self.sandbox.url}/_sandbox/authenticate/{intent_id}"
        assert httpx2.post(url, data={"outcome": outcome}, timeout=10).status_code == 303

    def buyer(self, paypal_order: str, outcome: str = "approve") -> None:
        """What the buyer does on PayPal's page."""
        url = f"{self.sandbox.url}/_sandbox/paypal/orders/{paypal_order}/{outcome}"
        answer = httpx2.post(url, timeout=10)
        assert answer.status_code == 200, answer.text

    async def stored(self, payment_id: str) -> Payment:
        """The payment as it stands in the database."""
        found: Payment = await self.on.payments.for_company(self.company).get(payment_id)
        return found

    def refunded_at_provider(self, order_id: str) -> int:
        """What the provider sent back for an order's payments, in minor units."""
        items = self.sandbox.look("payments", limit="1000")["items"]
        mine = {each["id"] for each in items if each["metadata"].get("orderId") == order_id}
        refunds = self.sandbox.look("refunds", limit="1000")["items"]
        return sum(each["amount"] for each in refunds if each["payment_intent"] in mine)

    async def is_settled_at_provider(self, order_id: str) -> bool:
        """Whether the bank has answered to the order's refund."""
        items = self.sandbox.look("payments", limit="1000")["items"]
        mine = {each["id"] for each in items if each["metadata"].get("orderId") == order_id}
        refunds = self.sandbox.look("refunds", limit="1000")["items"]
        return all(each["status"] == "succeeded" for each in refunds if each["payment_intent"] in mine)

    def admin(self) -> httpx2.AsyncClient:
        return self.harness.user("company_admin", self.company)

    async def balances(self) -> dict[str, int]:
        """Account → balance in minor units; the sums of all are asserted to be zero."""
        async with self.admin() as admin:
            told = (await admin.get("/api/payments/ledger/balances")).json()
        assert all(total["amount"] == 0 for total in told["totals"])
        return {item["account"]: item["balance"]["amount"] for item in told["items"] if item["balance"]["amount"]}


async def until(check: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again until the answer is truthy; fails at the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (answer := await check()):
        assert time.monotonic() < deadline, "the deadline passed"
        await asyncio.sleep(0.03)
    return answer


def line(amount: int) -> OrderLine:
    money = Money.of(amount, "GBP")
    return OrderLine(id="itm_1", product_id="prd_1", sku="A", name="A", quantity=1, unit_price=money, total=money)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness(infrastructure: Infrastructure, sandbox: Sandbox, desk: tuple[Sales, str]) -> AsyncIterator[Harness]:
    environment = {
        "STRIPE_API_KEY": f"sk_test_{secrets.token_hex(8)}",
        "STRIPE_API_BASE": sandbox.url,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "PAYPAL_API_BASE": sandbox.url,
        **PAYPAL,
        "MARKETHALL_SERVICE_URL_TEMPLATE": desk[1],
    }
    async with Harness("payment", infrastructure, **environment) as running:
        yield running


@pytest.fixture
def shop(harness: Harness, sandbox: Sandbox, desk: tuple[Sales, str]) -> Iterator[Shop]:
    yield Shop(harness, desk[0], sandbox)
    desk[0].door = None
    sandbox.clear()
