"""Routes of the company service; founding with auth is tested end to end."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from common.clock import SystemClock
from common.ids import new_id
from common.testing import Harness, Infrastructure
from services.company.domain import Company
from services.company.store import Companies

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    async with Harness("company", infrastructure) as harness:
        yield harness


async def founded(company: Harness) -> Company:
    company_id = new_id("cmp")
    made = Company.found(
        company_id=company_id,
        name="Acme",
        slug=company_id[-12:],
        currency="EUR",
        timezone="UTC",
        country=None,
        now=SystemClock().now(),
    )
    return await Companies(company.runtime.ground).for_platform().insert(made)


class TestFound:
    @pytest.mark.parametrize("role", ["company_admin", "shop_manager", "customer"])
    async def test_is_for_super_admins(self, company: Harness, role: str) -> None:
        async with company.user(role, new_id("cmp")) as user:
            assert (await user.post("/api/companies", json={})).status_code == 403

    @pytest.mark.parametrize(
        "change",
        [{"currency": "EURO"}, {"timezone": "Mars"}, {"slug": "WWW!"}, {"slug": "api"}, {"x": 1}, {"admin": None}],
    )
    async def test_refuses_a_bad_body(self, company: Harness, change: dict[str, object]) -> None:
        admin = {"email": "a@b.example", "name": "A"}
        body = {"name": "A", "slug": new_id("x")[-10:], "currency": "EUR", "timezone": "UTC", "admin": admin, **change}
        async with company.user("super_admin") as root:
            answer = await root.post("/api/companies", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"]

    async def test_refuses_a_taken_slug_before_anything_is_made(self, company: Harness) -> None:
        slug = (await founded(company)).slug
        admin = {"email": "a@b.example", "name": "A"}
        body = {"name": "A", "slug": slug, "currency": "EUR", "timezone": "UTC", "admin": admin}
        async with company.user("super_admin") as root:
            answer = await root.post("/api/companies", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")


class TestEdit:
    async def test_merges_settings(self, company: Harness) -> None:
        acme = await founded(company)
        async with company.user("company_admin", acme.id) as admin:
            answer = await admin.patch(f"/api/companies/{acme.id}", json={"settings": {"taxBasisPoints": 1900}})
        assert answer.status_code == 200, answer.text
        assert answer.json()["settings"] == {
            "taxInclusive": True,
            "taxBasisPoints": 1900,
            "guestCheckout": True,
            "paymentDeadlineSeconds": 900,
            "lowStockThreshold": 5,
        }
        event = (await company.events.wait_for("company.updated", lambda e: e.company_id == acme.id))[0]
        assert event.data.settings.tax_basis_points == 1900

    async def test_of_the_status_is_for_super_admins(self, company: Harness) -> None:
        acme = await founded(company)
        async with company.user("company_admin", acme.id) as admin:
            refused = await admin.patch(f"/api/companies/{acme.id}", json={"status": "suspended"})
        async with company.user("super_admin") as root:
            done = await root.patch(f"/api/companies/{acme.id}", json={"status": "suspended"})
        assert (refused.status_code, done.status_code, done.json()["status"]) == (403, 200, "suspended")
        await company.events.wait_for("company.suspended", lambda e: e.company_id == acme.id)

    @pytest.mark.parametrize("field", ["slug", "currency", "id"])
    async def test_refuses_what_is_fixed(self, company: Harness, field: str) -> None:
        acme = await founded(company)
        async with company.user("company_admin", acme.id) as admin:
            answer = await admin.patch(f"/api/companies/{acme.id}", json={field: "USD"})
        assert (answer.status_code, answer.json()["code"]) == (422, "immutable_field")


class TestList:
    async def test_shows_an_admin_only_their_own(self, company: Harness) -> None:
        acme, other = await founded(company), await founded(company)
        async with company.user("company_admin", acme.id) as admin:
            items = (await admin.get("/api/companies")).json()["items"]
            foreign = await admin.get(f"/api/companies/{other.id}")
            patched = await admin.patch(f"/api/companies/{other.id}", json={"name": "Mine"})
        async with company.user("super_admin") as root:
            everything = (await root.get("/api/companies", params={"limit": 100})).json()["items"]
        assert [item["id"] for item in items] == [acme.id]
        assert (foreign.status_code, patched.status_code) == (404, 404)
        assert {acme.id, other.id} <= {item["id"] for item in everything}


class TestTell:
    async def test_answers_services_by_id_or_slug_and_nobody_else(self, company: Harness) -> None:
        acme = await founded(company)
        async with company.service_client("gateway") as gateway:
            by_slug = await gateway.get(f"/internal/companies/{acme.slug}")
            by_id = await gateway.get(f"/internal/companies/{acme.id}")
            missing = await gateway.get("/internal/companies/nobody")
        async with company.user("super_admin") as root:
            refused = await root.get(f"/internal/companies/{acme.id}")
        assert by_slug.json() == by_id.json()
        assert (by_id.json()["sequence"], missing.status_code, refused.status_code) == (1, 404, 403)
