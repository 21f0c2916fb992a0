"""The provider sandbox as a process of its own, and what the other services answer."""

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from common.testing import Harness, Infrastructure
from tests.notification.desk import Desk, served


@dataclass(frozen=True, slots=True)
class Sandbox:
    http_port: int
    smtp_port: int

    def mails(self, to: str) -> list[dict[str, Any]]:
        answer = httpx2.get(f"http://127.0.0.1:{self.http_port}/_sandbox/mails", params={"to": to, "limit": 100})
        return list(answer.json()["items"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    ports = Sandbox(free_port(), free_port())
    command = [sys.executable, "-m", "dev.sandbox", "--http-port", str(ports.http_port)]
    process = subprocess.Popen([*command, "--smtp-port", str(ports.smtp_port)])
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx2.get(f"http://127.0.0.1:{ports.http_port}/health").raise_for_status()
            break
        except httpx2.HTTPError:
            time.sleep(0.05)
    else:
        pytest.fail("the sandbox did not start")
    yield ports
    process.terminate()
    process.wait(10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk_and_address() -> AsyncIterator[tuple[Desk, str]]:
    desk = Desk()
    async with served(desk) as address:
        yield desk, address


@pytest.fixture
def desk(desk_and_address: tuple[Desk, str]) -> Desk:
    return desk_and_address[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def notification(
    infrastructure: Infrastructure, sandbox: Sandbox, desk_and_address: tuple[Desk, str]
) -> AsyncIterator[Harness]:
    environment = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(sandbox.smtp_port),
        "MARKETHALL_SERVICE_URL_TEMPLATE": desk_and_address[1],
    }
    async with Harness("notification", infrastructure, **environment) as harness:
        yield harness
