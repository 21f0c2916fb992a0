"""Companies' own domains: whose a call is by the name it was sent to, and what strangers' names may cost."""

import asyncio

import httpx2
import pytest

from common.events.tenancy import DomainRemoved, DomainVerified
from common.testing import Infrastructure, admit
from services.gateway.domain.origins import is_at_home
from services.gateway.domain.tenancy import own_domain_of
from tests.gateway.backend import company
from tests.gateway.conftest import Door, open_door
from tests.gateway.test_routes import headers_of, tenant_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOME = "shop.acme.example"
ASKS = {"access-control-request-method": "PATCH"}


@pytest.fixture(autouse=True)
def companies(door: Door) -> None:
    door.backend.companies["cmp_acme"] = company("acme", domains=[HOME])
    door.backend.companies["cmp_stop"] = company("stop", "suspended", domains=["shop.stop.example"])


async def tenant_of(client: httpx2.AsyncClient) -> str | None:
    """The company that a service is told of."""
    answer = await client.get("/api/products")
    assert answer.status_code == 200, answer.text
    return tenant_in(headers_of(answer.json()), "catalog")


class TestName:
    @pytest.mark.parametrize(
        ("host", "domain"),
        [
            ("shop.acme.example", HOME),
            ("Shop.ACME.Example.:8443", HOME),
            ("localhost", None),
            ("localhost:8000", None),
            ("acme.localhost:8000", None),
            ("127.0.0.1:8000", None),
            ("[::1]:8000", None),
            ("gateway", None),
            ("gateway:8000", None),
            ("", None),
            ("a b.example", None),
            ("-a.example", None),
            ("a/../b.example", None),
            ("shop.acme.example@evil.example", None),
            ("x" * 64 + ".example", None),
            ("a." * 130 + "example", None),
        ],
    )
    async def test_can_be_somebodys_own(self, host: str, domain: str | None) -> None:
        assert own_domain_of(host, ["localhost"]) == domain


class TestTenant:
    async def test_is_who_is_at_home_there(self, door: Door) -> None:
        async with door.client(host=HOME) as client:
            for _ in range(5):
                assert await tenant_of(client) == "cmp_acme"
        async with door.client(admit("customer", "cmp_acme"), host=f"{HOME.upper()}:443") as client:
            assert await tenant_of(client) == "cmp_acme"
        assert door.backend.calls[f"company /internal/companies/by-domain/{HOME}"] == 1

    async def test_must_agree_with_what_else_is_named(self, door: Door) -> None:
        async with door.client(admit("customer", "cmp_brot"), host=HOME) as client:
            refused = [await client.get("/api/products")]
        async with door.client(host=HOME) as client:
            refused.append(await client.get("/api/products", headers={"x-tenant-id": "brot"}))
            refused.append(await client.get("/api/products?tenant_id=brot"))
        assert [(each.status_code, each.json()["code"]) for each in refused] == [(400, "tenant_mismatch")] * 3

    async def test_is_refused_while_it_is_suspended(self, door: Door) -> None:
        async with door.client(host="shop.stop.example") as client:
            refused = await client.get("/api/products")
        assert (refused.status_code, refused.json()["code"]) == (403, "company_suspended")

    async def test_is_nobody_where_nobody_is_at_home(self, door: Door) -> None:
        async with door.client(host="nobody.example") as client:
            assert await tenant_of(client) is None
            assert await tenant_of(client) is None
        assert door.backend.calls["company /internal/companies/by-domain/nobody.example"] == 1

    async def test_changes_as_soon_as_the_domain_moves(self, door: Door) -> None:
        name = "moving.example"
        async with door.client(host=name) as client:
            assert await tenant_of(client) is None
            door.backend.companies["cmp_brot"] = company("brot", domains=[name])
            await door.harness.publish(DomainVerified(domain_id="dom_1", name=name), "cmp_brot")
            await _becomes(client, "cmp_brot")
            door.backend.companies["cmp_brot"] = company("brot")
            await door.harness.publish(DomainRemoved(domain_id="dom_1", name=name, reason="deleted"), "cmp_brot")
            await _becomes(client, None)

    async def test_is_not_asked_for_to_tell_of_health(self, door: Door) -> None:
        async with door.client(host="probe.example") as client:
            assert (await client.get("/health/live")).status_code == 200
            assert (await client.get("/nowhere")).status_code == 404
        assert door.backend.calls["company /internal/companies/by-domain/probe.example"] == 0


class TestStrangers:
    async def test_ask_for_so_many_names_and_no_more(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure, MARKETHALL_SIGN_IN_LIMIT="2/h;burst=3") as door:
            door.backend.companies["cmp_acme"] = company("acme", domains=[HOME])
            async with door.client() as client:
                first = await client.get("/api/products", headers={"host": HOME})
                others = [await client.get("/api/products", headers={"host": f"n{n}.example"}) for n in range(6)]
                known = await client.get("/api/products", headers={"host": HOME})
        asked = [each for each in door.backend.calls if "/by-domain/" in each]
        assert [first.status_code, known.status_code] == [200, 200]
        assert [each.status_code for each in others] == [200, 200, 429, 429, 429, 429]
        assert len(asked) == 3


class TestPage:
    async def test_of_the_companys_own_domain_may_call(self, door: Door) -> None:
        origin = f"https://{HOME}"
        async with door.client(admit("customer", "cmp_acme")) as client:
            own = await client.get("/api/products", headers={"origin": origin})
            preflight = await client.options("/api/products?tenant_id=acme", headers={"origin": origin, **ASKS})
        async with door.client(admit("customer", "cmp_brot")) as client:
            foreign = await client.get("/api/products", headers={"origin": origin})
        assert own.headers["access-control-allow-origin"] == origin
        assert preflight.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-origin" not in foreign.headers

    @pytest.mark.parametrize(
        ("origin", "any_port", "is_home"),
        [
            (f"https://{HOME}", False, True),
            (f"http://{HOME}", False, False),
            (f"https://{HOME}:8443", False, False),
            (f"http://{HOME}:8443", True, True),
            (f"ftp://{HOME}", True, False),
            (f"https://evil.{HOME}", True, False),
            ("null", True, False),
        ],
    )
    async def test_comes_over_https_outside_development(self, origin: str, any_port: bool, is_home: bool) -> None:
        assert is_at_home(origin, {HOME}, any_port=any_port) is is_home


async def _becomes(client: httpx2.AsyncClient, wanted: str | None) -> None:
    async with asyncio.timeout(10):
        while await tenant_of(client) != wanted:
            await asyncio.sleep(0.05)
