"""Routes of the shop service on the real servers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from common.events.stock import WarehouseCreated
from common.ids import new_id
from common.testing import Harness, Infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = {"name": "High Street", "code": "HS", "timezone": "Europe/London"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(infrastructure: Infrastructure) -> AsyncIterator[Harness]:
    async with Harness("shop", infrastructure, MARKETHALL_SERVICE_URL_TEMPLATE="http://127.0.0.1:1") as harness:
        yield harness


class TestOpen:
    async def test_answers_the_shop_and_announces_it(self, shop: Harness) -> None:
        company = new_id("cmp")
        async with shop.user("company_admin", company) as admin:
            answer = await admin.post("/api/shops", json=BODY)
        assert answer.status_code == 201, answer.text
        assert answer.json() == answer.json() | BODY | {"status": "active", "warehouseId": None, "version": 1}
        event = (await shop.events.wait_for("shop.created", lambda e: e.company_id == company))[0]
        assert event.data.shop_id == answer.json()["id"]
        assert event.sequence == 1

    async def test_refuses_a_code_twice_and_changes_nothing(self, shop: Harness) -> None:
        async with shop.user("company_admin", new_id("cmp")) as admin:
            await admin.post("/api/shops", json=BODY)
            answer = await admin.post("/api/shops", json=BODY)
            listed = await admin.get("/api/shops")
        assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")
        assert len(listed.json()["items"]) == 1

    @pytest.mark.parametrize("body", [{}, {**BODY, "colour": "red"}, {**BODY, "timezone": "Mars/Base"}])
    async def test_refuses_a_bad_body(self, shop: Harness, body: dict[str, str]) -> None:
        async with shop.user("company_admin", new_id("cmp")) as admin:
            answer = await admin.post("/api/shops", json=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["errors"]

    @pytest.mark.parametrize("body", [b"{", b'{"name": "\xff"}', b"[" * 50_000, b'{"name": ' + b"9" * 6000 + b"}"])
    async def test_refuses_what_cannot_be_read(self, shop: Harness, body: bytes) -> None:
        async with shop.user("company_admin", new_id("cmp")) as admin:
            answer = await admin.post("/api/shops", content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")

    async def test_needs_the_permission(self, shop: Harness) -> None:
        async with shop.user("shop_staff", new_id("cmp")) as staff:
            assert (await staff.post("/api/shops", json=BODY)).status_code == 403
        async with shop.client() as anonymous:
            answer = await anonymous.post("/api/shops", json=BODY)
        assert answer.status_code == 401
        assert "www-authenticate" in answer.headers


class TestRead:
    async def test_hides_another_companys_shop(self, shop: Harness) -> None:
        async with shop.user("company_admin", new_id("cmp")) as admin:
            shop_id = (await admin.post("/api/shops", json=BODY)).json()["id"]
        async with shop.user("company_admin", new_id("cmp")) as stranger:
            assert (await stranger.get(f"/api/shops/{shop_id}")).status_code == 404
            assert (await stranger.patch(f"/api/shops/{shop_id}", json={"name": "Mine"})).status_code == 404

    async def test_answers_head_as_get_without_a_body(self, shop: Harness) -> None:
        async with shop.user("company_admin", new_id("cmp")) as admin:
            path = f"/api/shops/{(await admin.post('/api/shops', json=BODY)).json()['id']}"
            head, whole = await admin.head(path), await admin.get(path)
            missing = await admin.head("/api/shops/shp_0")
        assert (head.status_code, head.content, missing.status_code) == (200, b"", 404)
        assert head.headers["content-length"] == str(len(whole.content))
        assert head.headers["etag"] == whole.headers["etag"]

    async def test_staff_see_only_their_shops(self, shop: Harness) -> None:
        company = new_id("cmp")
        async with shop.user("company_admin", company) as admin:
            first = (await admin.post("/api/shops", json=BODY)).json()["id"]
            await admin.post("/api/shops", json={**BODY, "code": "LS"})
        async with shop.user("shop_staff", company, shop_ids=[first]) as staff:
            items = (await staff.get("/api/shops")).json()["items"]
        assert [item["id"] for item in items] == [first]

    async def test_pages_through_the_list_without_gap_or_repeat(self, shop: Harness) -> None:
        async with shop.user("company_admin", new_id("cmp")) as admin:
            for number in range(5):
                await admin.post("/api/shops", json={**BODY, "code": f"S{number}"})
            seen, cursor = [], None
            while True:
                query = {"limit": 2, "sort": "code", **({"cursor": cursor} if cursor else {})}
                answer = (await admin.get("/api/shops", params=query)).json()
                seen += [item["code"] for item in answer["items"]]
                cursor = answer["nextCursor"]
                if cursor is None:
                    break
            bad = await admin.get("/api/shops", params={"cursor": "x"})
            unknown = await admin.get("/api/shops", params={"colour": "red"})
            attribute = await admin.get("/api/shops", params={"attr.colour": "red"})
        assert seen == ["S0", "S1", "S2", "S3", "S4"]
        assert (bad.status_code, bad.json()["code"]) == (422, "invalid_cursor")
        assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_query")
        assert (attribute.status_code, attribute.json()["code"]) == (422, "invalid_query")


class TestEdit:
    async def test_changes_what_was_sent_and_refuses_an_old_version(self, shop: Harness) -> None:
        company = new_id("cmp")
        async with shop.user("company_admin", company) as admin:
            made = await admin.post("/api/shops", json=BODY)
            path = f"/api/shops/{made.json()['id']}"
            changed = await admin.patch(path, json={"name": "Low Street"}, headers={"If-Match": made.headers["etag"]})
            stale = await admin.patch(path, json={"name": "No Street"}, headers={"If-Match": made.headers["etag"]})
            fixed = await admin.patch(path, json={"code": "XX"})
        assert (changed.json()["name"], changed.json()["version"]) == ("Low Street", 2)
        assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
        assert (fixed.status_code, fixed.json()["code"]) == (422, "immutable_field")
        event = (await shop.events.wait_for("shop.updated", lambda e: e.company_id == company))[0]
        assert event.data.before == {"name": "High Street"}

    async def test_edits_at_once_all_succeed_where_nobody_names_a_version(self, shop: Harness) -> None:
        async with shop.user("company_admin", new_id("cmp")) as admin:
            path = f"/api/shops/{(await admin.post('/api/shops', json=BODY)).json()['id']}"
            edits = [admin.patch(path, json={"name": f"Street {number}"}) for number in range(4)]
            answers = await asyncio.gather(*edits)
        assert sorted(answer.json()["version"] for answer in answers) == [2, 3, 4, 5]


class TestWarehouse:
    async def test_is_shown_once_inventory_has_made_it(self, shop: Harness) -> None:
        company = new_id("cmp")
        async with shop.user("company_admin", company) as admin:
            shop_id = (await admin.post("/api/shops", json=BODY)).json()["id"]
            warehouse = WarehouseCreated(warehouse_id="whs_1", name="W", code="W", shop_id=shop_id, priority=1)
            await shop.publish(warehouse, company, times=3)
            for _ in range(200):
                shown = (await admin.get(f"/api/shops/{shop_id}")).json()
                if shown["warehouseId"]:
                    break
        assert (shown["warehouseId"], shown["version"]) == ("whs_1", 2)
