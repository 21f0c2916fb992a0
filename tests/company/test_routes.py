"""Founding, reading and changing companies, on the real servers."""

import asyncio

import pytest

from common.ids import new_id
from common.testing import Harness
from tests.company.conftest import PASSWORD, body, found

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {
    "taxInclusive": True,
    "taxBasisPoints": 0,
    "guestCheckout": True,
    "paymentDeadlineSeconds": 900,
    "lowStockThreshold": 5,
    "allowedOrigins": [],
    "staffRefundLimit": None,
}
UNLIMITED = {"shops": None, "staff": None, "products": None, "requestsPerMinute": None}
STARTER = {"shops": 1, "staff": 5, "products": 1000, "requestsPerMinute": 600}


class TestFound:
    async def test_makes_a_company_whose_admin_can_sign_in(self, company: Harness, auth: Harness) -> None:
        wanted = body(country="DE")
        answer = await found(company, wanted)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        same = {name: wanted[name] for name in ("name", "slug", "currency", "timezone", "country")}
        assert made == made | same | {"status": "active", "settings": SETTINGS, "version": 1, "companyId": made["id"]}
        async with auth.client() as client:
            login = {"email": wanted["admin"]["email"], "password": PASSWORD}
            signed_in = (await client.post("/api/auth/login", json=login)).json()["user"]
        assert (signed_in["companyId"], signed_in["role"]) == (made["id"], "company_admin")
        event = (await company.events.wait_for("company.created", lambda e: e.company_id == made["id"]))[0]
        assert (event.data.slug, event.data.settings.low_stock_threshold, event.sequence) == (wanted["slug"], 5, 1)

    async def test_refuses_a_slug_twice_even_at_once(self, company: Harness) -> None:
        wanted = body()
        others = [{**wanted, "admin": body()["admin"]} for _ in range(5)]
        answers = await asyncio.gather(*(found(company, other) for other in others))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 4
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"slug_taken"}

    async def test_leaves_nothing_behind_when_the_admin_is_refused(self, company: Harness) -> None:
        first = body()
        await found(company, first)
        second = {**body(), "admin": first["admin"]}
        refused = await found(company, second)
        assert (refused.status_code, refused.json()["code"]) == (409, "account_exists")
        weak = {**second, "admin": {**body()["admin"], "password": "password1"}}
        too_weak = await found(company, weak)
        assert (too_weak.status_code, too_weak.json()["errors"][0]["field"]) == (422, "admin.password")
        async with company.user("super_admin") as platform:
            listed = (await platform.get("/api/companies", params={"search": second["slug"]})).json()["items"]
        assert listed == []
        assert (await found(company, {**second, "admin": body()["admin"]})).status_code == 201

    async def test_invites_an_existing_account_without_a_password(self, company: Harness, auth: Harness) -> None:
        first = body()
        await found(company, first)
        person = {"email": first["admin"]["email"], "name": "Alex"}
        second = await found(company, {**body(), "admin": person})
        assert second.status_code == 201
        async with auth.service_client("shop") as client:
            told = (await client.get(f"/internal/staff/{second.json()['id']}")).json()["items"]
        assert [(member["email"], member["status"]) for member in told] == [(person["email"], "invited")]

    async def test_answers_the_same_again_under_its_key(self, company: Harness) -> None:
        wanted, key = body(), {"Idempotency-Key": new_id("key")}
        who = new_id("usr")
        async with company.user("super_admin", user_id=who) as platform:
            first = await platform.post("/api/companies", json=wanted, headers=key)
            again = await platform.post("/api/companies", json=wanted, headers=key)
        assert (first.status_code, again.status_code) == (201, 201)
        assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"slug": "Not A Slug"},
            {"slug": "www"},
            {"slug": "-a"},
            {"currency": "XXQ"},
            {"timezone": "Mars/Base"},
            {"country": "Nowhere"},
            {"admin": {"email": "nobody", "name": "A"}},
            {"colour": "red"},
        ],
    )
    async def test_refuses_a_bad_body(self, company: Harness, wrong: dict[str, str]) -> None:
        answer = await found(company, body(**wrong))
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"]

    async def test_is_for_the_platforms_administrator(self, company: Harness) -> None:
        async with company.user("company_admin", new_id("cmp")) as admin:
            assert (await admin.post("/api/companies", json=body())).status_code == 403
        async with company.client() as anonymous:
            assert (await anonymous.post("/api/companies", json=body())).status_code == 401


