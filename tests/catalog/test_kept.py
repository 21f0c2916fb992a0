"""Answers that visitors get as they were kept: always what is stored, and nobody else's."""

import pytest
from prometheus_client import REGISTRY

from common.events.stock import LowStock
from common.testing import Harness
from tests.catalog.conftest import NewCompany, eventually, made, variants_body
from tests.catalog.test_handlers import fact

pytestmark = pytest.mark.asyncio(loop_scope="module")


def given() -> float:
    return REGISTRY.get_sample_value("markethall_kept_answers_total") or 0.0


class TestVisitors:
    async def test_get_the_same_bytes_again_without_the_database(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.client(tenant=company) as visitor:
            path = f"/api/products/{(await made(admin, status='active'))['id']}"
            before, answers = given(), [await visitor.get(path)]

            async def is_kept() -> bool:  # not before the feed has told of the product
                answers.append(await visitor.get(path))
                return given() > before

            await eventually(is_kept)
        assert len({answer.content for answer in answers}) == 1
        assert {answer.headers["etag"] for answer in answers} == {'"1"'}
        assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)

    async def test_see_what_was_changed_a_moment_ago(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.client(tenant=company) as visitor:
            path = f"/api/products/{(await made(admin, status='active'))['id']}"
            for number in range(20):
                assert (await visitor.get(path)).status_code == 200
                await admin.patch(path, json={"name": f"Mug {number}"})
                assert (await visitor.get(path)).json()["name"] == f"Mug {number}"
            await admin.delete(path)
            assert (await visitor.get(path)).status_code == 404
            assert (await visitor.get("/api/products")).json()["items"] == []

    async def test_see_a_new_category_and_collection(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.client(tenant=company) as visitor:
            for path, body in (
                ("/api/categories", {"name": "Mugs"}),
                ("/api/collections", {"name": "Summer", "productIds": []}),
            ):
                assert (await visitor.get(path)).json()["items"] == []
                assert (await admin.post(path, json=body)).status_code == 201
                assert len((await visitor.get(path)).json()["items"]) == 1

    async def test_see_what_inventory_told(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.client(tenant=company) as visitor:
            path = f"/api/products/{(await made(admin, 'MUG', status='active'))['id']}"
            await visitor.get(path)
            products = catalog.runtime.database["products"]
            await catalog.publish(fact(LowStock, "MUG"), company, sequence=1)
            await eventually(lambda: products.find_one({"companyId": company, "stock.sequence": 1}))

            async def is_low() -> bool:
                return bool((await visitor.get(path)).json()["stockStatus"] == "low_stock")

            await eventually(is_low, deadline_seconds=2.0)  # long before its age ends it

    async def test_find_by_search_what_the_index_learned(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.client(tenant=company) as visitor:
            assert (await visitor.get("/api/products?search=mug")).json()["items"] == []
            await made(admin, status="active")

            async def is_found() -> bool:
                return bool((await visitor.get("/api/products?search=mug")).json()["items"])

            await eventually(is_found, deadline_seconds=3.0)

    async def test_of_another_company_get_their_own(self, catalog: Harness, new_company: NewCompany) -> None:
        one, other = await new_company(), await new_company()
        async with catalog.user("company_admin", one) as admin:
            path = f"/api/products/{(await made(admin, status='active'))['id']}"
        async with catalog.client(tenant=one) as visitor, catalog.client(tenant=other) as stranger:
            assert (await visitor.get(path)).status_code == 200
            assert (await stranger.get(path)).status_code == 404
            assert len((await visitor.get("/api/products")).json()["items"]) == 1
            assert (await stranger.get("/api/products")).json()["items"] == []


class TestRefusedWrites:
    async def test_make_nothing_forgotten(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        kept = catalog.runtime.kept
        async with catalog.user("company_admin", company) as admin, catalog.client(tenant=company) as visitor:
            before = kept.generation_of(company)
            assert (await visitor.post("/api/products", json={})).status_code == 401
            assert (await admin.post("/api/products", json={})).status_code == 422
            assert (await admin.patch("/api/products/prd_none", json={"name": "Mug"})).status_code == 404
            assert kept.generation_of(company) == before
            await made(admin)
            assert kept.generation_of(company) > before


class TestStaff:
    async def test_see_what_is_stored(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.client(tenant=company) as visitor:
            product = await made(admin, **variants_body())
            await made(admin, "DRAFT", status="draft")
            assert len((await visitor.get("/api/products")).json()["items"]) == 1
            assert len((await admin.get("/api/products")).json()["items"]) == 2
            before = given()
            await catalog.runtime.database["products"].update_one({"_id": product["id"]}, {"$set": {"name": "Cup"}})
            assert (await admin.get(f"/api/products/{product['id']}")).json()["name"] == "Cup"
        assert given() == before


class TestPreconditions:
    async def test_are_looked_at_by_the_route(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.client(tenant=company) as visitor:
            path = f"/api/products/{(await made(admin, status='active'))['id']}"
            first = given()

            async def is_kept() -> bool:
                await visitor.get(path)
                return given() > first

            await eventually(is_kept)
            before = given()
            await visitor.get(path, headers={"If-None-Match": '"1"'})
            assert given() == before
            head = await visitor.head(path)
        assert (head.status_code, head.content) == (200, b"")
