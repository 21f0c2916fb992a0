"""The company service with a real auth service behind it, on the real servers."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest_asyncio
import uvicorn

from common.ids import new_id
from common.testing import Harness, Infrastructure
from tests.company.names import NameServer

PASSWORD = "Test123!"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def auth(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    async with Harness("auth", infrastructure) as harness:
        yield harness


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def names() -> AsyncIterator[NameServer]:
    async with NameServer() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(auth: Harness, names: NameServer, infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(auth.app, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    environment = {
        "MARKETHALL_SERVICE_URL_TEMPLATE": address,
        "MARKETHALL_DNS_SERVERS": json.dumps([names.address]),
        "MARKETHALL_BASE_DOMAINS": json.dumps(["localhost", "platform.example"]),
    }
    async with Harness("company", infrastructure, **environment) as harness:
        yield harness
    server.should_exit = True
    await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lonely(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    """The company service while auth is away."""
    address = {"MARKETHALL_SERVICE_URL_TEMPLATE": "http://127.0.0.1:1"}
    async with Harness("company", infrastructure, **address) as harness:
        yield harness


def body(**more: Any) -> dict[str, Any]:
    """A company that nobody has."""
    slug = new_id("co").replace("_", "-")
    admin = {"email": f"admin@{slug}.example", "password": PASSWORD, "name": "Alex"}
    return {"name": "Acme", "slug": slug, "currency": "EUR", "timezone": "Europe/Berlin", "admin": admin, **more}


async def found(company: Harness, wanted: dict[str, Any] | None = None, **headers: str) -> httpx2.Response:
    """Found a company as the platform's administrator."""
    async with company.user("super_admin") as platform:
        return await platform.post("/api/companies", json=wanted or body(), headers=headers)
