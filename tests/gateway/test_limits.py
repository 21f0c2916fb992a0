"""Limits: who counts together, and exactly, also over several gateways that share Redis."""

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from common.testing import Infrastructure, admit
from dev.servers.install import install_debian_package
from services.gateway.service import limits as limits_module
from services.gateway.service.limits import Limits
from services.gateway.settings import Settings
from tests.gateway.backend import company
from tests.gateway.conftest import open_door
from tests.gateway.keys import hand_out, key_token

pytestmark = pytest.mark.asyncio(loop_scope="module")

GATEWAYS, TRIES, BURST = 4, 500, 1000
LIMIT = f"100/h;burst={BURST}"
ONE_GATEWAY = f"""
import asyncio
from services.gateway.service.limits import Limits
from services.gateway.settings import Settings

async def main():
    limits = Limits(Settings())
    taken = [await limits.take({LIMIT!r}, "caller") for _ in range({TRIES})]
    print(sum(each.retry_seconds is None for each in taken))

asyncio.run(main())
"""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@asynccontextmanager
async def redis(port: int, folder: Path) -> AsyncIterator[str]:
    """A Redis server; its address."""
    if shutil.which("redis-server") is None:
        install_debian_package("redis-server", instead="REDIS_URL")
    program = shutil.which("redis-server")
    assert program is not None
    arguments = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    server = await asyncio.create_subprocess_exec(program, *arguments, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        await server.wait()


def settings(redis_url: str) -> Settings:
    return Settings(amqp_url=SecretStr("amqp://localhost/"), redis_url=SecretStr(redis_url))


class TestShared:
    async def test_is_exact_over_four_gateways(self, tmp_path: Path) -> None:
        async with redis(free_port(), tmp_path) as url:
            environment = {"REDIS_URL": url, "AMQP_URL": "amqp://localhost/"}
            gateways = [
                await asyncio.create_subprocess_exec(
                    sys.executable, "-c", ONE_GATEWAY, stdout=asyncio.subprocess.PIPE, env=environment
                )
                for _ in range(GATEWAYS)
            ]
            told = [(await gateway.communicate())[0] for gateway in gateways]
        assert abs(sum(map(int, told)) - BURST) <= BURST // 100

    async def test_counts_alone_while_redis_is_away_and_together_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits_module, "LONGEST_PAUSE_SECONDS", 0.05)
        port = free_port()
        one, other = Limits(settings(f"redis://127.0.0.1:{port}/0")), Limits(settings(f"redis://127.0.0.1:{port}/0"))
        alone = [(await each.take("2/h", "caller")).retry_seconds is None for each in (one, other) for _ in range(3)]
        assert alone == [True, True, False] * 2
        assert limits_module._shared._value.get() == 0
        async with redis(port, tmp_path):
            async with asyncio.timeout(10):
                while limits_module._shared._value.get() == 0:
                    await one.take("1000/s", "somebody")
                    await asyncio.sleep(0.01)
                while (await other.take("2/h", "caller")).remaining != 1:
                    await asyncio.sleep(0.01)
            assert (await one.take("2/h", "caller")).remaining == 0
            assert (await other.take("2/h", "caller")).retry_seconds is not None


class TestTogether:
    async def test_visitors_of_an_address_share_its_allowance(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure, MARKETHALL_READ_LIMIT="3/h") as door:
            keys = {f"pk_{number}": key_token("publishable_key", "cmp_acme") for number in range(2)}
            door.backend.special["/internal/keys/exchange"] = hand_out(keys)
            async with door.client() as client:
                heads: tuple[dict[str, str], ...] = ({}, {"x-api-key": "pk_0"}, {"x-api-key": "pk_1"}, {})
                told = [await client.get("/api/products", headers=head) for head in heads]
                signed_in = await client.get(
                    "/api/products", headers={"authorization": f"Bearer {admit('customer', 'cmp_acme')}"}
                )
        assert [each.status_code for each in told] == [200, 200, 200, 429]
        assert signed_in.status_code == 200

    async def test_a_key_has_a_limit_of_its_own(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure, MARKETHALL_KEY_LIMIT="2/h") as door, door.client() as client:
            door.backend.special["/internal/keys/exchange"] = hand_out({"sk_1": key_token("secret_key", "cmp_acme")})
            told = [await client.get("/api/products", headers={"x-api-key": "sk_1"}) for _ in range(3)]
        assert [each.status_code for each in told] == [200, 200, 429]
        assert [each.headers["ratelimit-remaining"] for each in told] == ["1", "0", "0"]
        assert int(told[2].headers["retry-after"]) > 0

    async def test_a_company_shares_what_its_plan_allows(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure) as door:
            door.backend.companies["cmp_small"] = company("small", a_minute=4)
            callers = [admit("customer", "cmp_small"), admit("company_admin", "cmp_small"), admit("super_admin")]
            async with door.client() as client:
                known = await client.get("/api/products", headers={"x-tenant-id": "cmp_small"})
                told = [
                    await client.get(
                        "/api/products",
                        headers={"authorization": f"Bearer {callers[number % 3]}", "x-tenant-id": "cmp_small"},
                    )
                    for number in range(6)
                ]
                elsewhere = await client.get("/api/products", headers={"x-tenant-id": "acme"})
        assert (known.status_code, elsewhere.status_code) == (200, 200)
        assert [each.status_code for each in told] == [200, 200, 200, 429, 429, 429]
        assert told[0].headers["ratelimit-limit"] == "4"

    async def test_signing_in_is_counted_for_each_company_too(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure, MARKETHALL_SIGN_IN_TENANT_LIMIT="2/h") as door, door.client() as client:
            told = [
                await client.post(f"/api/auth/{path}", json={}, headers={"x-tenant-id": name})
                for path, name in (
                    ("login", "acme"),
                    ("refresh", "acme"),
                    ("password/reset", "acme"),
                    ("login", "brot"),
                )
            ]
        assert [each.status_code for each in told] == [200, 200, 429, 200]
