"""Products and lists on the real servers."""

import asyncio
from datetime import UTC, datetime

import pytest

from common.ids import new_id
from common.testing import Harness
from tests.catalog.conftest import NewCompany, made, product_body, variants_body

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestCreate:
    async def test_answers_the_product_and_announces_its_sellable_state(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company = await new_company()
        async with catalog.user("shop_manager", company) as manager:
            answer = await manager.post("/api/products", json=product_body("SHIRT", 1000, **variants_body()))
        assert answer.status_code == 201, answer.text
        assert answer.headers["etag"] == '"1"'
        shown = answer.json()
        assert (shown["status"], shown["stockStatus"], shown["images"]) == ("active", "out_of_stock", [])
        assert [variant["price"]["amount"] for variant in shown["variants"]] == [900, 1000]
        event = (await catalog.events.wait_for("product.created", lambda e: e.company_id == company))[0]
        assert (event.data.product_id, event.sequence) == (shown["id"], 1)
        assert [(fact.sku, fact.price.amount) for fact in event.data.variants] == [("SHIRT-S", 900), ("SHIRT-M", 1000)]

    async def test_holds_a_sku_once_over_products_and_variants(self, catalog: Harness, new_company: NewCompany) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            await made(admin, "SHIRT", **variants_body())
            refused = [
                await admin.post("/api/products", json=product_body(sku)) for sku in ("SHIRT", "SHIRT-S", "SHIRT-M")
            ]
            other_case = await admin.post("/api/products", json=product_body("shirt-s"))
        assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(409, "sku_taken")}
        assert other_case.status_code == 201
        async with catalog.user("company_admin", await new_company()) as stranger:
            await made(stranger, "SHIRT")

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"price": {"amount": 5, "currency": "USD"}}, "currency_mismatch"),
            ({"price": {"amount": -1, "currency": "EUR"}}, "invalid_body"),
            ({"price": {"amount": 1.5, "currency": "EUR"}}, "invalid_body"),
            ({"barcode": "4006381333932"}, "invalid_body"),
            ({"categoryId": "cat_missing"}, "unknown_category"),
            ({"attributes": {"$where": "1"}}, "invalid_attributes"),
            ({"attributes": {"a.b": "1"}}, "invalid_attributes"),
            (
                {"variants": [{"sku": "V", "options": {"Size": "XL"}}], "options": [{"name": "Size", "values": ["S"]}]},
                "invalid_variants",
            ),
            ({"variants": [{"sku": "MUG-1", "options": {"Size": "XL"}}]}, "sku_taken"),
            ({"colour": "red"}, "invalid_body"),
        ],
    )
    async def test_refuses_what_cannot_be_sold(
        self, catalog: Harness, new_company: NewCompany, fields: dict[str, object], code: str
    ) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            answer = await admin.post("/api/products", json=product_body() | fields)
        assert (answer.status_code in (409, 422), answer.json().get("code")) == (True, code), answer.text

    async def test_waits_for_the_company_service_where_its_currency_is_unknown(self, catalog: Harness) -> None:
        async with catalog.user("company_admin", new_id("cmp")) as admin:
            answer = await admin.post("/api/products", json=product_body())
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"]

    async def test_the_same_key_answers_the_same_product(self, catalog: Harness, new_company: NewCompany) -> None:
        keyed = {"Idempotency-Key": "once"}
        async with catalog.user("company_admin", await new_company()) as admin:
            first = await admin.post("/api/products", json=product_body(), headers=keyed)
            again = await admin.post("/api/products", json=product_body(), headers=keyed)
            other = await admin.post("/api/products", json=product_body("B"), headers=keyed)
        assert (again.status_code, again.json()) == (201, first.json())
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    async def test_needs_the_permission(self, catalog: Harness) -> None:
        async with catalog.user("shop_staff", new_id("cmp")) as staff:
            assert (await staff.post("/api/products", json=product_body())).status_code == 403
        async with catalog.client(tenant=new_id("cmp")) as anonymous:
            assert (await anonymous.post("/api/products", json=product_body())).status_code == 401


