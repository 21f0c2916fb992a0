"""Facets, suggestions and the pages of a search on the real servers."""

import base64
import json
from typing import Any

import pytest

from common.ids import new_id
from common.testing import Harness
from tests.catalog.conftest import NewCompany, eventually, made, variants_body

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestFacets:
    async def test_count_without_what_is_chosen_of_themselves(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            category = (await admin.post("/api/categories", json={"name": "Kitchen"})).json()
            for number, (color, size) in enumerate([("red", "S"), ("red", "M"), ("blue", "S"), ("grey", "L")]):
                attributes = {"color": color, "size": size}
                await made(admin, f"F{number}", attributes=attributes, categoryId=category["id"] if number else None)
            await made(admin, "HIDDEN", attributes={"color": "pink"}, status="draft")
            await made(admin, "SHIRT", 1299, **variants_body())
        async with catalog.client(tenant=company) as shopper:
            query = {"facets": "attr.color,attr.size,categoryId,attr.Size", "attr.color": "red"}
            plain = (await shopper.get("/api/products")).json()
            by_option = (await shopper.get("/api/products", params={"attr.Size": "S"})).json()

            async def all_are_indexed() -> bool:
                page = (await shopper.get("/api/products", params={"search": "ceramic mug"})).json()
                return len(page["items"]) == 5

            await eventually(all_are_indexed)
            answer = (await shopper.get("/api/products", params=query)).json()
            counted = {facet["name"]: {v["value"]: v["count"] for v in facet["values"]} for facet in answer["facets"]}
            by_stock = (await shopper.get("/api/products", params={**query, "inStock": "false"})).json()
            both = {**query, "stockStatus": "out_of_stock", "search": "mug"}
            by_both = (await shopper.get("/api/products", params=both)).json()
            searched = (await shopper.get("/api/products", params={**query, "search": "ceramic mug"})).json()
        assert counted["attr.color"] == {"red": 2, "blue": 1, "grey": 1}
        assert counted["attr.size"] == {"S": 1, "M": 1}
        assert counted["categoryId"] == {category["id"]: 1}
        assert counted["attr.Size"] == {}
        assert answer["facets"][2]["values"][0]["label"] == "Kitchen"
        assert plain["facets"] == []
        assert [item["sku"] for item in by_option["items"]] == ["SHIRT"]
        assert searched["facets"] == by_stock["facets"] == by_both["facets"] == answer["facets"]

    @pytest.mark.parametrize(
        "facets", ["color", "attr.$where", "price", "attr.", ",".join(f"attr.a{n}" for n in range(11))]
    )
    async def test_refuses_what_cannot_be_counted(self, catalog: Harness, facets: str) -> None:
        async with catalog.client(tenant=new_id("cmp")) as shopper:
            answer = await shopper.get("/api/products", params={"facets": facets})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


class TestSuggestions:
    async def test_go_on_from_what_is_typed_by_what_may_be_seen(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company, other = await new_company(), await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.user("company_admin", other) as stranger:
            lamp = await made(admin, "L1", name="Desk lamp")
            await made(admin, "L2", name="Desk lampion", status="draft")
            await made(stranger, "L3", name="Lampoon")
        async with catalog.client(tenant=company) as shopper:

            async def suggested() -> Any:
                return (await shopper.get("/api/products/suggestions", params={"q": "desk la"})).json()["items"]

            items = await eventually(suggested)
            refused = [
                (await shopper.get("/api/products/suggestions", params=query)).status_code
                for query in ({}, {"q": ""}, {"q": "a\0"}, {"q": "a", "limit": 21}, {"q": "a", "x": "1"})
            ]
        assert items == [
            {"kind": "completion", "text": "desk lamp", "productId": None},
            {"kind": "product", "text": "Desk lamp", "productId": lamp["id"]},
        ]
        assert refused == [422] * 5


class TestRelevancePages:
    async def test_repeat_and_skip_nothing_when_a_better_one_appears(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            for number in range(6):
                await made(admin, f"M{number}", name=f"Mug with a long name {'and more ' * number}")

            async def page(count: int, **more: Any) -> Any:
                answer = await admin.get("/api/products", params={"search": "mug", "limit": 4, **more})
                return answer.json() if len(answer.json()["items"]) == count else None

            await eventually(lambda: page(6, limit=10))
            first = await page(4)
            await made(admin, "BEST", name="Mug")
            await eventually(lambda: page(7, limit=10))
            second = await page(2, cursor=first["nextCursor"])
        skus = [item["sku"] for item in (*first["items"], *second["items"])]
        assert skus == [f"M{number}" for number in range(6)]
        assert second["nextCursor"] is None

    @pytest.mark.parametrize("passed", ["x", -1, None, 1.5, True])
    async def test_refuse_a_forged_cursor(self, catalog: Harness, new_company: NewCompany, passed: Any) -> None:
        cursor = base64.urlsafe_b64encode(json.dumps(["relevance", "v", passed, "prd_1"]).encode()).decode()
        async with catalog.client(tenant=await new_company()) as shopper:
            answer = await shopper.get("/api/products", params={"search": "mug", "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")
