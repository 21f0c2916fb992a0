"""The audit service on the real servers, and its database for those who tamper with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from common.clock import monotonic_seconds
from common.testing import Harness, Infrastructure

T = TypeVar("T")
AT = datetime(2011, 1, 4, 12, tzinfo=UTC)

DEADLINE_SECONDS = 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def audit(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    folder = tmp_path_factory.mktemp("checkpoints")
    async with Harness("audit", infrastructure, MARKETHALL_AUDIT_CHECKPOINTS=str(folder)) as harness:
        yield harness


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    async with Harness("shop", infrastructure, MARKETHALL_SERVICE_URL_TEMPLATE="http://127.0.0.1:1") as harness:
        yield harness


async def events_of(harness: Harness, company: str | None, count: int, **params: Any) -> list[dict[str, Any]]:
    """The company's audit events, oldest first, once there are ``count`` of them."""
    role = "company_admin" if company else "super_admin"
    async with harness.user(role, company) as client:

        async def ask() -> list[dict[str, Any]] | None:
            answer = await client.get("/api/audit/events", params={"sort": "sequence", "limit": 100, **params})
            assert answer.status_code == 200, answer.text
            items: list[dict[str, Any]] = answer.json()["items"]
            return items if len(items) >= count else None

        return await until(ask)


async def verify(harness: Harness, company: str | None) -> dict[str, Any]:
    """The answer of the check of a chain."""
    async with harness.user("company_admin" if company else "super_admin", company) as client:
        answer = await client.get("/api/audit/verify")
    assert answer.status_code == 200, answer.text
    verdict: dict[str, Any] = answer.json()
    return verdict


async def until(ask: Callable[[], Awaitable[T | None]]) -> T:
    """Poll with a deadline until there is an answer."""
    deadline = monotonic_seconds() + DEADLINE_SECONDS
    while True:
        found = await ask()
        if found is not None:
            return found
        assert monotonic_seconds() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
