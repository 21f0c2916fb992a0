"""The gateway on a port of this machine, on the real broker, before a backend that shows what reaches it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import pytest_asyncio

from common.testing import Harness, Infrastructure
from tests.gateway.backend import Backend, Served


@dataclass
class Door:
    """The served gateway with its backend."""

    harness: Harness
    backend: Backend
    url: str

    def client(self, token: str | None = None, **headers: str) -> httpx2.AsyncClient:
        """A client from outside."""
        own = {"authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(base_url=self.url, headers={**own, **headers}, timeout=15)


@asynccontextmanager
async def open_door(infrastructure: Infrastructure, **environment: str) -> AsyncIterator[Door]:
    """Serve backend and gateway; the settings come from ``environment``."""
    backend = Backend()
    async with Served(backend) as behind:
        template = f"http://127.0.0.1:{behind.port}/{{name}}"
        harness = Harness("gateway", infrastructure, MARKETHALL_SERVICE_URL_TEMPLATE=template, **environment)
        async with harness, Served(harness.app) as front:
            yield Door(harness, backend, f"http://localhost:{front.port}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(infrastructure: Infrastructure) -> AsyncIterator[Door]:
    async with open_door(infrastructure, MARKETHALL_ANSWER_SECONDS="2") as opened:
        yield opened
