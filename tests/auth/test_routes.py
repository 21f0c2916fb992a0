"""Registering, signing in and out, on the real servers."""

import asyncio

import pytest

from common.events.tenancy import CompanyReactivated, CompanySuspended
from common.ids import new_id
from common.testing import Harness
from tests.auth.conftest import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    PASSWORD,
    address,
    claims_of,
    employed,
    hire,
    link_of,
    login,
    post,
    register,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestRegister:
    async def test_makes_a_customer_of_the_tenant(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        answer = await register(auth, email.upper(), tenant=company)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert (body["tokenType"], body["expiresIn"]) == ("Bearer", 900)
        user = body["user"]
        assert user == user | {"email": email, "role": "customer", "companyId": company, "shopIds": [], "version": 1}
        claims = await claims_of(auth, body["accessToken"])
        assert (claims.company_id, claims.customer_id) == (company, user["customerId"])
        event = (await auth.events.wait_for("user.registered", lambda e: e.data.user_id == user["id"]))[0]
        assert (event.company_id, event.data.customer_id) == (company, user["customerId"])

    async def test_keeps_the_same_address_apart_between_companies(self, auth: Harness) -> None:
        email = address()
        first = await register(auth, email, tenant=new_id("cmp"))
        second = await register(auth, email, tenant=new_id("cmp"))
        assert first.json()["user"]["id"] != second.json()["user"]["id"]

    async def test_refuses_an_address_twice_and_another_role(self, auth: Harness) -> None:
        company, email = new_id("cmp"), address()
        await register(auth, email, tenant=company)
        again = await register(auth, email, tenant=company)
        body = {"email": address(), "password": PASSWORD, "role": "company_admin"}
        grabbed = await post(auth, "/api/auth/register", body, tenant=company)
        assert (again.status_code, again.json()["code"]) == (409, "email_taken")
        assert (grabbed.status_code, grabbed.json()["code"]) == (403, "permission_denied")

    @pytest.mark.parametrize("domain", ["acme.test", "shop.local", "bücher.example"])
    async def test_takes_addresses_of_trials_and_inner_networks(self, auth: Harness, domain: str) -> None:
        answer = await register(auth, f"{new_id('a')}@{domain}", tenant=new_id("cmp"))
        assert answer.status_code == 201, answer.text

    @pytest.mark.parametrize("password", ["short", "password1", "x" * 129])
    async def test_refuses_a_weak_password(self, auth: Harness, password: str) -> None:
        answer = await post(auth, "/api/auth/register", {"email": address(), "password": password})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "password")
        assert password not in answer.text


