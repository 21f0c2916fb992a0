"""Stock flags, companies and the search index: what catalog makes of events."""

from collections.abc import Awaitable, Callable

import pytest

from common.events.parts import CompanySettings
from common.events.stock import BackInStock, LowStock, OutOfStock, StockFact
from common.events.tenancy import CompanyUpdated
from common.testing import Harness, Infrastructure
from tests.catalog.conftest import NewCompany, eventually, made, variants_body

pytestmark = pytest.mark.asyncio(loop_scope="module")


def fact(kind: type[StockFact], sku: str, warehouse: str = "whs_1") -> StockFact:
    return kind(stock_id=f"{warehouse}:{sku}", sku=sku, warehouse_id=warehouse, available=1, threshold=5)


class TestStockFlags:
    async def test_show_the_best_over_all_warehouses(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            path = f"/api/products/{(await made(admin, 'MUG'))['id']}"

            def shows(status: str) -> Callable[[], Awaitable[bool]]:
                async def look() -> bool:
                    return bool((await admin.get(path)).json()["stockStatus"] == status)

                return look

            await catalog.publish(fact(BackInStock, "MUG"), company, sequence=1, times=2)
            await eventually(shows("in_stock"))
            await catalog.publish(fact(LowStock, "MUG", "whs_2"), company, sequence=1)
            await catalog.publish(fact(OutOfStock, "MUG"), company, sequence=2)
            await eventually(shows("low_stock"))
            assert len((await admin.get("/api/products", params={"inStock": "true"})).json()["items"]) == 1
            for status, count in (("low_stock", 1), ("in_stock", 0), ("out_of_stock", 0)):
                listed = (await admin.get("/api/products", params={"stockStatus": status})).json()["items"]
                assert len(listed) == count, status
            await catalog.publish(fact(OutOfStock, "MUG", "whs_2"), company, sequence=2)
            await eventually(shows("out_of_stock"))
            shown = (await admin.get(path)).json()
            assert (await admin.get("/api/products", params={"inStock": "true"})).json()["items"] == []
        assert shown["version"] == 1

    async def test_older_news_changes_nothing(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            path = f"/api/products/{(await made(admin, 'MUG'))['id']}"
            products = catalog.runtime.database["products"]
            await catalog.publish(fact(BackInStock, "MUG"), company, sequence=7)
            await eventually(lambda: products.find_one({"companyId": company, "stock.sequence": 7}))
            await catalog.publish(fact(OutOfStock, "MUG"), company, sequence=6)
            await catalog.publish(fact(LowStock, "MUG", "whs_2"), company, sequence=1)
            await eventually(lambda: products.find_one({"companyId": company, "stock.sequence": 1}))
            assert (await admin.get(path)).json()["stockStatus"] == "in_stock"

    async def test_belong_to_variants_where_there_are_any(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            path = f"/api/products/{(await made(admin, 'SHIRT', **variants_body()))['id']}"
            await catalog.publish(fact(BackInStock, "SHIRT-M"), company)
            products = catalog.runtime.database["products"]
            await eventually(lambda: products.find_one({"companyId": company, "inStock": True}))
            shown = (await admin.get(path)).json()
            assert [variant["stockStatus"] for variant in shown["variants"]] == ["out_of_stock", "in_stock"]
            without = {"variants": [{"sku": "SHIRT-S", "options": {"Size": "S"}}]}
            assert (await admin.patch(path, json=without)).json()["stockStatus"] == "out_of_stock"
            assert (await admin.get("/api/products", params={"inStock": "true"})).json()["items"] == []


class TestCompany:
    async def test_an_update_changes_the_tax_of_carts(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            mug = await made(admin, "MUG", 1190)
        changed = CompanyUpdated(
            company_id=company, currency="EUR", settings=CompanySettings(tax_basis_points=1900), status="active"
        )
        await catalog.publish(changed, company, sequence=1_000_000)
        async with catalog.user("customer", company) as customer:
            await customer.post("/api/cart/items", json={"productId": mug["id"], "quantity": 1})

            async def is_taxed() -> bool:
                totals = (await customer.get("/api/cart")).json()["totals"]
                return bool(totals["tax"]["amount"] == 190 and totals["grandTotal"]["amount"] == 1190)

            await eventually(is_taxed)


class TestSearch:
    async def test_finds_words_typos_skus_and_attributes_of_its_company_alone(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company, other = await new_company(), await new_company()
        async with catalog.user("company_admin", company) as admin, catalog.user("company_admin", other) as stranger:
            kitchen = (await admin.post("/api/categories", json={"name": "Kitchen"})).json()["id"]
            await made(admin, "85123A", 255, name="White Hanging Heart T-Light Holder")
            await made(admin, "22423", 1275, name="Regency Cakestand 3 Tier", description="For a heart's desire")
            await made(admin, "M-1", 300, name="Café mug", attributes={"color": "crimson"}, categoryId=kitchen)
            await made(stranger, "X", name="White lantern")

            async def skus(search: str, **query: object) -> list[str]:
                answer = await admin.get("/api/products", params={"search": search, **query})
                assert answer.status_code == 200, answer.text
                return [item["sku"] for item in answer.json()["items"]]

            await eventually(lambda: skus("mug"))
            assert await skus("white") == ["85123A"]
            assert await skus("hangin hart") == ["85123A"]
            assert await skus("cakstnad") == ["22423"]
            assert await skus("heart") == ["85123A", "22423"]
            assert await skus("heart", sort="-price") == ["22423", "85123A"]
            assert await skus("heart", maxPrice=300) == ["85123A"]
            assert await skus("85123a") == ["85123A"]
            assert await skus("cafe") == await skus("crimson") == await skus("kitchen") == ["M-1"]
            assert await skus("lantern") == []
            assert await skus("zzzz") == []
            page = (await admin.get("/api/products", params={"search": "heart", "limit": 1})).json()
            assert await skus("heart", limit=1, cursor=page["nextCursor"]) == ["22423"]

            await admin.patch(f"/api/categories/{kitchen}", json={"name": "Tableware"})
            assert await eventually(lambda: skus("tableware")) == ["M-1"]

    async def test_a_second_copy_starts_from_what_is_there_and_follows(
        self, catalog: Harness, new_company: NewCompany, infrastructure: Infrastructure
    ) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            await made(admin, "A", name="Lantern")
            async with (
                Harness("catalog", infrastructure, MARKETHALL_SEARCH_COMMIT_MILLISECONDS="50") as copy,
                copy.client(tenant=company) as shopper,
            ):

                async def found() -> list[str]:
                    items = (await shopper.get("/api/products", params={"search": "lantern"})).json()["items"]
                    return sorted(item["sku"] for item in items)

                assert await eventually(found) == ["A"]
                product = await made(admin, "B", name="Paper lantern")

                async def both() -> bool:
                    return await found() == ["A", "B"]

                await eventually(both, 2.0)
                await admin.delete(f"/api/products/{product['id']}")

                async def first_alone() -> bool:
                    return await found() == ["A"]

                await eventually(first_alone, 2.0)  # a copy hears of it a moment later
