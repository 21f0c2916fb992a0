"""Calls by another name, through the served gateway."""

import pytest

from common.testing import admit
from tests.gateway.conftest import Door
from tests.gateway.test_routes import headers_of, tenant_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADMIN = "company_admin"


class TestAlias:
    async def test_arrives_as_the_canonical_call(self, door: Door) -> None:
        async with door.client(admit(ADMIN, "cmp_acme")) as client:
            moved = (await client.put("/api/orders/ord_1/status/", json={"status": "completed"})).json()
            cancelled = (await client.delete("/api/orders/ord_1")).json()
            low = (await client.get("/api/products/low_stock", params={"limit": 5})).json()
        assert (moved["service"], moved["method"], moved["path"]) == ("sales", "POST", "/api/orders/ord_1/status")
        assert moved["body"] == '{"status":"completed"}'
        assert (cancelled["method"], cancelled["path"]) == ("POST", "/api/orders/ord_1/cancel")
        assert (low["path"], low["query"]) == ("/api/products", "stockStatus=low_stock&limit=5")

    @pytest.mark.parametrize(
        ("role", "company", "status"),
        [
            (ADMIN, "cmp_acme", 200),
            ("super_admin", None, 200),
            (ADMIN, "cmp_brot", 404),
            ("customer", None, 404),
        ],
    )
    @pytest.mark.parametrize("name", ["acme", "cmp_acme"])
    async def test_acts_in_the_company_of_its_path(
        self, door: Door, role: str, company: str | None, status: int, name: str
    ) -> None:
        async with door.client(admit(role, company)) as client:
            told = await client.get(f"/api/management/tenants/{name}/keys")
        assert told.status_code == status
        if status == 200:
            assert told.json()["path"] == "/api/keys"
            assert tenant_in(headers_of(told.json()), "auth") == "cmp_acme"

    async def test_refuses_a_path_and_a_header_that_disagree(self, door: Door) -> None:
        async with door.client(admit("super_admin")) as client:
            refused = await client.get("/api/tenants/acme/analytics-summary", headers={"x-tenant-id": "brot"})
            unknown = await client.get("/api/tenants/nobody/analytics-summary")
        assert (refused.status_code, refused.json()["code"]) == (400, "tenant_mismatch")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


class TestNotBuiltYet:
    async def test_says_so(self, door: Door) -> None:
        async with door.client() as client:
            refused = await client.post("/api/stores", json={"name": "a", "engine": "medusa"})
            other = await client.put("/api/stores", json={})
        assert (refused.status_code, refused.json()["code"]) == (501, "not_built_yet")
        assert refused.headers["content-type"] == "application/problem+json"
        assert "ratelimit-limit" in refused.headers
        assert (other.status_code, other.json()["code"]) == (405, "method_not_allowed")
        assert other.headers["allow"] == "GET, POST"
