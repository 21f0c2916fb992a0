"""Passwords forgotten and changed, addresses verified and changed, invitations accepted: by mailed links."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from common.events.tenancy import CompanySuspended
from common.ids import new_id
from common.testing import Harness
from tests.auth.conftest import (
    PASSWORD,
    address,
    employed,
    eventually,
    hire,
    link_of,
    login,
    post,
    register,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
BETTER = "a better password"


class TestForgot:
    async def test_answers_alike_and_mails_only_who_is_there(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        user = (await register(auth, email, tenant=company)).json()["user"]
        answers = [
            await post(auth, "/api/auth/password/forgot", {"email": one}, tenant=company)
            for one in (email, address(), "not an address")
        ]
        assert [(answer.status_code, answer.text) for answer in answers] == [(202, "null")] * 3
        told = await link_of(auth, "user.password_reset_requested", user["id"])
        assert told | {"token": "", "url": "", "expiresAt": ""} == {
            "purpose": "password_reset",
            "email": email,
            "name": None,
            "companyId": company,
            "token": "",
            "url": "",
            "expiresAt": "",
        }
        assert told["url"] == f"https://shop.example/account/reset-password#token={told['token']}"
        links = [one async for one in auth.runtime.database["links"].find({"purpose": "password_reset"})]
        assert len(links) == 3, "the same work for whoever does not exist"
        assert not any(told["token"] in str(link) for link in links)

    async def test_keeps_realms_apart(self, auth: Harness) -> None:
        company = new_id("cmp")
        staff_id, email, _ = await employed(auth, company)
        customer = (await register(auth, email, tenant=company)).json()["user"]
        await post(auth, "/api/auth/password/forgot", {"email": email}, tenant=company)
        told = await link_of(auth, "user.password_reset_requested", customer["id"])
        await _reset(auth, told["token"])
        assert (await login(auth, email, BETTER, tenant=company)).status_code == 200
        assert (await login(auth, email)).json()["user"]["id"] == staff_id

    async def test_mails_no_more_than_a_few(self, auth: Harness) -> None:
        email = address()
        user = (await register(auth, email)).json()["user"]
        answers = [await post(auth, "/api/auth/password/forgot", {"email": email}) for _ in range(7)]
        assert {answer.status_code for answer in answers} == {202}
        criteria = {"userId": user["id"], "purpose": "password_reset"}
        assert await auth.runtime.database["links"].count_documents(criteria) == 5


class TestReset:
    async def test_sets_the_password_once_and_ends_every_session(self, auth: Harness) -> None:
        user_id, email, token = await employed(auth, new_id("cmp"))
        pair = (await login(auth, email)).json()
        for _ in range(2):
            await post(auth, "/api/auth/password/forgot", {"email": email})
        one, other = await _links(auth, user_id, 2)
        weak = await _reset(auth, one, "short")
        answers = await asyncio.gather(*(_reset(auth, one) for _ in range(5)))
        assert (weak, sorted(answers)) == (422, [204] + [422] * 4)
        assert await _reset(auth, other) == 422, "a link for what was done leads nowhere"
        assert (await login(auth, email)).status_code == 401
        assert (await login(auth, email, BETTER)).status_code == 200
        refreshed = await post(auth, "/api/auth/refresh", {"refreshToken": pair["refreshToken"]})
        assert refreshed.status_code == 401
        for access in (token, pair["accessToken"]):
            await eventually(partial(_is_refused, auth, access))
        event = (await auth.events.wait_for("user.password_changed", lambda e: e.data.user_id == user_id))[0]
        assert event.data.reason == "reset"

    async def test_lets_a_locked_owner_in(self, auth: Harness) -> None:
        user_id, email, _ = await employed(auth, new_id("cmp"))
        await asyncio.gather(*(login(auth, email, f"guess {number}") for number in range(12)))
        await post(auth, "/api/auth/password/forgot", {"email": email})
        await _reset(auth, (await _links(auth, user_id, 1))[0])
        assert (await login(auth, email, BETTER)).status_code == 200

    async def test_refuses_links_that_are_over_or_for_something_else(self, auth: Harness) -> None:
        user = (await register(auth, address())).json()["user"]
        verification = await link_of(auth, "user.verification_requested", user["id"])
        assert await _reset(auth, verification["token"]) == 422
        await post(auth, "/api/auth/password/forgot", {"email": user["email"]})
        told = await link_of(auth, "user.password_reset_requested", user["id"])
        past = {"$set": {"expiresAt": datetime.now(UTC) - timedelta(seconds=1)}}
        await auth.runtime.database["links"].update_many({"userId": user["id"]}, past)
        assert await _reset(auth, told["token"]) == 422
        assert (await login(auth, user["email"])).status_code == 200


class TestLinks:
    async def test_are_told_to_the_notification_service_alone_and_while_open(self, auth: Harness) -> None:
        user = (await register(auth, address())).json()["user"]
        told = await link_of(auth, "user.verification_requested", user["id"])
        event = (await auth.events.wait_for("user.verification_requested", lambda e: e.data.user_id == user["id"]))[0]
        assert told["token"] not in event.data.model_dump_json()
        path = f"/internal/links/{event.data.link_id}"
        async with auth.service_client("sales") as other:
            assert (await other.get(path)).status_code == 403
        async with auth.user("super_admin") as person:
            assert (await person.get(path)).status_code == 403
        assert (await post(auth, "/api/auth/email/verify", {"token": told["token"]})).status_code == 204
        async with auth.service_client("notification") as sender:
            assert (await sender.get(path)).status_code == 404


class TestChangePassword:
    async def test_ends_the_other_sessions(self, auth: Harness) -> None:
        _, email, token = await employed(auth, new_id("cmp"))
        other = (await login(auth, email)).json()["accessToken"]
        wrong = {"currentPassword": "not it", "newPassword": BETTER}
        weak = {"currentPassword": PASSWORD, "newPassword": "password1"}
        right = {"currentPassword": PASSWORD, "newPassword": BETTER}
        statuses = [(await post(auth, "/api/auth/password/change", b, token=token)).status_code for b in (wrong, weak)]
        assert statuses == [401, 422]
        assert (await post(auth, "/api/auth/password/change", right, token=token)).status_code == 204
        await eventually(lambda: _is_refused(auth, other))
        assert not await _is_refused(auth, token)
        assert (await login(auth, email, BETTER)).status_code == 200


class TestLinksThatAreOver:
    async def test_close_with_another_password(self, auth: Harness) -> None:
        user_id, email, token = await employed(auth, new_id("cmp"))
        await post(auth, "/api/auth/password/forgot", {"email": email})
        await post(auth, "/api/auth/email/change", {"newEmail": address(), "password": PASSWORD}, token=token)
        reset = await link_of(auth, "user.password_reset_requested", user_id)
        moved = await link_of(auth, "user.email_change_requested", user_id)
        body = {"currentPassword": PASSWORD, "newPassword": BETTER}
        await post(auth, "/api/auth/password/change", body, token=token)
        assert await _reset(auth, reset["token"], "what a thief wants") == 422
        assert (await post(auth, "/api/auth/email/verify", {"token": moved["token"]})).status_code == 422
        assert (await login(auth, email, BETTER)).status_code == 200

    async def test_close_with_another_address(self, auth: Harness) -> None:
        user_id, email, token = await employed(auth, new_id("cmp"))
        await post(auth, "/api/auth/password/forgot", {"email": email})
        reset = await link_of(auth, "user.password_reset_requested", user_id)
        await post(auth, "/api/auth/email/change", {"newEmail": address(), "password": PASSWORD}, token=token)
        moved = await link_of(auth, "user.email_change_requested", user_id)
        assert (await post(auth, "/api/auth/email/verify", {"token": moved["token"]})).status_code == 204
        assert await _reset(auth, reset["token"]) == 422, "mailed to a mailbox that the owner has left"


class TestEmail:
    async def test_is_verified_by_link_and_mailed_again_only_before(self, auth: Harness) -> None:
        made = (await register(auth, address())).json()
        user, token = made["user"], made["accessToken"]
        assert not user["emailVerified"]
        again = await post(auth, "/api/auth/email/verification", None, token=token)
        assert again.status_code == 202
        await auth.events.wait_for("user.verification_requested", lambda e: e.data.user_id == user["id"], count=2)
        told = await link_of(auth, "user.verification_requested", user["id"])
        await post(auth, "/api/auth/email/verify", {"token": told["token"]})
        async with auth.client(token) as client:
            assert (await client.get("/api/auth/me")).json()["user"]["emailVerified"]
        await post(auth, "/api/auth/email/verification", None, token=token)
        assert await auth.runtime.database["links"].count_documents({"userId": user["id"]}) == 2

    async def test_changes_once_the_new_one_is_verified(self, auth: Harness) -> None:
        company = new_id("cmp")
        user_id, email, token = await employed(auth, company)
        wanted = address()
        body = {"newEmail": wanted.upper(), "password": PASSWORD}
        assert (await post(auth, "/api/auth/email/change", body, token=token)).status_code == 202
        told = await link_of(auth, "user.email_change_requested", user_id)
        assert told["email"] == wanted
        assert (await login(auth, email)).status_code == 200
        assert (await post(auth, "/api/auth/email/verify", {"token": told["token"]})).status_code == 204
        assert (await login(auth, email)).status_code == 401
        assert (await login(auth, wanted)).json()["user"] | {"version": 0} == (
            (await login(auth, wanted)).json()["user"] | {"version": 0, "email": wanted, "emailVerified": True}
        )
        event = (await auth.events.wait_for("user.email_changed", lambda e: e.data.user_id == user_id))[0]
        assert (event.data.before, event.data.after) == ({"email": email}, {"email": wanted})
        async with auth.user("company_admin", company) as client:
            assert [user["email"] for user in (await client.get("/api/users")).json()["items"]] == [wanted]

    async def test_is_mailed_to_a_few_strangers_and_no_more(self, auth: Harness) -> None:
        made = (await register(auth, address())).json()
        for _ in range(7):
            body = {"newEmail": address(), "password": PASSWORD}
            assert (await post(auth, "/api/auth/email/change", body, token=made["accessToken"])).status_code == 202
        asked = {"purpose": "email_change", "userId": made["user"]["id"]}
        assert await auth.runtime.database["links"].count_documents(asked) == 5

    async def test_does_not_take_somebody_elses(self, auth: Harness) -> None:
        taken, email = address(), address()
        await register(auth, taken)
        made = (await register(auth, email)).json()
        body = {"newEmail": taken, "password": PASSWORD}
        await post(auth, "/api/auth/email/change", body, token=made["accessToken"])
        told = await link_of(auth, "user.email_change_requested", made["user"]["id"])
        refused = await post(auth, "/api/auth/email/verify", {"token": told["token"]})
        assert (refused.status_code, refused.json()["code"]) == (409, "email_taken")
        assert (await login(auth, email)).status_code == 200


class TestInvitations:
    async def test_let_a_new_account_choose_its_password(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        made = await hire(auth, company, email, "shop_staff")
        told = await link_of(auth, "user.invited", made.json()["userId"])
        assert (told["purpose"], told["companyId"]) == ("invitation", company)
        bare = await _accept(auth, told["token"])
        weak = await _accept(auth, told["token"], "password1")
        taken = await _accept(auth, told["token"], PASSWORD)
        again = await _accept(auth, told["token"], PASSWORD)
        assert (bare.status_code, bare.json()["code"]) == (422, "password_required")
        assert (weak.status_code, taken.status_code, again.status_code) == (422, 200, 422)
        user = taken.json()["user"]
        assert (user["companyId"], user["status"], user["emailVerified"]) == (company, "active", True)
        assert (await login(auth, email)).status_code == 200

    async def test_are_for_the_account_that_is_there(self, auth: Harness) -> None:
        first, second = new_id("cmp"), new_id("cmp")
        user_id, email, token = await employed(auth, first)
        await hire(auth, second, email, "shop_manager")
        told = await link_of(auth, "user.invited", user_id)
        _, _, stranger = await employed(auth, new_id("cmp"))
        answers = [
            await _accept(auth, told["token"]),
            await _accept(auth, told["token"], "wrong one"),
            await post(auth, "/api/auth/invitations/accept", {"token": told["token"]}, token=stranger),
        ]
        assert [answer.status_code for answer in answers] == [403, 401, 403]
        accepted = await post(auth, "/api/auth/invitations/accept", {"token": told["token"]}, token=token)
        assert (accepted.status_code, accepted.json()["user"]["companyId"]) == (200, second)
        assert (await login(auth, email)).status_code == 200, "the password is what it was"

    async def test_are_refused_by_a_suspended_company(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = await hire(auth, company, address(), "shop_staff")
        told = await link_of(auth, "user.invited", made.json()["userId"])
        await auth.publish(CompanySuspended(company_id=company, status="suspended"), company, sequence=2)
        await eventually(lambda: auth.runtime.database["companies"].find_one({"_id": company}))
        refused = await _accept(auth, told["token"], PASSWORD)
        assert (refused.status_code, refused.json()["code"]) == (403, "company_suspended")


async def _reset(auth: Harness, token: str, password: str = BETTER) -> int:
    body = {"token": token, "password": password}
    return (await post(auth, "/api/auth/password/reset", body)).status_code


async def _accept(auth: Harness, token: str, password: str | None = None) -> Any:
    body = {"token": token} | ({"password": password} if password else {})
    return await post(auth, "/api/auth/invitations/accept", body)


async def _links(auth: Harness, user_id: str, count: int) -> list[str]:
    """The tokens of a person's reset links."""
    kind = "user.password_reset_requested"
    events = await auth.events.wait_for(kind, lambda event: event.data.user_id == user_id, count=count)
    async with auth.service_client("notification") as sender:
        return [(await sender.get(f"/internal/links/{event.data.link_id}")).json()["token"] for event in events]


async def _is_refused(auth: Harness, token: str) -> bool:
    async with auth.client(token) as client:
        return (await client.get("/api/auth/me")).status_code == 401
