"""API keys: made, exchanged, rotated, revoked; nobody gives what they lack."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from common.events.tenancy import CompanySuspended
from common.identity.permissions import ANONYMOUS, permissions_of, with_reads
from common.ids import new_id
from common.testing import Harness
from tests.auth.conftest import claims_of, employed, eventually, login

pytestmark = pytest.mark.asyncio(loop_scope="module")
SHAPE = {"id", "companyId", "version", "createdAt", "updatedAt", "name", "type", "scopes", "prefix", "lastUsedAt"}
SHAPE |= {"expiresAt", "revokedAt"}


async def make(auth: Harness, company: str, *scopes: str, type: str = "secret", **more: Any) -> dict[str, Any]:
    """A key made by the company's admin."""
    async with auth.user("company_admin", company) as client:
        answer = await client.post("/api/keys", json={"name": "K", "type": type, "scopes": list(scopes), **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def exchange(auth: Harness, key: str) -> httpx2.Response:
    """What the gateway asks."""
    async with auth.service_client("gateway") as client:
        return await client.post("/internal/keys/exchange", json={"key": key})


async def token_of(auth: Harness, key: str) -> str:
    """The token of a key that counts."""
    answer = await exchange(auth, key)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["accessToken"])


class TestMake:
    async def test_shows_the_key_once_and_stores_no_trace_of_it(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await make(auth, company, "orders.write", expiresAt="2999-01-01T00:00:00Z")
        assert set(made) == SHAPE | {"key"}
        assert made["key"].startswith("mh_sk_") and made["key"].startswith(made["prefix"])
        async with auth.user("company_admin", company) as client:
            listed = (await client.get("/api/keys")).json()["items"]
            read = await client.get(f"/api/keys/{made['id']}")
        assert [set(key) for key in listed] == [SHAPE]
        assert (read.json(), read.headers["etag"]) == (listed[0], '"1"')
        stored = str(await auth.runtime.database["api_keys"].find_one({"_id": made["id"]}))
        assert made["key"] not in stored
        event = (await auth.events.wait_for("apikey.created", lambda e: e.data.key_id == made["id"]))[0]
        assert made["key"] not in event.data.model_dump_json() and event.company_id == company

    @pytest.mark.parametrize(
        ("type", "scopes", "status", "code"),
        [
            ("secret", ["orders.raed"], 422, "unknown_scope"),
            ("secret", ["internal.call"], 422, "unknown_scope"),
            ("secret", ["platform.manage"], 403, "permission_denied"),
            ("publishable", ["orders.read"], 422, "scope_not_publishable"),
            ("publishable", ["own.cart", "products.read"], 201, None),
            ("secret", [], 201, None),
        ],
    )
    async def test_takes_only_scopes_that_can_be_given(
        self, auth: Harness, type: str, scopes: list[str], status: int, code: str | None
    ) -> None:
        async with auth.user("company_admin", new_id("cmp")) as client:
            answer = await client.post("/api/keys", json={"name": "K", "type": type, "scopes": scopes})
        assert (answer.status_code, answer.json().get("code")) == (status, code)

    async def test_lets_a_publishable_key_without_scopes_do_what_a_visitor_may(self, auth: Harness) -> None:
        made = await make(auth, new_id("cmp"), type="publishable")
        assert made["scopes"] == sorted(ANONYMOUS)
        assert (await make(auth, new_id("cmp")))["scopes"] == []

    async def test_gives_no_key_to_whoever_is_limited_to_shops(self, auth: Harness) -> None:
        company = new_id("cmp")
        kept = await make(auth, company, "orders.read")
        user_id, email, _ = await employed(auth, company, "shop_staff", shopIds=["shp_1"])
        async with auth.user("company_admin", company) as client:
            body = {"name": "Keys", "permissions": ["keys.manage", "orders.read"]}
            role = (await client.post("/api/roles", json=body)).json()
            await client.patch(f"/api/users/{user_id}", json={"roleId": role["id"]})
        token = (await login(auth, email)).json()["accessToken"]
        async with auth.client(token) as client:
            answers = [
                await client.post("/api/keys", json={"name": "K", "type": "secret", "scopes": ["orders.read"]}),
                await client.post(f"/api/keys/{kept['id']}/rotate"),
                await client.delete(f"/api/keys/{kept['id']}"),
            ]
            listed = await client.get("/api/keys")
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "permission_denied")}
        assert listed.status_code == 200

    async def test_gives_a_company_no_key_to_the_platform(self, auth: Harness) -> None:
        async with auth.user("super_admin", None, tenant=new_id("cmp")) as client:
            answer = await client.post(
                "/api/keys", json={"name": "K", "type": "secret", "scopes": ["platform.manage", "companies.list"]}
            )
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_scope")

    @pytest.mark.parametrize("body", [{"expiresAt": "2020-01-01T00:00:00Z"}, {"type": "admin"}, {"color": 1}])
    async def test_refuses_what_is_wrong(self, auth: Harness, body: dict[str, Any]) -> None:
        async with auth.user("company_admin", new_id("cmp")) as client:
            answer = await client.post("/api/keys", json={"name": "K", "type": "secret", **body})
            assert answer.status_code == 422
            assert (await client.get("/api/keys")).json()["items"] == []

    async def test_needs_the_permission_and_keeps_companies_apart(self, auth: Harness) -> None:
        made = await make(auth, new_id("cmp"))
        async with auth.user("shop_manager", new_id("cmp")) as client:
            assert (await client.get("/api/keys")).status_code == 403
        async with auth.user("company_admin", new_id("cmp")) as client:
            path = f"/api/keys/{made['id']}"
            answers = [await client.get(path), await client.patch(path, json={"name": "X"}), await client.delete(path)]
            answers.append(await client.post(f"{path}/rotate"))
        assert [answer.status_code for answer in answers] == [404] * 4