class TestBatch:
    async def test_takes_each_row_by_itself(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        rows = [
            product_body("A"),
            product_body("A"),
            {"sku": "B"},
            product_body("C", categoryId="cat_x"),
            product_body("D"),
        ]
        async with catalog.user("company_admin", company) as admin:
            answer = await admin.post("/api/products/batch", json={"products": rows})
            listed = await admin.get("/api/products", params={"sort": "createdAt"})
        told = answer.json()
        assert (answer.status_code, told["accepted"], told["replayed"], told["rejected"]) == (200, 2, 0, 3)
        assert [row["status"] for row in told["results"]] == [
            "accepted",
            "rejected",
            "rejected",
            "rejected",
            "accepted",
        ]
        codes = [row["problem"]["code"] for row in told["results"] if row["problem"]]
        assert codes == ["sku_taken", "invalid_body", "unknown_category"]
        assert {item["sku"] for item in listed.json()["items"]} == {"A", "D"}
        await catalog.events.wait_for("product.created", lambda e: e.company_id == company, count=2)

    async def test_a_replayed_key_makes_nothing_twice(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        body = {"products": [product_body("A"), product_body("B")]}
        async with catalog.user("company_admin", company, user_id="usr_batch") as admin:
            first = await admin.post("/api/products/batch", json=body, headers={"Idempotency-Key": "k1"})
            again = await admin.post("/api/products/batch", json=body, headers={"Idempotency-Key": "k1"})
            keys = catalog.runtime.database["idempotency_keys"]
            crashed = {"$set": {"answer": None, "until": datetime(2020, 1, 1, tzinfo=UTC)}}
            await keys.update_one({"_id": f"{company}:user:usr_batch|k1"}, crashed)
            after_crash = await admin.post("/api/products/batch", json=body, headers={"Idempotency-Key": "k1"})
        assert again.json() == first.json()
        assert again.headers["idempotent-replayed"] == "true"
        told = after_crash.json()
        assert (told["accepted"], told["replayed"], told["rejected"]) == (0, 2, 0)
        assert [row["result"]["id"] for row in told["results"]] == [
            row["result"]["id"] for row in first.json()["results"]
        ]

    async def test_refuses_more_than_500(self, catalog: Harness) -> None:
        async with catalog.user("company_admin", new_id("cmp")) as admin:
            answer = await admin.post("/api/products/batch", json={"products": [{}] * 501})
        assert answer.status_code == 422


class TestEdit:
    async def test_changes_what_was_sent_and_refuses_an_old_version(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            product = await made(admin, attributes={"color": "red", "weight": 3}, description="Old")
            path = f"/api/products/{product['id']}"
            body = {"price": {"amount": 999, "currency": "EUR"}, "attributes": {"weight": None}, "description": None}
            changed = await admin.patch(path, json=body, headers={"If-Match": '"1"'})
            stale = await admin.patch(path, json=body, headers={"If-Match": '"1"'})
            fixed = await admin.patch(path, json={"sku": "OTHER"})
            dollars = await admin.patch(path, json={"price": {"amount": 1, "currency": "USD"}})
        shown = changed.json()
        assert (shown["price"]["amount"], shown["attributes"], shown["description"]) == (999, {"color": "red"}, None)
        assert (shown["version"], shown["name"]) == (2, "Ceramic mug")
        assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
        assert (fixed.status_code, fixed.json()["code"]) == (422, "immutable_field")
        assert (dollars.status_code, dollars.json()["code"]) == (422, "currency_mismatch")
        event = (await catalog.events.wait_for("product.updated", lambda e: e.company_id == company))[0]
        assert (event.sequence, event.data.price.amount, event.data.before["price"]["amount"]) == (2, 999, 1299)

    async def test_null_clears_what_may_be_empty_and_nothing_else(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            product = await made(admin, "SHIRT", attributes={"a": 1}, barcode="4006381333931", **variants_body())
            path = f"/api/products/{product['id']}"
            for field in ("name", "price", "status"):
                assert (await admin.patch(path, json={field: None})).status_code == 422, field
            cleared = await admin.patch(path, json={"attributes": None, "barcode": None, "variants": None})
            unchanged = await admin.patch(path, json={})
        shown = cleared.json()
        assert (shown["attributes"], shown["barcode"], shown["variants"], shown["options"]) == ({}, None, [], [])
        assert unchanged.json() == shown

    async def test_keeps_the_ids_of_variants_whose_sku_stays(self, catalog: Harness, new_company: NewCompany) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            product = await made(admin, "SHIRT", **variants_body())
            variants = [{"sku": "SHIRT-M", "options": {"Size": "M"}}, {"sku": "SHIRT-L", "options": {"Size": "L"}}]
            answer = await admin.patch(f"/api/products/{product['id']}", json={"variants": variants})
            free_again = await admin.post("/api/products", json=product_body("SHIRT-S"))
        shown = answer.json()
        assert shown["variants"][0]["id"] == product["variants"][1]["id"]
        assert [variant["sku"] for variant in shown["variants"]] == ["SHIRT-M", "SHIRT-L"]
        assert shown["options"] == [{"name": "Size", "values": ["M", "L"]}]
        assert free_again.status_code == 201

    async def test_two_at_once_both_arrive(self, catalog: Harness, new_company: NewCompany) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            path = f"/api/products/{(await made(admin))['id']}"
            answers = await asyncio.gather(
                *(admin.patch(path, json={"attributes": {f"a{number}": number}}) for number in range(3))
            )
            shown = (await admin.get(path)).json()
        assert [answer.status_code for answer in answers] == [200] * 3
        assert (shown["attributes"], shown["version"]) == ({"a0": 0, "a1": 1, "a2": 2}, 4)

    async def test_archives_and_announces_it_once(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            path = f"/api/products/{(await made(admin))['id']}"
            assert [(await admin.delete(path)).status_code for _ in range(2)] == [204, 204]
            shown = (await admin.get(path)).json()
        assert (shown["status"], shown["version"]) == ("archived", 2)
        event = (await catalog.events.wait_for("product.archived", lambda e: e.company_id == company))[0]
        assert (event.sequence, event.data.status, event.data.price.amount) == (2, "archived", 1299)


class TestRead:
    async def test_shoppers_see_only_what_is_active(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            shown = await made(admin, "A")
            draft = await made(admin, "B", status="draft")
            staff_list = (await admin.get("/api/products")).json()["items"]
            drafts = (await admin.get("/api/products", params={"status": "draft"})).json()["items"]
        async with catalog.client(tenant=company) as shopper:
            listed = (await shopper.get("/api/products")).json()["items"]
            assert (await shopper.get(f"/api/products/{shown['id']}")).status_code == 200
            assert (await shopper.get(f"/api/products/{draft['id']}")).status_code == 404
            assert (await shopper.get("/api/products", params={"status": "draft"})).status_code == 403
        assert [item["sku"] for item in listed] == ["A"]
        assert [item["sku"] for item in staff_list] == ["B", "A"]
        assert [item["sku"] for item in drafts] == ["B"]

    async def test_hides_another_companys_product(self, catalog: Harness, new_company: NewCompany) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            path = f"/api/products/{(await made(admin))['id']}"
        async with catalog.user("company_admin", await new_company()) as stranger:
            assert (await stranger.get(path)).status_code == 404
            assert (await stranger.patch(path, json={"name": "Mine"})).status_code == 404
            assert (await stranger.delete(path)).status_code == 404
            assert (await stranger.get("/api/products")).json()["items"] == []

    async def test_needs_a_tenant(self, catalog: Harness) -> None:
        async with catalog.client() as nobody:
            answer = await nobody.get("/api/products")
        assert (answer.status_code, answer.json()["code"]) == (400, "tenant_required")


class TestList:
    async def test_filters_sorts_and_pages(self, catalog: Harness, new_company: NewCompany) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            for number, color in enumerate(["red", "blue", "red", "green", "red"]):
                attributes = {"color": color, "size": number, "new": number > 2}
                await made(admin, f"P{number}", 100 * (number + 1), name=f"Thing {9 - number}", attributes=attributes)

            async def skus(**query: object) -> list[str]:
                answer = await admin.get("/api/products", params=query)
                assert answer.status_code == 200, answer.text
                return [item["sku"] for item in answer.json()["items"]]

            assert await skus(sort="price") == ["P0", "P1", "P2", "P3", "P4"]
            assert await skus(sort="-price", limit=2) == ["P4", "P3"]
            assert await skus(sort="name") == ["P4", "P3", "P2", "P1", "P0"]
            assert await skus(minPrice=200, maxPrice=300, sort="price") == ["P1", "P2"]
            assert await skus(**{"attr.color": "red", "sort": "price"}) == ["P0", "P2", "P4"]
            assert await skus(**{"attr.color": ["blue", "green"], "sort": "price"}) == ["P1", "P3"]
            assert await skus(**{"attr.color": "red", "attr.size": "4", "attr.new": "true"}) == ["P4"]
            assert await skus(inStock="true") == []

            seen, cursor = [], None
            while True:
                query = {"limit": 2, "sort": "-price", **({"cursor": cursor} if cursor else {})}
                page = (await admin.get("/api/products", params=query)).json()
                seen += [item["sku"] for item in page["items"]]
                cursor = page["nextCursor"]
                if cursor is None:
                    break
            assert seen == ["P4", "P3", "P2", "P1", "P0"]

    @pytest.mark.parametrize(
        "query",
        [
            "colour=red",
            "attr.$where=1",
            "attr.a.b=1",
            "attr.=1",
            "sort=sku",
            "sort=relevance",
            "limit=0",
            "limit=101",
            "minPrice=x",
            "status=sold",
            "sort=price.amount",
        ],
    )
    async def test_refuses_what_it_does_not_know(self, catalog: Harness, query: str) -> None:
        async with catalog.client(tenant=new_id("cmp")) as shopper:
            answer = await shopper.get(f"/api/products?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


class TestLookup:
    async def test_tells_services_and_nobody_else(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            product = await made(admin, "SHIRT", **variants_body())
            body = {"productIds": [product["id"], "prd_missing"]}
            assert (await admin.post("/internal/products/lookup", json=body)).status_code == 403
        async with catalog.service_client("sales", company) as sales:
            items = (await sales.post("/internal/products/lookup", json=body)).json()["items"]
        assert [(item["productId"], item["sequence"], item["status"]) for item in items] == [
            (product["id"], 1, "active")
        ]
        assert [variant["price"]["amount"] for variant in items[0]["variants"]] == [900, 1299]
        async with catalog.service_client("sales", await new_company()) as other:
            assert (await other.post("/internal/products/lookup", json=body)).json()["items"] == []

    async def test_finds_a_product_by_any_of_its_skus(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        async with catalog.user("company_admin", company) as admin:
            product = await made(admin, "SHIRT", **variants_body())
        body = {"skus": ["SHIRT", product["variants"][0]["sku"], "missing"]}
        async with catalog.service_client("inventory", company) as inventory:
            items = (await inventory.post("/internal/products/lookup", json=body)).json()["items"]
        assert [item["productId"] for item in items] == [product["id"]]
        async with catalog.service_client("inventory", await new_company()) as other:
            assert (await other.post("/internal/products/lookup", json=body)).json()["items"] == []
