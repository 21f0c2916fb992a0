"""Pages of other origins: preflights, what their answers may show, and the headers that browsers obey."""

import asyncio

import pytest

from common.events.parts import CompanySettings
from common.events.tenancy import CompanyUpdated
from common.testing import admit
from tests.gateway.backend import company
from tests.gateway.conftest import Door

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOP = "https://shop.example"
ASKS = {"access-control-request-method": "PATCH", "access-control-request-headers": "authorization,if-match"}


@pytest.fixture(autouse=True)
def companies(door: Door) -> None:
    door.backend.companies["cmp_open"] = company("open", origins=[SHOP])


class TestPreflight:
    @pytest.mark.parametrize(
        ("origin", "host", "path", "allowed"),
        [
            (SHOP, "open.localhost", "/api/products/prd_1", True),
            (SHOP, "localhost", "/api/products?tenant_id=open", True),
            (SHOP, "localhost", "/api/products", True),  # the company is named by the call to come
            (SHOP, "acme.localhost", "/api/products", False),
            (SHOP, "localhost", "/api/products?tenant_id=acme", False),
            ("https://evil.example", "open.localhost", "/api/products", False),
            ("https://evil.example", "localhost", "/api/products", False),
            ("null", "localhost", "/api/products", False),
            ("http://acme.localhost", "localhost", "/api/products", True),
            ("https://localhost.evil.example", "localhost", "/api/products", False),
        ],
    )
    async def test_is_answered_here(self, door: Door, origin: str, host: str, path: str, allowed: bool) -> None:
        before = sum(door.backend.calls[key] for key in door.backend.calls if "/api/" in key)
        async with door.client() as client:
            told = await client.options(path, headers={"origin": origin, "host": host, **ASKS})
        assert told.status_code == 204
        assert told.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert "Origin" in told.headers["vary"]
        if allowed:
            assert told.headers["access-control-allow-credentials"] == "true"
            assert "PATCH" in told.headers["access-control-allow-methods"]
            assert "Idempotency-Key" in told.headers["access-control-allow-headers"]
        assert sum(door.backend.calls[key] for key in door.backend.calls if "/api/" in key) == before

    async def test_is_none_without_a_method_to_ask_for(self, door: Door) -> None:
        async with door.client() as client:
            told = await client.options("/api/products", headers={"origin": SHOP})
        assert told.json()["method"] == "OPTIONS"


class TestAnswer:
    async def test_is_shown_to_pages_that_the_company_allows(self, door: Door) -> None:
        async with door.client(admit("customer", "cmp_open")) as client:
            own = await client.get("/api/products", headers={"origin": SHOP})
            foreign = await client.get("/api/products", headers={"origin": "https://evil.example"})
        async with door.client(admit("customer", "cmp_acme")) as client:
            elsewhere = await client.get("/api/products", headers={"origin": SHOP})
        assert own.headers["access-control-allow-origin"] == SHOP
        for name in ("ETag", "RateLimit-Remaining", "X-Request-ID", "X-Cart-Token", "Retry-After"):
            assert name in own.headers["access-control-expose-headers"]
        for each in (foreign, elsewhere):
            assert each.status_code == 200
            assert "access-control-allow-origin" not in each.headers
        assert {each.headers["vary"] for each in (own, foreign)} == {"Origin, Accept-Encoding"}

    async def test_is_shown_when_it_is_a_refusal(self, door: Door) -> None:
        async with door.client("nonsense") as client:
            refused = await client.get("/api/orders", headers={"origin": SHOP})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == SHOP

    async def test_is_hidden_again_once_the_company_says_so(self, door: Door) -> None:
        async with door.client(admit("customer", "cmp_open")) as client:
            told = await client.get("/api/products", headers={"origin": SHOP})
            asked = await client.options("/api/products", headers={"origin": SHOP, **ASKS})
            for each in (told, asked):
                assert "access-control-allow-origin" in each.headers
            door.backend.companies["cmp_open"] = company("open")
            changed = CompanyUpdated(company_id="cmp_open", slug="open", status="active", settings=CompanySettings())
            await door.harness.publish(changed, "cmp_open")
            async with asyncio.timeout(5):
                while "access-control-allow-origin" in told.headers:
                    await asyncio.sleep(0.02)
                    told = await client.get("/api/products", headers={"origin": SHOP})
            asked = await client.options("/api/products", headers={"origin": SHOP, **ASKS})
            assert "access-control-allow-origin" not in asked.headers