class TestExchange:
    async def test_gives_a_short_token_with_what_the_scopes_imply(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await make(auth, company, "orders.write")
        answer = (await exchange(auth, made["key"])).json()
        assert (answer["type"], answer["companyId"]) == ("secret", company)
        assert 0 < answer["expiresIn"] <= 300
        claims = await claims_of(auth, answer["accessToken"])
        assert (claims.kind, claims.subject, claims.session_id) == ("key", made["id"], made["id"])
        assert (claims.role, claims.permissions) == ("secret_key", ("orders.read", "orders.write"))
        assert claims.expires_at - claims.issued_at <= 300

    async def test_gives_a_key_without_scopes_nothing(self, auth: Harness) -> None:
        made = await make(auth, new_id("cmp"))
        claims = await claims_of(auth, await token_of(auth, made["key"]))
        assert permissions_of(claims.role, list(claims.permissions or ("x.y",))) == frozenset()

    async def test_never_outlasts_the_key(self, auth: Harness) -> None:
        soon = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
        made = await make(auth, new_id("cmp"), expiresAt=soon)
        assert (await exchange(auth, made["key"])).json()["expiresIn"] <= 60

    async def test_refuses_unknown_and_expired_keys_alike(self, auth: Harness) -> None:
        made = await make(auth, new_id("cmp"), expiresAt="2999-01-01T00:00:00Z")
        past = datetime.now(UTC) - timedelta(seconds=1)
        await auth.runtime.database["api_keys"].update_one({"_id": made["id"]}, {"$set": {"expiresAt": past}})
        answers = [await exchange(auth, made["key"]), await exchange(auth, "mh_sk_nothing"), await exchange(auth, "é")]
        assert [answer.status_code for answer in answers] == [404] * 3

    async def test_refuses_a_suspended_company(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await make(auth, company)
        await auth.publish(CompanySuspended(company_id=company, status="suspended"), company, sequence=2)
        refused = await eventually(lambda: _status_is(auth, made["key"], 403))
        assert refused.json()["code"] == "company_suspended"

    async def test_is_for_services_only(self, auth: Harness) -> None:
        async with auth.user("company_admin", new_id("cmp")) as client:
            assert (await client.post("/internal/keys/exchange", json={"key": "k"})).status_code == 403

    async def test_notes_the_use_once_a_minute(self, auth: Harness) -> None:
        made = await make(auth, new_id("cmp"))
        await asyncio.gather(*(exchange(auth, made["key"]) for _ in range(5)))
        first = await eventually(lambda: _last_use(auth, made["id"]))
        await exchange(auth, made["key"])
        await auth.service.api_keys.close()
        assert await _last_use(auth, made["id"]) == first
        old = first - timedelta(seconds=61)
        await auth.runtime.database["api_keys"].update_one({"_id": made["id"]}, {"$set": {"lastUsedAt": old}})
        await exchange(auth, made["key"])
        await auth.service.api_keys.close()
        assert await _last_use(auth, made["id"]) > first


class TestRotate:
    async def test_lets_the_old_key_work_until_the_overlap_ends(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await make(auth, company, "orders.read")
        async with auth.user("company_admin", company) as client:
            rotated = (await client.post(f"/api/keys/{made['id']}/rotate", json={"overlapSeconds": 60})).json()
        assert (rotated["id"], rotated["scopes"]) == (made["id"], ["orders.read"])
        assert rotated["key"] != made["key"]
        assert (await exchange(auth, rotated["key"])).status_code == 200
        assert (await exchange(auth, made["key"])).json()["expiresIn"] <= 60
        past = datetime.now(UTC) - timedelta(seconds=1)
        await auth.runtime.database["api_keys"].update_one({"_id": made["id"]}, {"$set": {"previousUntil": past}})
        assert (await exchange(auth, made["key"])).status_code == 404
        assert (await exchange(auth, rotated["key"])).status_code == 200

    async def test_without_overlap_stops_the_old_key_and_its_tokens_at_once(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await make(auth, company, "keys.manage")
        old = await token_of(auth, made["key"])
        async with auth.user("company_admin", company) as client:
            rotated = (await client.post(f"/api/keys/{made['id']}/rotate", json={"overlapSeconds": 0})).json()
        assert (await exchange(auth, made["key"])).status_code == 404
        await eventually(lambda: _is_refused(auth, old))
        async with auth.client(await token_of(auth, rotated["key"])) as client:
            assert (await client.get("/api/keys")).status_code == 200
        async with auth.service_client("sales") as service:
            entries = (await service.get("/internal/revocations")).json()["sessions"]
        assert (made["id"], None) in {(entry["userId"], entry["sessionId"]) for entry in entries}

    @pytest.mark.parametrize("overlap", [-1, 604_801, 1.5, "60"])
    async def test_bounds_the_overlap(self, auth: Harness, overlap: Any) -> None:
        company = new_id("cmp")
        made = await make(auth, company)
        async with auth.user("company_admin", company) as client:
            answer = await client.post(f"/api/keys/{made['id']}/rotate", json={"overlapSeconds": overlap})
        assert answer.status_code == 422


class TestRevoke:
    async def test_ends_key_and_tokens_and_stays_listed(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await make(auth, company, "keys.manage")
        token = await token_of(auth, made["key"])
        async with auth.user("company_admin", company) as client:
            assert (await client.delete(f"/api/keys/{made['id']}")).status_code == 204
            assert (await client.delete(f"/api/keys/{made['id']}")).status_code == 204
            shown = (await client.get("/api/keys")).json()["items"][0]
            rotated = await client.post(f"/api/keys/{made['id']}/rotate")
        assert shown["revokedAt"] is not None
        assert (rotated.status_code, rotated.json()["code"]) == (409, "key_revoked")
        assert (await exchange(auth, made["key"])).status_code == 404
        await eventually(lambda: _is_refused(auth, token))
        await auth.events.wait_for("apikey.revoked", lambda e: e.data.key_id == made["id"])
        async with auth.service_client("sales") as service:
            entries = (await service.get("/internal/revocations")).json()["sessions"]
        assert made["id"] in {entry["sessionId"] for entry in entries}


class TestChange:
    async def test_renames_and_ends_earlier(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await make(auth, company)
        path = f"/api/keys/{made['id']}"
        async with auth.user("company_admin", company) as client:
            renamed = await client.patch(path, json={"name": "Till"}, headers={"If-Match": '"1"'})
            stale = await client.patch(path, json={"name": "Other"}, headers={"If-Match": '"1"'})
            fixed = await client.patch(path, json={"scopes": ["orders.read"]})
            soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
            ended = await client.patch(path, json={"expiresAt": soon})
            kept = await client.patch(path, json={"expiresAt": None})
        assert (renamed.status_code, renamed.json()["name"], renamed.json()["version"]) == (200, "Till", 2)
        assert (stale.status_code, fixed.status_code, fixed.json()["code"]) == (412, 422, "immutable_field")
        assert (ended.status_code, kept.json()["expiresAt"]) == (200, None)
        event = (await auth.events.wait_for("apikey.updated", lambda e: e.data.key_id == made["id"]))[0]
        assert (event.data.before, event.data.after) == ({"name": "K"}, {"name": "Till"})


class TestSecretKey:
    async def test_manages_nothing_beyond_its_scopes(self, auth: Harness) -> None:
        company = new_id("cmp")
        strong = await make(auth, company, "orders.write", "keys.manage", "users.manage")
        weak = await make(auth, company, "keys.manage", "users.manage", "users.read")
        async with auth.client(await token_of(auth, weak["key"])) as client:
            path = f"/api/keys/{strong['id']}"
            refused = [
                await client.post("/api/keys", json={"name": "K", "type": "secret", "scopes": ["orders.read"]}),
                await client.patch(path, json={"name": "Mine"}),
                await client.post(f"{path}/rotate"),
                await client.delete(path),
                await client.post("/api/users", json={"email": "a@b.example", "role": "shop_staff"}),
            ]
            allowed = await client.post("/api/keys", json={"name": "K", "type": "secret", "scopes": ["users.read"]})
        assert {(one.status_code, one.json()["code"]) for one in refused} == {(403, "permission_denied")}
        assert allowed.status_code == 201
        assert with_reads(strong["scopes"]) > with_reads(["orders.write"])


async def _status_is(auth: Harness, key: str, status: int) -> httpx2.Response | None:
    answer = await exchange(auth, key)
    return answer if answer.status_code == status else None


async def _last_use(auth: Harness, key_id: str) -> Any:
    return (await auth.runtime.database["api_keys"].find_one({"_id": key_id}))["lastUsedAt"]


async def _is_refused(auth: Harness, token: str) -> bool:
    async with auth.client(token) as client:
        return (await client.get("/api/keys")).status_code == 401
