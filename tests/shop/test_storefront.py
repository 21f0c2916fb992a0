"""The storefront's configuration and the plan's limit of shops, on the real servers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from common.events.parts import CompanyLimits, CompanySettings
from common.events.tenancy import CompanyCreated, CompanyUpdated
from common.ids import new_id
from common.testing import Harness, Infrastructure
from tests.sales.conftest import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/storefront/config"
FACTS = {"name": "Acme", "slug": "acme", "status": "active", "currency": "EUR", "timezone": "Europe/Berlin"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    async with Harness("shop", infrastructure, MARKETHALL_SERVICE_URL_TEMPLATE="http://127.0.0.1:1") as harness:
        yield harness


async def company(shop: Harness, shops: int | None = None) -> str:
    """A company that the shop service has heard of."""
    company_id = new_id("cmp")
    data = CompanyCreated(company_id=company_id, settings=CompanySettings(), limits=CompanyLimits(shops=shops), **FACTS)
    await shop.publish(data, company_id)

    async def is_known() -> bool:
        async with shop.client(None, tenant=company_id) as visitor:
            return (await visitor.get(PATH)).status_code == 200

    await eventually(is_known)
    return company_id


class TestShow:
    async def test_begins_with_defaults_for_anybody(self, shop: Harness) -> None:
        company_id = await company(shop)
        async with shop.client(None, tenant=company_id) as visitor:
            answer = await visitor.get(PATH)
        shown = answer.json()
        assert (answer.status_code, answer.headers["etag"]) == (200, '"0"')
        assert (shown["name"], shown["slug"], shown["version"], shown["layout"]) == ("Acme", "acme", 0, "grid")
        assert shown["colours"]["background"] == "#ffffff"

    async def test_needs_a_company(self, shop: Harness) -> None:
        async with shop.client() as visitor:
            answer = await visitor.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (400, "tenant_required")


class TestConfigure:
    async def test_merges_and_tells_what_changed(self, shop: Harness) -> None:
        company_id = await company(shop)
        async with shop.user("company_admin", company_id) as admin:
            await admin.patch(
                PATH, json={"colours": {"primary": "#112233"}, "socialLinks": {"mastodon": "https://a.example"}}
            )
            wanted = {"colours": {"text": "#000000"}, "name": "Acme Shop", "socialLinks": {"mastodon": None}}
            both = (await admin.patch(PATH, json=wanted)).json()
            reset = (await admin.patch(PATH, json={"colours": {"primary": None}, "name": None})).json()
        assert (both["colours"]["primary"], both["colours"]["text"]) == ("#112233", "#000000")
        assert (both["name"], both["socialLinks"]) == ("Acme Shop", {})
        assert (reset["name"], reset["colours"]["primary"], reset["version"]) == ("Acme", "#1f4b99", 3)
        heard = await shop.events.wait_for(
            "storefront.configured", lambda e: e.company_id == company_id and e.sequence == 2
        )
        assert heard[0].data.before["name"] is None and heard[0].data.after["name"] == "Acme Shop"

    async def test_survives_two_first_times_at_once(self, shop: Harness) -> None:
        company_id = await company(shop)
        async with shop.user("company_admin", company_id) as admin:
            changes = [{"productsPerPage": 30}, {"layout": "list"}, {"name": "A"}]
            answers = await asyncio.gather(*(admin.patch(PATH, json=change) for change in changes))
            shown = (await admin.get(PATH)).json()
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert (shown["productsPerPage"], shown["layout"], shown["name"]) == (30, "list", "A")

    async def test_refuses_an_old_version(self, shop: Harness) -> None:
        company_id = await company(shop)
        async with shop.user("company_admin", company_id) as admin:
            await admin.patch(PATH, json={"layout": "list"})
            answer = await admin.patch(PATH, json={"layout": "grid"}, headers={"if-match": '"0"'})
        assert (answer.status_code, answer.json()["code"]) == (412, "version_conflict")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"logoUrl": "javascript:alert(1)"},
            {"logoUrl": "https://user:secret@a.example/logo.png"},
            {"colours": {"primary": "red"}},
            {"fonts": {"body": "x; } body { display: none"}},
            {"layout": "table"},
            {"productsPerPage": 0},
            {"socialLinks": {"Not A Name": "https://a.example"}},
            {"theme": "dark"},
        ],
    )
    async def test_refuses_what_is_none(self, shop: Harness, wrong: dict[str, object]) -> None:
        company_id = await company(shop)
        async with shop.user("company_admin", company_id) as admin:
            answer = await admin.patch(PATH, json=wrong)
            shown = (await admin.get(PATH)).json()
        assert (answer.status_code, shown["version"]) == (422, 0)

    async def test_is_for_the_companys_admin(self, shop: Harness) -> None:
        company_id = await company(shop)
        async with shop.user("shop_manager", company_id) as manager:
            assert (await manager.patch(PATH, json={"layout": "list"})).status_code == 403
        async with shop.client(None, tenant=company_id) as visitor:
            assert (await visitor.patch(PATH, json={"layout": "list"})).status_code == 401


class TestLimit:
    async def test_stops_at_what_the_plan_allows(self, shop: Harness) -> None:
        company_id = await company(shop, shops=1)
        async with shop.user("company_admin", company_id) as admin:
            first = await admin.post("/api/shops", json={"name": "One", "code": "1"})
            second = await admin.post("/api/shops", json={"name": "Two", "code": "2"})
        assert (first.status_code, second.status_code, second.json()["code"]) == (201, 409, "plan_limit_reached")

    async def test_follows_the_plan(self, shop: Harness) -> None:
        company_id = await company(shop, shops=0)
        async with shop.user("company_admin", company_id) as admin:
            assert (await admin.post("/api/shops", json={"name": "One", "code": "1"})).status_code == 409
            await shop.publish(
                CompanyUpdated(company_id=company_id, limits=CompanyLimits(), **FACTS), company_id, sequence=999
            )

            async def opens() -> bool:
                return (await admin.post("/api/shops", json={"name": "One", "code": "1"})).status_code == 201

            await eventually(opens)


class TestStaff:
    async def test_pages_and_refuses_what_no_list_takes(self, shop: Harness) -> None:
        company_id = await company(shop)
        async with shop.user("company_admin", company_id) as admin:
            path = f"/api/shops/{(await admin.post('/api/shops', json={'name': 'One', 'code': '1'})).json()['id']}"
            shops = shop.app.state.runtime.database["shops"]
            people = [
                {
                    "userId": f"usr_{number}",
                    "email": "a@b.example",
                    "name": None,
                    "role": "shop_staff",
                    "status": "active",
                }
                for number in range(5)
            ]
            await shops.update_one({"_id": path.rpartition("/")[2]}, {"$set": {"staff": people}})
            seen: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
                page = (await admin.get(f"{path}/staff", params=params)).json()
                seen += [member["userId"] for member in page["items"]]
                cursor = page["nextCursor"]
            refused = [
                (await admin.get(f"{path}/staff?{query}")).status_code
                for query in ("limit=0", "limit=101", "cursor=usr_9", "sort=name", "colour=red")
            ]
        assert seen == [f"usr_{number}" for number in range(5)]
        assert refused == [422] * 5
