"""Collections on the real servers."""

from typing import Any

import pytest

from common.testing import Harness
from tests.catalog.conftest import NewCompany, eventually, made

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestCollections:
    async def test_hold_products_or_follow_a_rule(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            home = (await admin.post("/api/categories", json={"name": "Home"})).json()["id"]
            below = (await admin.post("/api/categories", json={"name": "Cups", "parentId": home})).json()["id"]
            red = await made(admin, "RED", categoryId=below, attributes={"color": "red"})
            await made(admin, "BLUE", categoryId=below, attributes={"color": "blue"})
            await made(admin, "ELSE", attributes={"color": "red"})
            rule = {"categoryId": home, "attributes": {"color": ["red", "green"]}}
            ruled = (await admin.post("/api/collections", json={"name": "Reds", "rule": rule})).json()
            listed = await admin.post("/api/collections", json={"name": "One", "productIds": [red["id"]] * 2})
            one = listed.json()
            path = f"/api/collections/{one['id']}"

            async def skus(collection: dict[str, Any], **query: str) -> list[str]:
                asked = {"collectionId": collection["id"], **query}
                return sorted(item["sku"] for item in (await admin.get("/api/products", params=asked)).json()["items"])

            assert (await skus(ruled), await skus(one)) == (["RED"], ["RED"])
            assert await skus(ruled, **{"attr.color": "blue"}) == []
            await eventually(lambda: skus(ruled, search="mug"))
            counted = await admin.get(
                "/api/products", params={"collectionId": ruled["id"], "facets": "attr.color", "attr.color": "blue"}
            )
            stale = await admin.patch(path, json={"name": "Two"}, headers={"If-Match": '"9"'})
            turned = await admin.patch(path, json={"rule": {"attributes": {"color": ["blue"]}}})
            assert await skus(one) == ["BLUE"]
            assert (await admin.delete(path)).status_code == 204
            gone = [(await admin.get(path)).status_code, (await admin.delete(path)).status_code]
            lost = await admin.get("/api/products", params={"collectionId": one["id"]})
            names = [item["name"] for item in (await admin.get("/api/collections")).json()["items"]]
        assert counted.json()["facets"][0]["values"] == [{"value": "red", "label": "red", "count": 1}]
        assert (listed.headers["etag"], one["productIds"], one["rule"]) == ('"1"', [red["id"]], None)
        assert (stale.status_code, turned.json()["productIds"]) == (412, [])
        assert (gone, lost.status_code, names) == ([404, 404], 404, ["Reds"])
        updated = (await catalog.events.wait_for("collection.updated", lambda e: e.subject == one["id"]))[0]
        assert updated.data.before == {"rule": None, "productIds": [red["id"]]}
        await catalog.events.wait_for("collection.deleted", lambda e: e.subject == one["id"])

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"name": "X", "productIds": ["prd_none"]}, "unknown_product"),
            ({"name": "X", "productIds": [{"$gt": ""}]}, "invalid_body"),
            ({"name": "X", "rule": {}}, "invalid_collection"),
            ({"name": "X", "rule": {"categoryId": "cat_none"}}, "unknown_category"),
            ({"name": "X", "rule": {"attributes": {"$where": ["1"]}}}, "invalid_collection"),
            ({"name": "X", "rule": {"attributes": {"color": {"$ne": "red"}}}}, "invalid_body"),
            ({"name": "X\0"}, "invalid_body"),
            ({"name": "X", "products": []}, "invalid_body"),
            ({}, "invalid_body"),
        ],
    )
    async def test_refuse_what_they_cannot_hold(
        self, catalog: Harness, new_company: NewCompany, body: dict[str, Any], code: str
    ) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            answer = await admin.post("/api/collections", json=body)
            assert (await admin.get("/api/collections")).json()["items"] == []
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_are_their_companys_alone(self, catalog: Harness, new_company: NewCompany) -> None:
        company, other = await new_company(), await new_company()
        async with catalog.user("company_admin", company) as admin:
            product = await made(admin)
            mine = (await admin.post("/api/collections", json={"name": "Mine"})).json()
        path = f"/api/collections/{mine['id']}"
        async with catalog.user("company_admin", other) as stranger:
            seen = [
                (await stranger.get(path)).status_code,
                (await stranger.patch(path, json={"name": "X"})).status_code,
                (await stranger.delete(path)).status_code,
                (await stranger.get("/api/products", params={"collectionId": mine["id"]})).status_code,
            ]
            taken = await stranger.post("/api/collections", json={"name": "X", "productIds": [product["id"]]})
        async with catalog.client(tenant=company) as shopper:
            read, write = await shopper.get(path), await shopper.patch(path, json={"name": "X"})
        assert seen == [404] * 4
        assert taken.json()["code"] == "unknown_product"
        assert (read.status_code, write.status_code) == (200, 401)
