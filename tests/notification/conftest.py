"""The provider sandbox as a process of its own, and what stands around the service."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import pytest_asyncio

from common.testing import Harness, Infrastructure
from dev import secret_store
from dev.provision.environments import service_account
from tests.notification.desk import Desk, Door, served
from tests.notification.sandbox import Sandbox


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    http_port, smtp_port = free_port(), free_port()
    url = f"http://127.0.0.1:{http_port}"
    providers = {
        "TWILIO_ACCOUNT_SID": "AC" + "5" * 32,
        "TWILIO_AUTH_TOKEN": "7" * 32,
        "TWILIO_FROM": "+15005550006",
        "TWILIO_API_BASE": url,
        "FIREBASE_CREDENTIALS": service_account(secret_store.rsa_key(), token_uri=f"{url}/token"),
        "FIREBASE_FCM_URL": f"{url}/v1/projects/{{project}}/messages:send",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp_port),
    }
    ports = ["--http-port", str(http_port), "--smtp-port", str(smtp_port)]
    environment = {**os.environ, **providers, "MARKETHALL_SANDBOX_DB": ":memory:"}
    process = subprocess.Popen([sys.executable, "-m", "dev.sandbox", *ports], env=environment)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx2.get(f"{url}/health").raise_for_status()
            break
        except httpx2.HTTPError:
            time.sleep(0.05)
    else:
        pytest.fail("the sandbox did not start")
    yield Sandbox(url, providers)
    process.terminate()
    process.wait(10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk_and_address() -> AsyncIterator[tuple[Desk, str]]:
    desk = Desk()
    async with served(desk.application()) as address:
        yield desk, address


@pytest.fixture
def desk(desk_and_address: tuple[Desk, str]) -> Desk:
    return desk_and_address[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def notification(
    infrastructure: Infrastructure, sandbox: Sandbox, desk_and_address: tuple[Desk, str]
) -> AsyncIterator[Harness]:
    door = Door()
    async with served(door.application()) as outside:
        environment = {"MARKETHALL_SERVICE_URL_TEMPLATE": desk_and_address[1], "MARKETHALL_PUBLIC_URL": outside}
        async with Harness("notification", infrastructure, **sandbox.providers, **environment) as harness:
            door.harness = harness
            yield harness
            door.harness = None
