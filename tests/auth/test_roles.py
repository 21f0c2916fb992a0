"""A company's own roles, the shops and the plan that hiring obeys, and the sessions people see."""

import asyncio
from functools import partial
from typing import Any

import httpx2
import pytest

from common.events.parts import CompanyLimits, CompanySettings
from common.events.tenancy import CompanyUpdated
from common.ids import new_id
from common.testing import Harness
from tests.auth.conftest import (
    PASSWORD,
    Neighbours,
    address,
    claims_of,
    employed,
    eventually,
    hire,
    login,
    post,
    register,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def make_role(auth: Harness, company: str, *permissions: str, name: str = "Clerk") -> dict[str, Any]:
    """A role made by an admin."""
    async with auth.user("company_admin", company) as client:
        answer = await client.post("/api/roles", json={"name": name, "permissions": list(permissions)})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def give(auth: Harness, company: str, user_id: str, role_id: str | None) -> httpx2.Response:
    """An admin puts a role on somebody."""
    async with auth.user("company_admin", company) as client:
        return await client.patch(f"/api/users/{user_id}", json={"roleId": role_id})


class TestRoles:
    async def test_are_made_listed_changed_and_deleted(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await make_role(auth, company, "orders.read", "ledger.read", "orders.read")
        assert made["permissions"] == ["ledger.read", "orders.read"]
        path = f"/api/roles/{made['id']}"
        async with auth.user("company_admin", company) as client:
            twice = await client.post("/api/roles", json={"name": "Clerk", "permissions": []})
            other = await client.post("/api/roles", json={"name": "Other", "permissions": []})
            taken = await client.patch(f"/api/roles/{other.json()['id']}", json={"name": "Clerk"})
            changed = await client.patch(path, json={"permissions": ["orders.read"]}, headers={"If-Match": '"1"'})
            stale = await client.patch(path, json={"name": "X"}, headers={"If-Match": '"1"'})
            listed = (await client.get("/api/roles", params={"sort": "name"})).json()["items"]
            gone = await client.delete(path)
            after = [await client.get(path), await client.delete(path)]
            free = await client.post("/api/roles", json={"name": "Clerk", "permissions": []})
        assert [(one.status_code, one.json()["code"]) for one in (twice, taken)] == [(409, "name_taken")] * 2
        assert (changed.json()["permissions"], stale.status_code) == (["orders.read"], 412)
        assert [role["name"] for role in listed] == ["Clerk", "Other"]
        assert (gone.status_code, [one.status_code for one in after], free.status_code) == (204, [404, 404], 201)
        event = (await auth.events.wait_for("role.updated", lambda e: e.data.role_id == made["id"]))[0]
        assert (event.data.before, event.data.after) == (
            {"permissions": ["ledger.read", "orders.read"]},
            {"permissions": ["orders.read"]},
        )

    @pytest.mark.parametrize("name", ["orders.raed", "platform.manage", "internal.call", "own.cart"])
    async def test_hold_only_what_staff_can_be_given(self, auth: Harness, name: str) -> None:
        async with auth.user("super_admin", None, tenant=new_id("cmp")) as client:
            answer = await client.post("/api/roles", json={"name": "R", "permissions": [name]})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_permission")

    async def test_are_out_of_reach_of_others(self, auth: Harness) -> None:
        made = await make_role(auth, new_id("cmp"))
        async with auth.user("company_admin", new_id("cmp")) as client:
            path = f"/api/roles/{made['id']}"
            answers = [await client.get(path), await client.patch(path, json={"name": "X"}), await client.delete(path)]
        assert [answer.status_code for answer in answers] == [404] * 3
        company = new_id("cmp")
        user_id, _, _ = await employed(auth, company, "shop_staff")
        foreign = await give(auth, company, user_id, made["id"])
        assert (foreign.status_code, foreign.json()["code"]) == (422, "unknown_role")
        async with auth.user("shop_manager", company) as client:
            assert (await client.get("/api/roles")).status_code == 403


class TestGiving:
    async def test_changes_the_permissions_at_once_and_keeps_the_session(self, auth: Harness) -> None:
        company = new_id("cmp")
        user_id, email, _ = await employed(auth, company, "shop_staff", shopIds=["shp_1"])
        pair = (await login(auth, email)).json()
        role = await make_role(auth, company, "orders.write", "audit.read")
        given = await give(auth, company, user_id, role["id"])
        assert (given.status_code, given.json()["roleId"], given.json()["role"]) == (200, role["id"], "shop_staff")
        await eventually(lambda: _is_refused(auth, pair["accessToken"]))
        fresh = await _refreshed(auth, pair["refreshToken"])
        claims = await claims_of(auth, fresh["accessToken"])
        assert claims.permissions == ("audit.read", "orders.read", "orders.write")
        assert (claims.role, claims.shop_ids) == ("shop_staff", ("shp_1",))
        async with auth.user("company_admin", company) as client:
            await client.patch(f"/api/roles/{role['id']}", json={"permissions": ["orders.read"]})
        await eventually(lambda: _is_refused(auth, fresh["accessToken"]))
        narrowed = await _refreshed(auth, fresh["refreshToken"])
        assert (await claims_of(auth, narrowed["accessToken"])).permissions == ("orders.read",)
        event = (await auth.events.wait_for("user.updated", lambda e: e.data.user_id == user_id))[0]
        assert (event.data.before, event.data.after) == ({"role_id": None}, {"role_id": role["id"]})

    async def test_keeps_a_role_that_somebody_has(self, auth: Harness) -> None:
        company = new_id("cmp")
        user_id, _, _ = await employed(auth, company, "shop_staff")
        role = await make_role(auth, company, "orders.read")
        await give(auth, company, user_id, role["id"])
        async with auth.user("company_admin", company) as client:
            used = await client.delete(f"/api/roles/{role['id']}")
            assert (used.status_code, used.json()["code"]) == (409, "role_in_use")
            await give(auth, company, user_id, None)
            assert (await client.delete(f"/api/roles/{role['id']}")).status_code == 204

    async def test_and_deleting_at_once_leave_no_role_behind(self, auth: Harness) -> None:
        company = new_id("cmp")
        user_id, _, _ = await employed(auth, company, "shop_staff")
        for number in range(8):
            role = await make_role(auth, company, "orders.read", name=f"R{number}")
            async with auth.user("company_admin", company) as client:
                given, deleted = await asyncio.gather(
                    give(auth, company, user_id, role["id"]), client.delete(f"/api/roles/{role['id']}")
                )
            assert (given.status_code, deleted.status_code) in ((200, 409), (422, 204))
            await give(auth, company, user_id, None)

    async def test_needs_what_the_role_holds(self, auth: Harness) -> None:
        company = new_id("cmp")
        weak = await make_role(auth, company, "users.manage", "users.read", "orders.read", name="Weak")
        strong = await make_role(auth, company, "ledger.read", name="Strong")
        user_id, email, _ = await employed(auth, company, "shop_manager", shopIds=["shp_1"])
        other, _, _ = await employed(auth, company, "shop_staff")
        await give(auth, company, user_id, weak["id"])
        token = (await login(auth, email)).json()["accessToken"]
        body = {"email": address(), "role": "shop_staff", "roleId": weak["id"]}
        async with auth.client(token) as client:
            refused = [
                await client.post("/api/roles", json={"name": "Mine", "permissions": ["ledger.read"]}),
                await client.patch(f"/api/roles/{strong['id']}", json={"name": "Mine"}),
                await client.patch(f"/api/roles/{weak['id']}", json={"permissions": ["users.manage", "audit.read"]}),
                await client.delete(f"/api/roles/{strong['id']}"),
                await client.post("/api/users", json={**body, "roleId": None}),
                await client.post("/api/users", json={**body, "roleId": strong["id"]}),
                await client.post("/api/users", json={**body, "role": "company_admin"}),
                await client.post("/api/users", json={**body, "shopIds": ["shp_2"]}),
                await client.patch(f"/api/users/{user_id}", json={"roleId": None}),
                await client.patch(f"/api/users/{other}", json={"roleId": weak["id"]}),
            ]
            allowed = await client.post("/api/users", json=body)
        assert {(one.status_code, one.json()["code"]) for one in refused} == {(403, "permission_denied")}
        assert allowed.status_code == 201, allowed.text

    async def test_keeps_the_last_admin_who_may_do_everything(self, auth: Harness) -> None:
        company = new_id("cmp")
        first, _, _ = await employed(auth, company)
        second, _, _ = await employed(auth, company)
        role = await make_role(auth, company, "orders.read")
        answers = await asyncio.gather(*(give(auth, company, one, role["id"]) for one in (first, second)))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        left = first if answers[1].status_code == 200 else second
        async with auth.user("company_admin", company) as client:
            ended = await client.delete(f"/api/users/{left}")
        assert (ended.status_code, ended.json()["code"]) == (409, "last_admin")


class TestShopsAndPlan:
    async def test_name_only_shops_of_the_company(self, auth: Harness, neighbours: Neighbours) -> None:
        company, shop, foreign = new_id("cmp"), new_id("shp"), new_id("shp")
        neighbours.shops |= {(company, shop), (new_id("cmp"), foreign)}
        user_id, _, _ = await employed(auth, company, "shop_staff")
        body = {"email": address(), "role": "shop_staff"}
        async with auth.user("company_admin", company) as client:
            refused = [
                await client.post("/api/users", json={**body, "shopIds": [shop, foreign]}),
                await client.patch(f"/api/users/{user_id}", json={"shopIds": [shop, new_id("shp")]}),
            ]
            made = await client.post("/api/users", json={**body, "shopIds": [shop]})
        for answer in refused:
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (422, "unknown_shop")
            assert [entry["field"] for entry in problem["errors"]] == ["shopIds.1"]
        assert (made.status_code, made.json()["shopIds"]) == (201, [shop])

    async def test_let_no_more_work_than_the_plan_allows(self, auth: Harness, neighbours: Neighbours) -> None:
        company = new_id("cmp")
        neighbours.staff_limits[company] = 3
        user_id, _, _ = await employed(auth, company, "shop_staff")
        answers = await asyncio.gather(*(hire(auth, company, address(), "shop_staff") for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 4
        assert {one.json()["code"] for one in answers if one.status_code == 409} == {"plan_limit_reached"}
        async with auth.user("company_admin", company) as client:
            await client.delete(f"/api/users/{user_id}")
            made = await client.post("/api/users", json={"email": address(), "role": "shop_staff"})
            back = await client.patch(f"/api/users/{user_id}", json={"status": "active"})
        assert (made.status_code, back.status_code, back.json()["code"]) == (201, 409, "plan_limit_reached")

    async def test_follow_a_plan_that_changes(self, auth: Harness) -> None:
        company = new_id("cmp")
        await auth.publish(
            CompanyUpdated(company_id=company, settings=CompanySettings(), limits=CompanyLimits(staff=1)),
            company,
            sequence=4,
        )
        await eventually(lambda: auth.runtime.database["company_limits"].find_one({"_id": company}))
        answers = [await hire(auth, company, address(), "shop_staff") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 409]


class TestOwnSessions:
    async def test_are_listed_and_ended_one_by_one(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        here = (await register(auth, email, tenant=company)).json()
        there = (await login(auth, email, tenant=company, **{"user-agent": "Phone/1"})).json()
        async with auth.client(here["accessToken"]) as client:
            listed = (await client.get("/api/auth/sessions")).json()["items"]
            phone = next(one for one in listed if one["userAgent"] == "Phone/1")
            assert [one["current"] for one in listed] == [False, True]
            assert set(phone) == {"id", "createdAt", "lastUsedAt", "expiresAt", "ip", "userAgent", "current"}
            assert (await client.delete(f"/api/auth/sessions/{phone['id']}")).status_code == 204
            assert (await client.delete(f"/api/auth/sessions/{phone['id']}")).status_code == 404
            assert len((await client.get("/api/auth/sessions")).json()["items"]) == 1
        await eventually(lambda: _is_refused(auth, there["accessToken"]))
        assert (await post(auth, "/api/auth/refresh", {"refreshToken": there["refreshToken"]})).status_code == 401

    async def test_of_others_are_not_there(self, auth: Harness) -> None:
        mine = (await register(auth, address())).json()
        theirs = (await register(auth, address())).json()
        session_id = (await claims_of(auth, theirs["accessToken"])).session_id
        async with auth.client(mine["accessToken"]) as client:
            assert (await client.delete(f"/api/auth/sessions/{session_id}")).status_code == 404
        assert not await _is_refused(auth, theirs["accessToken"])

    async def test_end_everywhere(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        pairs = [(await register(auth, email, tenant=company)).json()]
        pairs += [(await login(auth, email, PASSWORD, tenant=company)).json() for _ in range(2)]
        async with auth.client(pairs[0]["accessToken"]) as client:
            assert (await client.delete("/api/auth/sessions")).status_code == 204
        for pair in pairs:
            await eventually(partial(_is_refused, auth, pair["accessToken"]))
            again = await post(auth, "/api/auth/refresh", {"refreshToken": pair["refreshToken"]})
            assert again.status_code == 401


async def _refreshed(auth: Harness, token: str) -> dict[str, Any]:
    answer = await post(auth, "/api/auth/refresh", {"refreshToken": token})
    assert answer.status_code == 200, answer.text
    pair: dict[str, Any] = answer.json()
    assert not await _is_refused(auth, pair["accessToken"]), "the new token counts at once"
    return pair


async def _is_refused(auth: Harness, token: str) -> bool:
    async with auth.client(token) as client:
        return (await client.get("/api/auth/me")).status_code == 401