class TestRead:
    async def test_shows_an_admin_only_the_own_company(self, company: Harness) -> None:
        mine, other = (await found(company)).json(), (await found(company)).json()
        async with company.user("company_admin", mine["id"]) as admin:
            own = await admin.get(f"/api/companies/{mine['id']}")
            foreign = await admin.get(f"/api/companies/{other['id']}")
            changed = await admin.patch(f"/api/companies/{other['id']}", json={"name": "Mine"})
            listed = (await admin.get("/api/companies")).json()["items"]
        assert (own.status_code, foreign.status_code, changed.status_code) == (200, 404, 404)
        assert own.headers["etag"] == '"1"'
        assert [item["id"] for item in listed] == [mine["id"]]
        async with company.user("shop_staff", mine["id"]) as staff:
            assert (await staff.get(f"/api/companies/{mine['id']}")).status_code == 403

    async def test_lists_filters_and_searches_for_the_platform(self, company: Harness) -> None:
        made = (await found(company, body(name="Zebra & Sons"))).json()
        async with company.user("super_admin") as platform:
            await platform.patch(f"/api/companies/{made['id']}", json={"status": "suspended"})
            searched = (await platform.get("/api/companies", params={"search": "zebra &"})).json()["items"]
            suspended = (await platform.get("/api/companies", params={"status": "suspended"})).json()["items"]
            unknown = await platform.get("/api/companies", params={"colour": "red"})
        assert made["id"] in [item["id"] for item in searched]
        assert {item["status"] for item in suspended} == {"suspended"}
        assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_query")

    async def test_tells_services_by_id_and_slug(self, company: Harness) -> None:
        made = (await found(company)).json()
        async with company.service_client("gateway") as gateway:
            by_id = (await gateway.get(f"/internal/companies/{made['id']}")).json()
            by_slug = (await gateway.get(f"/internal/companies/{made['slug']}")).json()
            nobody = await gateway.get("/internal/companies/nobody")
        assert by_id == by_slug
        assert (by_id["settings"], by_id["sequence"], nobody.status_code) == (SETTINGS, 1, 404)


