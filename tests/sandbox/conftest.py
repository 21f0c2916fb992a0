"""A sandbox of its own for each test, as a real process on free ports, and a receiver for its webhooks."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stripe
from aiohttp import web

SECRET = "whsec_test_fixed"
DEADLINE_SECONDS = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(check: Callable[[], Awaitable[Any]], *, seconds: float = DEADLINE_SECONDS) -> Any:
    """Ask again until the answer is truthy; fails at the deadline."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        answer = await check()
        if answer:
            return answer
        assert loop.time() < deadline, "the deadline passed"
        await asyncio.sleep(0.03)


def launch(http_port: int, smtp_port: int, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    ports = ["--http-port", str(http_port), "--smtp-port", str(smtp_port)]
    return subprocess.Popen([sys.executable, "-m", "dev.sandbox", *ports], env=environ)


@dataclass
class Receiver:
    """Takes webhooks; `refuse` of them are answered 500 first."""

    url: str
    refuse: int = 0
    received: list[tuple[bytes, str]] = field(default_factory=list)
    events: list[stripe.Event] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        payload, signature = await request.read(), request.headers["Stripe-Signature"]
        self.received.append((payload, signature))
        if self.refuse > 0:
            self.refuse -= 1
            return web.Response(status=500)
        self.events.append(stripe.Webhook.construct_event(payload, signature, SECRET, api_key="sk_test_x"))
        return web.Response()

    def types(self) -> list[str]:
        return [event.type for event in self.events]


@dataclass
class Sandbox:
    """A running sandbox; `kill` and `start` leave its database as it is."""

    http_port: int
    smtp_port: int
    environ: dict[str, str]
    session: aiohttp.ClientSession
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    async def start(self) -> None:
        self.process = launch(self.http_port, self.smtp_port, self.environ)
        await self.ready()

    async def ready(self) -> None:
        await until(self._healthy)

    async def _healthy(self) -> bool:
        assert self.process is not None and self.process.poll() is None, "the sandbox ended"
        try:
            async with self.session.get(f"{self.url}/health") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    async def get(self, path: str, **params: str) -> Any:
        async with self.session.get(f"{self.url}{path}", params=params) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def faults(self, **asked: Any) -> None:
        async with self.session.post(f"{self.url}/_sandbox/faults", json=asked) as response:
            assert response.status == 200, await response.text()

    async def clear_faults(self) -> None:
        async with self.session.delete(f"{self.url}/_sandbox/faults") as response:
            assert response.status == 200


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    port = free_port()
    taking = Receiver(f"http://127.0.0.1:{port}/hook")
    app = web.Application()
    app.router.add_post("/hook", taking.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield taking
    await runner.cleanup()


@pytest.fixture
async def sandbox(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Sandbox]:
    environ = {
        **os.environ,
        "MARKETHALL_SANDBOX_DB": str(tmp_path / "sandbox.sqlite3"),
        "MARKETHALL_SANDBOX_WEBHOOK_URL": receiver.url,
        "STRIPE_WEBHOOK_SECRET": SECRET,
    }
    async with aiohttp.ClientSession() as session:
        running = Sandbox(free_port(), free_port(), environ, session)
        await running.start()
        yield running
        running.kill()


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[stripe.StripeClient]:
    async with aiohttp.ClientSession() as session:
        yield make_client(sandbox, session)


def make_client(
    sandbox: Sandbox, session: aiohttp.ClientSession, *, key: str = "sk_test_suite", retries: int = 0
) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        http_client=stripe.AIOHTTPClient(session=session),
        base_addresses={"api": sandbox.url},
        max_network_retries=retries,
    )


async def pay(client: stripe.StripeClient, card: str, **changes: Any) -> stripe.PaymentIntent:
    """Make and confirm a payment of 19.99 GBP, changed as told; `key` is its idempotency key."""
    key = changes.pop("key", None)
    params: Any = {
        "amount": 1999,
        "currency": "gbp",
        "payment_method": card,
        "confirm": True,
        "metadata": {"paymentId": "p-1"},
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        **changes,
    }
    options: Any = {"idempotency_key": key} if key else {}
    return await client.v1.payment_intents.create_async(params, options)
