"""The realtime service on a port of this machine, on the real servers, with sales' facts beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from pydantic_core import from_json, to_json
from websockets.asyncio.client import ClientConnection, connect

from common.testing import Harness, Infrastructure
from tests.gateway.backend import Served, answer

DEADLINE_SECONDS = 10


class Sales:
    """Answers ``/internal/orders/{id}`` from ``orders``, as the sales service would, and companies likewise."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.origins: dict[str, list[str]] = {}
        self.is_down = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = scope["path"].rpartition("/")[2]
        found = self.orders.get(asked)
        if asked in self.origins:
            found = {"settings": {"allowedOrigins": self.origins[asked]}, "sequence": 1}
        status = 503 if self.is_down else 200 if found else 404
        await answer(send, status, found or {"code": "not_found"})


class Socket:
    """A client's socket that speaks in frames."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **frame: Any) -> None:
        """Send a frame."""
        await self.connection.send(to_json(frame).decode())

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            heard: dict[str, Any] = from_json(await self.connection.recv())
        return heard

    async def subscribe(self, *channels: str) -> dict[str, Any]:
        """Subscribe and return the answer."""
        await self.say(type="subscribe", channels=list(channels))
        return await self.hear()


@dataclass
class Live:
    """The served realtime service."""

    harness: Harness
    sales: Sales
    port: int

    async def ticket(self, role: str, company_id: str | None, **claims: Any) -> str:
        """A ticket for a principal."""
        async with self.harness.user(role, company_id, **claims) as user:
            issued = await user.post("/api/realtime/tickets")
        assert issued.status_code == 201, issued.text
        return str(issued.json()["ticket"])

    @asynccontextmanager
    async def socket(self, role: str, company_id: str | None, **claims: Any) -> AsyncIterator[Socket]:
        """A socket of a principal."""
        async with self.redeem(await self.ticket(role, company_id, **claims)) as opened:
            yield opened

    @asynccontextmanager
    async def redeem(self, ticket: str, **options: Any) -> AsyncIterator[Socket]:
        """A socket for a ticket."""
        options.setdefault("max_queue", None)  # a paused client would wait for its own close
        async with connect(f"ws://127.0.0.1:{self.port}/ws?ticket={ticket}", **options) as connection:
            yield Socket(connection)


@asynccontextmanager
async def serve(infrastructure: Infrastructure, **environment: str) -> AsyncIterator[Live]:
    """Serve realtime, with settings from ``environment``."""
    sales = Sales()
    async with Served(sales) as behind:
        template = f"http://127.0.0.1:{behind.port}/{{name}}"
        harness = Harness("realtime", infrastructure, MARKETHALL_SERVICE_URL_TEMPLATE=template, **environment)
        async with harness, Served(harness.app) as front:
            yield Live(harness, sales, front.port)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(infrastructure: Infrastructure) -> AsyncIterator[Live]:
    async with serve(infrastructure) as served:
        yield served