class TestEdit:
    async def test_merges_settings_and_tells_everyone(self, company: Harness) -> None:
        made = (await found(company)).json()
        path = f"/api/companies/{made['id']}"
        async with company.user("company_admin", made["id"]) as admin:
            await admin.patch(path, json={"settings": {"taxBasisPoints": 1900}})
            both = await admin.patch(path, json={"settings": {"lowStockThreshold": 2}, "name": "Acme Ltd"})
            reset = await admin.patch(path, json={"settings": {"taxBasisPoints": None}})
            nothing = await admin.patch(path, json={"name": "Acme Ltd"})
        assert both.json()["settings"] == SETTINGS | {"taxBasisPoints": 1900, "lowStockThreshold": 2}
        assert reset.json()["settings"] == SETTINGS | {"lowStockThreshold": 2}
        assert nothing.json()["version"] == reset.json()["version"] == 4
        events = await company.events.wait_for("company.updated", lambda e: e.company_id == made["id"], count=3)
        assert (events[1].data.name, events[1].data.before["name"]) == ("Acme Ltd", "Acme")
        assert events[1].data.settings.tax_basis_points == 1900

    @pytest.mark.parametrize("change", [{"slug": "other"}, {"currency": "USD"}, {"id": "cmp_1"}])
    async def test_refuses_what_never_changes(self, company: Harness, change: dict[str, str]) -> None:
        made = (await found(company)).json()
        async with company.user("company_admin", made["id"]) as admin:
            answer = await admin.patch(f"/api/companies/{made['id']}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (422, "immutable_field")

    async def test_refuses_an_old_version(self, company: Harness) -> None:
        made = (await found(company)).json()
        async with company.user("company_admin", made["id"]) as admin:
            path, old = f"/api/companies/{made['id']}", {"If-Match": '"1"'}
            assert (await admin.patch(path, json={"name": "A"}, headers=old)).status_code == 200
            assert (await admin.patch(path, json={"name": "B"}, headers=old)).status_code == 412

    async def test_lets_only_the_platform_change_the_status(self, company: Harness) -> None:
        made = (await found(company)).json()
        path = f"/api/companies/{made['id']}"
        async with company.user("company_admin", made["id"]) as admin:
            refused = await admin.patch(path, json={"status": "closed"})
        async with company.user("super_admin", tenant=made["id"]) as platform:
            suspended = await platform.patch(path, json={"status": "suspended"})
            active = await platform.patch(path, json={"status": "active"})
            closed = await platform.patch(path, json={"status": "closed"})
            impossible = await platform.patch(path, json={"status": "suspended"})
        assert refused.status_code == 403
        assert [answer.json()["status"] for answer in (suspended, active, closed)] == ["suspended", "active", "closed"]
        assert (impossible.status_code, impossible.json()["code"]) == (409, "invalid_transition")
        told = await company.events.wait_for("company.suspended", lambda e: e.company_id == made["id"], count=2)
        assert [event.data.status for event in told] == ["suspended", "closed"]
        await company.events.wait_for("company.reactivated", lambda e: e.company_id == made["id"])


class TestPlan:
    async def test_brings_its_limits(self, company: Harness) -> None:
        free = (await found(company)).json()
        small = (await found(company, body(plan="starter"))).json()
        assert (free["plan"], free["limits"]) == ("enterprise", UNLIMITED)
        assert (small["plan"], small["limits"]) == ("starter", STARTER)

    async def test_is_changed_by_the_platform_with_its_own_limits(self, company: Harness) -> None:
        made = (await found(company, body(plan="starter"))).json()
        async with company.user("super_admin") as platform:
            path = f"/api/companies/{made['id']}"
            more = await platform.patch(path, json={"limits": {"shops": 3}})
            back = await platform.patch(path, json={"limits": {"shops": None}})
            grown = await platform.patch(path, json={"plan": "growth", "limits": {"staff": 60}})
        assert more.json()["limits"] == STARTER | {"shops": 3}
        assert back.json()["limits"] == STARTER
        assert grown.json()["limits"] == {"shops": 10, "staff": 60, "products": 20000, "requestsPerMinute": 6000}
        heard = await company.events.wait_for("company.updated", lambda e: e.data.plan == "growth")
        assert heard[-1].data.limits.staff == 60

    @pytest.mark.parametrize("change", [{"plan": "growth"}, {"limits": {"shops": 9}}, {"status": "closed"}])
    async def test_is_not_changed_by_the_company_itself(self, company: Harness, change: dict[str, object]) -> None:
        made = (await found(company, body(plan="starter"))).json()
        async with company.user("company_admin", made["id"]) as admin:
            refused = await admin.patch(f"/api/companies/{made['id']}", json=change)
            after = (await admin.get(f"/api/companies/{made['id']}")).json()
        assert (refused.status_code, after) == (403, made)


class TestSettings:
    async def test_take_origins_and_a_refund_limit(self, company: Harness) -> None:
        made = (await found(company)).json()
        wanted = {"allowedOrigins": ["https://shop.example", "http://localhost:5173"]}
        wanted["staffRefundLimit"] = {"amount": 5000, "currency": "EUR"}  # type: ignore[assignment]
        async with company.user("company_admin", made["id"]) as admin:
            answer = await admin.patch(f"/api/companies/{made['id']}", json={"settings": wanted})
        assert answer.json()["settings"] == SETTINGS | wanted

    async def test_tell_the_gateway_whose_pages_may_call(self, company: Harness) -> None:
        made = (await found(company)).json()
        origin = f"https://{made['slug']}.example"
        async with company.service_client("gateway") as gateway:
            before = (await gateway.get("/internal/origins", params={"origin": origin})).json()
            async with company.user("company_admin", made["id"]) as admin:
                await admin.patch(f"/api/companies/{made['id']}", json={"settings": {"allowedOrigins": [origin]}})
            after = (await gateway.get("/internal/origins", params={"origin": origin})).json()
        assert (before, after) == ({"isAllowed": False}, {"isAllowed": True})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"allowedOrigins": ["https://shop.example/path"]},
            {"allowedOrigins": ["*"]},
            {"allowedOrigins": ["null"]},
            {"allowedOrigins": ["https://a.example"] * 51},
            {"staffRefundLimit": {"amount": -1, "currency": "EUR"}},
            {"staffRefundLimit": {"amount": 100, "currency": "USD"}},
            {"staffRefundLimit": 100},
        ],
    )
    async def test_refuse_what_is_none(self, company: Harness, wrong: dict[str, object]) -> None:
        made = (await found(company)).json()
        async with company.user("company_admin", made["id"]) as admin:
            answer = await admin.patch(f"/api/companies/{made['id']}", json={"settings": wrong})
            after = (await admin.get(f"/api/companies/{made['id']}")).json()
        assert (answer.status_code, after) == (422, made)
