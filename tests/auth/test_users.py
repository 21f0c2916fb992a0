"""Who works for a company: hiring, changing, ending."""

import asyncio
from typing import Any

import pytest

from common.events.tenancy import ShopStaffAdded, ShopStaffRemoved
from common.ids import new_id
from common.testing import Harness
from tests.auth.conftest import PASSWORD, address, employed, eventually, hire, login, post

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestHire:
    async def test_makes_an_account_that_can_sign_in(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        made = await hire(auth, company, email, "shop_staff", shopIds=["shp_1"], password=PASSWORD)
        assert made.status_code == 201
        assert made.json() == made.json() | {"email": email, "role": "shop_staff", "status": "active"}
        signed_in = (await login(auth, email)).json()["user"]
        assert (signed_in["companyId"], signed_in["shopIds"]) == (company, ["shp_1"])
        event = (await auth.events.wait_for("user.created", lambda e: e.company_id == company))[0]
        assert (event.data.user_id, event.data.role) == (made.json()["userId"], "shop_staff")

    async def test_refuses_a_password_for_an_account_that_exists(self, auth: Harness) -> None:
        _, email, _ = await employed(auth, new_id("cmp"))
        refused = await hire(auth, new_id("cmp"), email, password="another one")
        assert (refused.status_code, refused.json()["code"]) == (409, "account_exists")
        assert (await login(auth, email, "another one")).status_code == 401

    async def test_makes_one_account_of_many_calls_at_once(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        answers = await asyncio.gather(*(hire(auth, company, email, password=PASSWORD) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7

    async def test_adds_shops_to_somebody_who_is_there(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, email, _ = await employed(auth, company, "shop_staff", shopIds=["shp_1"])
        more = await hire(auth, company, email, "shop_staff", shopIds=["shp_2"])
        other = await hire(auth, company, email, "shop_manager", shopIds=["shp_2"])
        assert (more.status_code, more.json()["shopIds"], more.json()["status"]) == (201, ["shp_1", "shp_2"], "active")
        assert (other.status_code, other.json()["code"]) == (409, "role_conflict")

    async def test_is_for_services_only(self, auth: Harness) -> None:
        _, _, token = await employed(auth, new_id("cmp"))
        body = {"companyId": new_id("cmp"), "email": address(), "role": "company_admin"}
        assert (await post(auth, "/internal/staff", body, token=token)).status_code == 403
        assert (await post(auth, "/internal/staff", body)).status_code == 401
        async with auth.service_client("shop", new_id("cmp")) as other:
            assert (await other.post("/internal/staff", json=body)).status_code == 400


class TestUsers:
    async def test_are_listed_with_their_role_here_and_not_elsewhere(self, auth: Harness) -> None:
        company = new_id("cmp")
        user_id, email, token = await employed(auth, company)
        staff = await post(auth, "/api/users", _somebody("shop_staff"), token=token)
        assert staff.status_code == 201, staff.text
        async with auth.client(token, tenant=company) as client:
            listed = (await client.get("/api/users")).json()["items"]
            filtered = (await client.get("/api/users", params={"role": "company_admin"})).json()["items"]
        assert {(user["email"], user["role"]) for user in listed} == {
            (email, "company_admin"),
            (staff.json()["email"], "shop_staff"),
        }
        assert [user["id"] for user in filtered] == [user_id]
        _, _, stranger = await employed(auth, new_id("cmp"))
        async with auth.client(stranger) as client:
            assert (await client.get(f"/api/users/{user_id}")).status_code == 404
            assert (await client.patch(f"/api/users/{user_id}", json={"role": "shop_staff"})).status_code == 404
            assert (await client.delete(f"/api/users/{user_id}")).status_code == 404

    async def test_need_the_permission(self, auth: Harness) -> None:
        _, _, token = await employed(auth, new_id("cmp"), "shop_manager")
        assert (await post(auth, "/api/users", _somebody("shop_staff"), token=token)).status_code == 403

    async def test_get_new_tokens_with_another_role(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, _, token = await employed(auth, company)
        user_id, email, _ = await employed(auth, company, "shop_staff", shopIds=["shp_1"])
        pair = (await login(auth, email)).json()
        await eventually(lambda: _is_accepted(auth, pair["accessToken"]))
        async with auth.client(token) as client:
            changed = await client.patch(f"/api/users/{user_id}", json={"role": "shop_manager"})
        assert (changed.status_code, changed.json()["role"], changed.json()["shopIds"]) == (
            200,
            "shop_manager",
            ["shp_1"],
        )
        await eventually(lambda: _is_refused(auth, pair["accessToken"]))
        refreshed = await post(auth, "/api/auth/refresh", {"refreshToken": pair["refreshToken"]})
        assert refreshed.json()["user"]["role"] == "shop_manager"
        assert await _is_accepted(auth, refreshed.json()["accessToken"])
        async with auth.service_client("sales") as service:
            entries = (await service.get("/internal/revocations")).json()["sessions"]
        assert (user_id, None) in {(entry["userId"], entry["sessionId"]) for entry in entries}

    async def test_can_be_disabled_and_come_back(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, _, token = await employed(auth, company)
        user_id, email, _ = await employed(auth, company, "shop_staff")
        async with auth.client(token) as client:
            assert (await client.delete(f"/api/users/{user_id}")).status_code == 204
            gone = await login(auth, email)
            await client.patch(f"/api/users/{user_id}", json={"status": "active"})
        assert (gone.status_code, gone.json()["code"]) == (403, "account_disabled")
        assert (await login(auth, email)).status_code == 200
        await auth.events.wait_for("user.disabled", lambda e: e.data.user_id == user_id)

    async def test_keep_the_last_admin(self, auth: Harness) -> None:
        company = new_id("cmp")
        user_id, _, token = await employed(auth, company)
        async with auth.client(token) as client:
            answers = [
                await client.delete(f"/api/users/{user_id}"),
                await client.patch(f"/api/users/{user_id}", json={"role": "shop_staff"}),
                await client.patch(f"/api/users/{user_id}", json={"status": "disabled"}),
            ]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "last_admin")}

    async def test_keep_the_last_admin_who_is_invited_again(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, email, token = await employed(auth, company)
        role = await post(auth, "/api/roles", {"name": "Little", "permissions": ["users.manage"]}, token=token)
        body = {"email": email, "role": "company_admin", "roleId": role.json()["id"]}
        refused = await post(auth, "/api/users", body, token=token)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")

    async def test_are_not_demoted_by_who_invites_them_again(self, auth: Harness) -> None:
        company = new_id("cmp")
        people = [await employed(auth, company) for _ in range(3)]
        role = await post(auth, "/api/roles", {"name": "Little", "permissions": ["users.manage"]}, token=people[0][2])
        async with auth.client(people[0][2]) as client:
            await client.patch(f"/api/users/{people[1][0]}", json={"roleId": role.json()["id"]})
        clerk = (await login(auth, people[1][1])).json()["accessToken"]
        body = {"email": people[2][1], "role": "company_admin", "roleId": role.json()["id"]}
        assert (await post(auth, "/api/users", body, token=clerk)).status_code == 403

    async def test_are_changed_by_colleagues_of_their_own_shops_alone(self, auth: Harness) -> None:
        company = new_id("cmp")
        async with auth.user("company_admin", company) as client:
            made = await client.post("/api/roles", json={"name": "Hires", "permissions": ["users.manage"]})
            role = {"roleId": made.json()["id"]}
            people = [
                await employed(auth, company, "shop_staff", shopIds=[shop]) for shop in ("shp_1", "shp_1", "shp_2")
            ]
            for user_id, _, _ in people:
                await client.patch(f"/api/users/{user_id}", json=role)
        token = (await login(auth, people[0][1])).json()["accessToken"]
        async with auth.client(token) as client:
            foreign = [
                await client.patch(f"/api/users/{people[2][0]}", json={"status": "disabled"}),
                await client.patch(f"/api/users/{people[2][0]}", json={"shopIds": []}),
                await client.delete(f"/api/users/{people[2][0]}"),
            ]
            own = await client.delete(f"/api/users/{people[1][0]}")
        assert ([answer.status_code for answer in foreign], own.status_code) == ([403] * 3, 204)

    async def test_keep_the_last_admin_when_two_leave_at_once(self, auth: Harness) -> None:
        for _ in range(5):
            company = new_id("cmp")
            people = [await employed(auth, company) for _ in range(2)]
            async with auth.user("company_admin", company) as client:
                answers = await asyncio.gather(*(client.delete(f"/api/users/{user_id}") for user_id, _, _ in people))
            assert sorted(answer.status_code for answer in answers) == [204, 409]

    async def test_cannot_activate_an_invitation_for_somebody_else(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, _, token = await employed(auth, company)
        invited = await post(auth, "/api/users", {"email": address(), "role": "shop_staff"}, token=token)
        assert invited.json()["status"] == "invited"
        async with auth.client(token) as client:
            forced = await client.patch(f"/api/users/{invited.json()['id']}", json={"status": "active"})
        assert (forced.status_code, forced.json()["code"]) == (422, "invitation_open")


class TestShopStaff:
    async def test_leave_the_company_with_their_last_shop_and_return(self, auth: Harness) -> None:
        company = new_id("cmp")
        user_id, email, _ = await employed(auth, company, "shop_staff", shopIds=["shp_1"])
        await auth.publish(ShopStaffRemoved(shop_id="shp_1", user_id=user_id), company, sequence=5, times=3)
        await _status_becomes(auth, company, user_id, "disabled")
        added = ShopStaffAdded(shop_id="shp_1", user_id=user_id, email=email, role="shop_staff")
        await auth.publish(added, company, sequence=6)
        await _status_becomes(auth, company, user_id, "active")
        await auth.publish(ShopStaffRemoved(shop_id="shp_1", user_id=user_id), company, sequence=5)
        await auth.publish(added, company, sequence=7)
        member = await eventually(lambda: _heard_to(auth, user_id, "shp_1", 7))
        assert (member["status"], member["shopIds"]) == ("active", ["shp_1"])
        assert member["sequence"] == 4, "created, updated and disabled, updated: the old news changed nothing"


async def _heard_to(auth: Harness, user_id: str, shop_id: str, sequence: int) -> Any:
    """The membership once a shop's news has arrived; the news of one shop is handled in turn."""
    member = await auth.runtime.database["memberships"].find_one({"userId": user_id})
    return member if member["shopMarks"].get(shop_id, 0) >= sequence else None


async def _is_accepted(auth: Harness, token: str) -> bool:
    async with auth.client(token) as client:
        return (await client.get("/api/auth/me")).status_code == 200


async def _is_refused(auth: Harness, token: str) -> bool:
    return not await _is_accepted(auth, token)


async def _status_becomes(auth: Harness, company: str, user_id: str, status: str) -> None:
    async with auth.service_client("shop", company) as client:
        for _ in range(500):
            told = (await client.get(f"/internal/staff/{company}/{user_id}")).json()
            if told["status"] == status:
                return
    raise AssertionError(f"never {status}: {told}")


def _somebody(role: str) -> dict[str, object]:
    return {"email": address(), "name": "New", "role": role, "shopIds": [], "password": PASSWORD}
