"""What passes the gateway, and how, over real sockets and the real broker."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from openapi_spec_validator import validate

from common.clock import SystemClock
from common.events.identity import SessionRevoked
from common.events.parts import CompanySettings
from common.events.tenancy import CompanyUpdated
from common.identity.identify import CONTEXT_HEADER
from common.identity.service_tokens import ServiceVerifier
from common.ids import new_id
from common.settings import ServiceSettings
from common.testing import Infrastructure, admit
from tests.gateway.backend import answer, company
from tests.gateway.conftest import Door, open_door
from tests.gateway.keys import hand_out, key_token

pytestmark = pytest.mark.asyncio(loop_scope="module")


def headers_of(told: dict[str, Any]) -> dict[str, str]:
    """The headers that reached the service, each once."""
    names = [name for name, _ in told["headers"]]
    assert len(names) == len(set(names)), names
    return dict(told["headers"])


def tenant_in(headers: dict[str, str], service: str) -> str | None:
    """The company in the context token, as the service verifies it."""
    settings = ServiceSettings(service=service, mongo_url="x", amqp_url="x")
    claims = ServiceVerifier(settings).verify(headers[CONTEXT_HEADER])
    assert claims.service == "gateway"
    return claims.tenant_id


class TestForward:
    @pytest.mark.parametrize(
        ("path", "service"),
        [
            ("/.well-known/jwks.json", "auth"),
            ("/api/auth/login", "auth"),
            ("/api/companies", "company"),
            ("/api/shops/shp_1/staff", "shop"),
            ("/api/categories", "catalog"),
            ("/api/orders/ord_1/", "sales"),
            ("/api/payments/webhooks/stripe/a", "payment"),
            ("/api/inventory/v1/products", "inventory"),
            ("/api/debts", "debt"),
        ],
    )
    async def test_reaches_the_service_of_the_prefix(self, door: Door, path: str, service: str) -> None:
        async with door.client() as client:
            told = await client.get(path, params={"a": "b c"})
        assert told.status_code == 200, told.text
        assert (told.json()["service"], told.json()["path"]) == (service, path.rstrip("/"))
        assert told.json()["query"] == "a=b+c"

    @pytest.mark.parametrize(
        "path", ["/internal/orders/1", "/api/orders/%2e%2e/%2e%2e/internal/x", "/metrics", "/api/unknown", "/"]
    )
    async def test_leads_nowhere_else(self, door: Door, path: str) -> None:
        async with door.client() as client:
            refused = await client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert refused.headers["content-type"] == "application/problem+json"

    async def test_carries_the_body_and_its_own_headers_only(self, door: Door) -> None:
        forged = {
            CONTEXT_HEADER: "forged",
            "x-markethall-actor": "user:usr_1",
            "x-markethall-default-tenant": "1",
            "x-forwarded-for": "9.9.9.9",
            "x-request-id": "mine-1",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "x-cart-token": "kept",
        }
        async with door.client(admit("company_admin", "cmp_acme"), **forged) as client:
            told = await client.post("/api/orders", json={"a": "é"})
        headers = headers_of(told.json())
        assert told.json()["body"].encode("latin-1") == '{"a":"é"}'.encode()
        assert tenant_in(headers, "sales") == "cmp_acme"
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert headers["x-cart-token"] == "kept"
        assert headers["traceparent"] == forged["traceparent"]
        assert headers["authorization"].startswith("Bearer ey")
        assert "x-markethall-actor" not in headers
        assert "x-markethall-default-tenant" not in headers
        assert headers["x-request-id"] == told.headers["x-request-id"] == "mine-1"

    @pytest.mark.parametrize("size", [10, 200_000, 1_500_000])
    async def test_streams_bodies_of_any_framing(self, door: Door, size: int) -> None:
        async def chunks() -> Any:
            for start in range(0, size, 50_000):
                yield b"x" * min(50_000, size - start)

        async with door.client() as client:
            told = (await client.put("/api/products/p", content=chunks())).json()
            whole = (await client.put("/api/products/p", content=b"x" * size)).json()
        for each in (told, whole):
            assert (each["body"] if isinstance(each["body"], int) else len(each["body"])) == size
            framing = {"content-length", "transfer-encoding"} & headers_of(each).keys()
            assert len(framing) == 1

    async def test_refuses_a_body_beyond_the_limit(self, door: Door) -> None:
        async def endless() -> Any:
            for _ in range(50):
                yield b"x" * 100_000

        async with door.client() as client:
            announced = await client.post("/api/orders", content=b"x" * 3_000_000)
            streamed = await client.post("/api/orders", content=endless())
        assert [each.status_code for each in (announced, streamed)] == [413, 413]
        assert announced.json()["code"] == "body_too_large"

    async def test_streams_a_long_answer(self, door: Door) -> None:
        async def long(_: Any, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(30):
                await send({"type": "http.response.body", "body": b"y" * 100_000, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        door.backend.special["/api/products/export"] = long
        async with door.client() as client:
            assert len((await client.get("/api/products/export")).content) == 3_000_000

    async def test_answers_every_call_with_limits_and_safe_headers(self, door: Door) -> None:
        async with door.client() as client:
            for path in ("/api/orders", "/nowhere", "/health/live", "/docs"):
                headers = (await client.get(path)).headers
                assert int(headers["ratelimit-remaining"]) < int(headers["ratelimit-limit"])
                assert headers["x-content-type-options"] == "nosniff"
                assert headers.get_list("x-request-id")[0].startswith("req_")
                assert len(headers.get_list("x-request-id")) == 1
                assert "server" not in headers


class TestDeadlines:
    async def test_says_when_a_service_is_too_slow(self, door: Door) -> None:
        gate = asyncio.Event()

        async def slow(_: Any, scope: Any, receive: Any, send: Any) -> None:
            await gate.wait()
            await answer(send, 200, {})

        door.backend.special["/api/products/slow"] = slow
        async with door.client() as client:
            refused = await client.get("/api/products/slow")
        gate.set()
        assert (refused.status_code, refused.json()["code"]) == (504, "upstream_timeout")
        assert int(refused.headers["retry-after"]) >= 1


class TestCredentials:
    @pytest.mark.parametrize("credential", ["Bearer nonsense", "Basic abc", "Bearer"])
    async def test_refuses_bad_ones(self, door: Door, credential: str) -> None:
        async with door.client() as client:
            refused = await client.get("/api/orders", headers={"authorization": credential})
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert int(refused.headers["ratelimit-limit"]) > 0

    async def test_lets_a_stale_token_not_hinder_signing_in(self, door: Door) -> None:
        async with door.client("stale", **{"x-tenant-id": "acme"}) as client:
            for path in ("login", "register", "refresh"):
                told = await client.post(f"/api/auth/{path}", json={})
                assert told.status_code == 200
                assert "authorization" not in headers_of(told.json())

    async def test_refuses_a_revoked_session_within_five_seconds(self, door: Door) -> None:
        session = new_id("ses")
        async with door.client(admit("company_admin", "cmp_acme", session_id=session)) as client:
            assert (await client.get("/api/orders")).status_code == 200
            now = int(SystemClock().now().timestamp())
            revoked = SessionRevoked(user_id="usr_x", session_id=session, revoked_before=now, reason="signed_out")
            await door.harness.publish(revoked, None)
            async with asyncio.timeout(5):
                while (await client.get("/api/orders")).status_code != 401:
                    await asyncio.sleep(0.05)


WAYS: dict[str, Callable[[str], dict[str, str]]] = {
    "token": lambda name: {"authorization": f"Bearer {admit('customer', f'cmp_{name}')}"},
    "subdomain": lambda name: {"host": f"{name}.localhost:8000"},
    "header": lambda name: {"x-tenant-id": name},
    "id": lambda name: {"x-tenant-id": f"cmp_{name}"},
    "key": lambda name: {"x-api-key": f"pk_{name}"},
    "parameter": lambda name: {"query": f"tenant_id={name}"},
}
"""How a call names its company."""

PAIRS = [pair for pair in itertools.permutations(WAYS, 2) if {*pair} != {"header", "id"}]


class TestTenant:
    @pytest.mark.parametrize(
        ("headers", "query"),
        [
            ({"x-tenant-id": "acme"}, ""),
            ({"x-tenant-id": "cmp_acme"}, ""),
            ({"host": "acme.localhost:8000"}, ""),
            ({}, "?tenant_id=acme"),
            ({"host": "acme.localhost", "x-tenant-id": "cmp_acme"}, "?tenant_id=acme"),
        ],
    )
    async def test_is_named_in_many_ways(self, door: Door, headers: dict[str, str], query: str) -> None:
        async with door.client() as client:
            told = await client.get(f"/api/products{query}", headers=headers)
        assert tenant_in(headers_of(told.json()), "catalog") == "cmp_acme"

    @pytest.mark.parametrize(("first", "second"), PAIRS)
    async def test_is_refused_where_two_disagree(self, door: Door, first: str, second: str) -> None:
        keys = {f"pk_{name}": key_token("publishable_key", f"cmp_{name}") for name in ("acme", "brot")}
        door.backend.special["/internal/keys/exchange"] = hand_out(keys)
        headers = {**WAYS[first]("acme"), **WAYS[second]("brot")}
        query = headers.pop("query", "")
        async with door.client() as client:
            refused = await client.get(f"/api/products?{query}", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "tenant_mismatch")

    @pytest.mark.parametrize(
        ("role", "headers", "status", "code"),
        [
            ("anonymous", {"x-tenant-id": "acme", "host": "brot.localhost"}, 400, "tenant_mismatch"),
            ("company_admin", {"x-tenant-id": "brot"}, 400, "tenant_mismatch"),
            ("anonymous", {"x-tenant-id": "nobody"}, 404, "not_found"),
            ("anonymous", {"x-tenant-id": "../auth/x"}, 404, "not_found"),
            ("anonymous", {"x-tenant-id": "stop"}, 403, "company_suspended"),
        ],
    )
    async def test_is_refused(self, door: Door, role: str, headers: dict[str, str], status: int, code: str) -> None:
        token = admit(role, "cmp_acme") if role != "anonymous" else None
        async with door.client(token) as client:
            refused = await client.get("/api/products", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (status, code)

    async def test_is_any_for_the_platforms_administrator(self, door: Door) -> None:
        async with door.client(admit("super_admin")) as client:
            for name, company in (("acme", "cmp_acme"), ("stop", "cmp_stop")):
                told = await client.get("/api/products", headers={"x-tenant-id": name})
                assert tenant_in(headers_of(told.json()), "catalog") == company
            told = await client.get("/api/products")
            assert tenant_in(headers_of(told.json()), "catalog") is None

    async def test_is_asked_once_and_again_after_a_change(self, door: Door) -> None:
        new = company("new")
        question = "company /internal/companies/new"
        door.backend.companies["cmp_new"] = new
        async with door.client() as client:
            for _ in range(5):
                assert (await client.get("/api/products", headers={"x-tenant-id": "new"})).status_code == 200
            assert door.backend.calls[question] == 1
            door.backend.companies["cmp_new"] = {**new, "status": "suspended"}
            changed = CompanyUpdated(company_id="cmp_new", slug="new", status="suspended", settings=CompanySettings())
            await door.harness.publish(changed, "cmp_new")
            async with asyncio.timeout(5):
                while (await client.get("/api/products", headers={"x-tenant-id": "new"})).status_code != 403:
                    await asyncio.sleep(0.05)

    async def test_is_the_default_for_visitors_only(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure, MARKETHALL_DEFAULT_TENANT="acme") as door:
            async with door.client() as client:
                told = headers_of((await client.get("/api/products")).json())
                named = headers_of((await client.get("/api/products", headers={"x-tenant-id": "acme"})).json())
            async with door.client(admit("super_admin")) as client:
                platform = headers_of((await client.get("/api/products")).json())
        assert (tenant_in(told, "catalog"), told["x-markethall-default-tenant"]) == ("cmp_acme", "1")
        assert "x-markethall-default-tenant" not in named
        assert tenant_in(platform, "catalog") is None


async def place_orders(door: Door, token: str, count: int) -> list[int]:
    """The statuses of ``count`` orders sent one after the other."""
    async with door.client(token) as client:
        return [(await client.post("/api/orders", json={})).status_code for _ in range(count)]


class TestLimits:
    async def test_counts_an_account_apart_from_an_address(self, infrastructure: Infrastructure) -> None:
        async with (
            open_door(
                infrastructure,
                MARKETHALL_SIGN_IN_LIMIT="2/h",
                MARKETHALL_WRITE_LIMIT="3/h",
                MARKETHALL_READ_LIMIT="50/h",
            ) as door,
            door.client() as client,
            door.client(admit("company_admin", "cmp_acme")) as admin,
        ):
            signs = [await client.post("/api/auth/login", json={}) for _ in range(3)]
            writes = [await client.post("/api/orders", json={}) for _ in range(4)]
            own = [await admin.post("/api/orders", json={}) for _ in range(4)]
            assert (await client.get("/api/products")).status_code == 200
        assert [each.status_code for each in signs] == [200, 200, 429]
        for each in (writes, own):
            assert [one.status_code for one in each] == [200, 200, 200, 429]
        refused = own[-1]
        assert refused.json()["code"] == "rate_limited"
        assert int(refused.headers["retry-after"]) > 1000
        assert refused.headers["ratelimit-remaining"] == "0"

    async def test_leaves_a_replay_of_orders_alone(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure) as door:
            token = admit("company_admin", "cmp_acme")
            answers = await asyncio.gather(*(place_orders(door, token, 40) for _ in range(16)))
        assert {status for each in answers for status in each} == {200}

    async def test_stays_open_while_redis_is_away(self, infrastructure: Infrastructure) -> None:
        limits = {"REDIS_URL": "redis://127.0.0.1:1/0", "MARKETHALL_WRITE_LIMIT": "2/h"}
        async with open_door(infrastructure, **limits) as door, door.client() as client:
            answers = [(await client.post("/api/orders", json={})).status_code for _ in range(3)]
        assert answers == [200, 200, 429]


class TestHealth:
    async def test_tells_of_all_thirteen(self, door: Door) -> None:
        async with door.client() as client:
            told = await client.get("/health")
            live = await client.get("/health/live")
        assert (told.status_code, live.json()) == (200, {"status": "up"})
        assert len(told.json()["services"]) == 13
        assert told.json()["services"]["sales"] == {"status": "up"}

    async def test_tells_what_is_down_and_the_reason_to_administrators(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure) as door:
            door.backend.down = {"audit"}
            async with door.client() as client, door.client(admit("super_admin")) as admin:
                told, ready = await client.get("/health"), await client.get("/health/ready")
                reasons = await admin.get("/health")
        assert (told.status_code, ready.status_code) == (503, 200)
        assert told.json()["services"]["audit"] == {"status": "down"}
        assert reasons.json()["services"]["audit"] == {"status": "down", "reason": "answered 503"}
        assert set(ready.json()["services"]) == {"gateway", "auth", "catalog", "sales", "payment", "inventory"}

    async def test_is_not_ready_without_a_service_that_sells(self, infrastructure: Infrastructure) -> None:
        async with open_door(infrastructure) as door:
            door.backend.down = {"inventory"}
            async with door.client() as client:
                assert (await client.get("/health/ready")).status_code == 503


class TestDocuments:
    async def test_merges_openapi(self, door: Door) -> None:
        async with door.client() as client:
            document = (await client.get("/openapi.json")).json()
        validate(document)
        assert document["openapi"].startswith("3.1")
        assert {"/api/orders", "/api/products", "/health"} <= set(document["paths"])
        assert not any(path.startswith("/internal") for path in document["paths"])

    async def test_lists_operations_without_foreign_scripts(self, door: Door) -> None:
        async with door.client() as client:
            page = await client.get("/docs")
            alias = await client.get("/api/docs")
        assert "/api/orders" in page.text
        assert "List &lt;sales&gt;" in page.text
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert alias.text == page.text

    async def test_tells_the_events(self, door: Door) -> None:
        async with door.client() as client:
            document = (await client.get("/asyncapi.json")).json()
        assert document["asyncapi"] == "3.0.0"
        assert document["operations"]["sales.sends.order.created"]["action"] == "send"
        assert document["operations"]["inventory.receives.order.created"]["action"] == "receive"