class TestLogin:
    async def test_tells_tenant_and_platform_apart(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, staff, _ = await employed(auth, company)
        customer = address()
        await register(auth, customer, tenant=company)
        assert (await login(auth, staff)).status_code == 200
        assert (await login(auth, staff, tenant=company)).status_code == 401
        assert (await login(auth, customer, tenant=company)).status_code == 200
        assert (await login(auth, customer)).status_code == 401

    async def test_counts_the_default_tenant_only_where_no_staff_has_the_address(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, staff, _ = await employed(auth, company)
        customer = address()
        await register(auth, customer, tenant=company)
        default = {"tenant": company, "x-markethall-default-tenant": "1"}
        as_staff = await login(auth, staff, **default)
        as_customer = await login(auth, customer, **default)
        taken = await register(auth, staff, **default)
        assert as_staff.json()["user"]["role"] == "company_admin"
        assert as_customer.json()["user"]["role"] == "customer"
        assert taken.status_code == 409

    async def test_answers_alike_for_a_wrong_password_and_an_unknown_address(self, auth: Harness) -> None:
        _, email, _ = await employed(auth, new_id("cmp"))
        wrong, unknown = await login(auth, email, "not the one"), await login(auth, address())
        assert wrong.status_code == unknown.status_code == 401
        assert wrong.json() | {"requestId": ""} == unknown.json() | {"requestId": ""}
        await auth.events.wait_for("user.sign_in_refused")

    @pytest.mark.parametrize("is_known", [True, False])
    async def test_locks_an_address_after_ten_failures(self, auth: Harness, is_known: bool) -> None:
        email = (await employed(auth, new_id("cmp")))[1] if is_known else address()
        statuses = [(await login(auth, email, "wrong")).status_code for _ in range(11)]
        right = await login(auth, email)
        assert statuses == [401] * 10 + [429]
        assert (right.status_code, right.json()["code"]) == (429, "too_many_attempts")
        assert int(right.headers["retry-after"]) > 0

    async def test_lets_no_more_through_when_the_guesses_come_at_once(self, auth: Harness) -> None:
        _, email, _ = await employed(auth, new_id("cmp"))
        answers = await asyncio.gather(*(login(auth, email, f"guess number {number}") for number in range(30)))
        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 20
        assert (await login(auth, email)).status_code == 429

    async def test_lets_the_first_super_admin_in(self, auth: Harness) -> None:
        answer = await login(auth, ADMIN_EMAIL, ADMIN_PASSWORD)
        assert (answer.status_code, answer.json()["user"]["role"]) == (200, "super_admin")
        await auth.service.signing_in.make_super_admin(ADMIN_EMAIL, "another password")
        assert (await login(auth, ADMIN_EMAIL, ADMIN_PASSWORD)).status_code == 200


class TestMe:
    async def test_shows_role_company_and_permissions(self, auth: Harness) -> None:
        company = new_id("cmp")
        user_id, email, token = await employed(auth, company, "shop_staff", shopIds=["shp_1"])
        async with auth.client(token, tenant=company) as client:
            answer = (await client.get("/api/auth/me")).json()
        assert answer["user"] == answer["user"] | {"id": user_id, "email": email, "role": "shop_staff"}
        assert (answer["companyId"], answer["shopIds"]) == (company, ["shp_1"])
        assert "pos.sell" in answer["permissions"]
        assert answer["memberships"] == [{"companyId": company, "role": "shop_staff", "status": "active"}]

    async def test_refuses_strangers_and_tokens_of_other_makers(self, auth: Harness) -> None:
        async with auth.client() as client:
            assert (await client.get("/api/auth/me")).status_code == 401
        async with auth.client("eyJhbGciOiJub25lIn0.e30.") as client:
            assert (await client.get("/api/auth/me")).status_code == 401


class TestLogout:
    async def test_ends_access_and_refresh(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, email, _ = await employed(auth, company)
        pair = (await login(auth, email)).json()
        left = await post(auth, "/api/auth/logout", None, token=pair["accessToken"])
        assert left.status_code == 204
        session_id = (await _claims(pair["accessToken"]))["sid"]
        await auth.events.wait_for("session.revoked", lambda e: e.data.session_id == session_id)
        refreshed = await post(auth, "/api/auth/refresh", {"refreshToken": pair["refreshToken"]})
        assert (refreshed.status_code, refreshed.json()["code"]) == (401, "session_ended")
        async with auth.service_client("sales") as service:
            snapshot = (await service.get("/internal/revocations")).json()
        assert session_id in {entry["sessionId"] for entry in snapshot["sessions"]}
        await _until_refused(auth, pair["accessToken"])


class TestSwitch:
    async def test_goes_on_in_another_company_once_invited_and_accepted(self, auth: Harness) -> None:
        first, second = new_id("cmp"), new_id("cmp")
        user_id, email, token = await employed(auth, first)
        invited = await hire(auth, second, email, "shop_manager", shopIds=["shp_2"])
        assert invited.json()["status"] == "invited"
        too_early = await post(auth, "/api/auth/switch", {"companyId": second}, token=token)
        squatting = await post(auth, f"/api/auth/invitations/{second}/accept", None, token=token)
        told = await link_of(auth, "user.invited", user_id)
        accepted = await post(auth, "/api/auth/invitations/accept", {"token": told["token"]}, token=token)
        switched = await post(auth, "/api/auth/switch", {"companyId": second}, token=token)
        foreign = await post(auth, "/api/auth/switch", {"companyId": new_id("cmp")}, token=token)
        assert (too_early.status_code, foreign.status_code) == (404, 404)
        assert (squatting.status_code, squatting.json()["code"]) == (403, "email_unverified"), "no mail was opened"
        assert (accepted.status_code, switched.status_code) == (200, 200)
        assert switched.json()["user"] == switched.json()["user"] | {"companyId": second, "role": "shop_manager"}
        await auth.events.wait_for("user.updated", lambda e: e.company_id == second and e.data.status == "active")

    async def test_accepts_without_the_link_once_the_address_is_verified(self, auth: Harness) -> None:
        company = new_id("cmp")
        made = (await register(auth, email := address())).json()
        await hire(auth, company, email, "shop_staff")
        path = f"/api/auth/invitations/{company}/accept"
        before = await post(auth, path, None, token=made["accessToken"])
        told = await link_of(auth, "user.verification_requested", made["user"]["id"])
        await post(auth, "/api/auth/email/verify", {"token": told["token"]})
        after = await post(auth, path, None, token=made["accessToken"])
        assert (before.status_code, after.status_code) == (403, 200)
        assert (after.json()["user"]["companyId"], after.json()["user"]["status"]) == (company, "active")


class TestSuspension:
    async def test_stops_sign_in_and_refresh_until_it_ends(self, auth: Harness) -> None:
        company = new_id("cmp")
        _, email, _ = await employed(auth, company)
        pair = (await login(auth, email)).json()
        await auth.publish(CompanySuspended(company_id=company, status="suspended"), company, sequence=2)
        refused = await _login_until(auth, email, 403)
        assert refused == "company_suspended"
        refreshed = await post(auth, "/api/auth/refresh", {"refreshToken": pair["refreshToken"]})
        assert (refreshed.status_code, refreshed.json()["code"]) == (403, "company_suspended")
        await auth.publish(CompanyReactivated(company_id=company), company, sequence=3)
        await _login_until(auth, email, 200)
        await auth.publish(CompanySuspended(company_id=company, status="suspended"), company, sequence=2)
        assert (await login(auth, email)).status_code == 200


class TestJwks:
    async def test_publishes_no_private_part(self, auth: Harness) -> None:
        async with auth.client() as client:
            keys = (await client.get("/.well-known/jwks.json")).json()["keys"]
        assert len(keys) == 1
        assert set(keys[0]) == {"kty", "crv", "x", "kid", "use", "alg"}


async def _claims(token: str) -> dict[str, str]:
    import jwt

    decoded: dict[str, str] = jwt.decode(token, options={"verify_signature": False})
    return decoded


async def _until_refused(auth: Harness, token: str) -> None:
    async with auth.client(token) as client:
        for _ in range(500):
            if (await client.get("/api/auth/me")).status_code == 401:
                return
    raise AssertionError("the token is still accepted")


async def _login_until(auth: Harness, email: str, status: int) -> str:
    for _ in range(100):
        answer = await login(auth, email)
        if answer.status_code == status:
            return str(answer.json().get("code", ""))
    raise AssertionError(f"never {status}: {answer.text}")
