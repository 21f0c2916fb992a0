"""Plans, pictures, addresses and other members of products on the real servers."""

import asyncio
from typing import Any

import pytest

from common.testing import Harness
from tests.catalog.conftest import NewCompany, made, product_body, variants_body

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestPlan:
    async def test_holds_when_many_are_made_at_once(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company(products=3)
        async with catalog.user("company_admin", company) as admin:
            answers = await asyncio.gather(
                *(admin.post("/api/products", json=product_body(f"P{number}")) for number in range(8))
            )
            listed = (await admin.get("/api/products")).json()["items"]
        refused = [answer.json()["code"] for answer in answers if answer.status_code != 201]
        assert refused == ["plan_limit_reached"] * 5
        assert len(listed) == 3
        await catalog.events.wait_for("product.created", lambda e: e.company_id == company, count=3)

    async def test_counts_what_is_not_archived_and_what_comes_back(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company = await new_company(products=1)
        async with catalog.user("company_admin", company) as admin:
            first = await made(admin, "A")
            assert (await admin.delete(f"/api/products/{first['id']}")).status_code == 204
            second = await made(admin, "B")
            back = await admin.patch(f"/api/products/{first['id']}", json={"status": "draft"})
            archived = await admin.post("/api/products", json=product_body("C", status="archived"))
            await admin.delete(f"/api/products/{second['id']}")
            again = await admin.patch(f"/api/products/{first['id']}", json={"status": "active"})
        assert (back.status_code, back.json()["code"]) == (409, "plan_limit_reached")
        assert (archived.status_code, again.status_code, again.json()["status"]) == (201, 200, "active")

    async def test_refuses_the_rows_of_a_batch_beyond_it(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company(products=2)
        async with catalog.user("company_admin", company) as admin:
            body = {"products": [product_body("A"), {"sku": 1}, product_body("B"), product_body("C")]}
            answer = (await admin.post("/api/products/batch", json=body)).json()
        codes = [row["problem"]["code"] if row["problem"] else row["status"] for row in answer["results"]]
        assert codes == ["accepted", "invalid_body", "accepted", "plan_limit_reached"]


class TestSku:
    async def test_is_given_once_over_products_and_variants_in_parallel(
        self, catalog: Harness, new_company: NewCompany
    ) -> None:
        company = await new_company()
        bodies = [product_body("SHIRT-S"), product_body("SHIRT", **variants_body()), product_body("SHIRT-S")]
        async with catalog.user("company_admin", company) as admin:
            answers = await asyncio.gather(*(admin.post("/api/products", json=body) for body in bodies * 2))
            other = await made(admin, "OTHER")
            given = await admin.patch(f"/api/products/{other['id']}", json={"variants": [{"sku": "SHIRT-S"}]})
        taken = [answer.json()["code"] for answer in answers if answer.status_code != 201]
        assert taken == ["sku_taken"] * 5
        assert (given.status_code, given.json()["code"]) == (409, "sku_taken")


class TestPictures:
    async def test_keep_their_order_and_their_ids(self, catalog: Harness, new_company: NewCompany) -> None:
        company = await new_company()
        images = [{"url": f"https://pictures.example/{name}.jpg", "alt": name} for name in ("front", "back")]
        async with catalog.user("company_admin", company) as admin:
            product = await made(admin, images=images)
            turned = await admin.patch(f"/api/products/{product['id']}", json={"images": images[::-1]})
            none = await admin.patch(f"/api/products/{product['id']}", json={"images": None})
        assert [(image["url"], image["alt"]) for image in product["images"]] == [
            (image["url"], image["alt"]) for image in images
        ]
        assert turned.json()["images"] == product["images"][::-1]
        assert none.json()["images"] == []
        events = await catalog.events.wait_for("product.updated", lambda e: e.company_id == company, count=2)
        assert events[0].data.before == {"images": product["images"]}

    @pytest.mark.parametrize(
        "images",
        [
            [{"url": "http://pictures.example/a.jpg"}],
            [{"url": "javascript:alert(1)"}],
            [{"url": "https:///a.jpg"}],
            [{"url": "https://a.example/x y.jpg"}],
            [{"url": "https://[a.example/x.jpg"}],
            [{"url": "https://a.example/a.jpg"}] * 2,
            [{"url": f"https://a.example/{number}.jpg"} for number in range(51)],
            [{"address": "https://a.example/a.jpg"}],
            "https://a.example/a.jpg",
        ],
    )
    async def test_refuses_what_is_no_picture(self, catalog: Harness, new_company: NewCompany, images: Any) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            answer = await admin.post("/api/products", json=product_body(images=images))
            listed = (await admin.get("/api/products")).json()["items"]
        assert (answer.status_code, listed) == (422, [])


class TestSeo:
    async def test_a_slug_is_held_once_and_found(self, catalog: Harness, new_company: NewCompany) -> None:
        company, other = await new_company(), await new_company()
        seo = {"title": "A mug", "slug": "a-mug"}
        async with catalog.user("company_admin", company) as admin, catalog.user("company_admin", other) as stranger:
            product = await made(admin, "A", seo=seo)
            second = await made(admin, "B")
            await made(stranger, "A", seo=seo)
            taken = await admin.patch(f"/api/products/{second['id']}", json={"seo": {"slug": "a-mug"}})
            bad = await admin.patch(f"/api/products/{second['id']}", json={"seo": {"slug": "A Mug"}})
            merged = await admin.patch(f"/api/products/{product['id']}", json={"seo": {"description": "Blue"}})
            async with catalog.client(tenant=company) as shopper:
                found = (await shopper.get("/api/products", params={"slug": "a-mug"})).json()["items"]
            await admin.patch(f"/api/products/{product['id']}", json={"seo": {"slug": None}})
            freed = await admin.patch(f"/api/products/{second['id']}", json={"seo": {"slug": "a-mug"}})
        assert second["seo"] == {"title": None, "description": None, "slug": None}
        assert (taken.status_code, taken.json()["code"], bad.status_code) == (409, "slug_taken", 422)
        assert merged.json()["seo"] == {**seo, "description": "Blue"}
        assert [item["id"] for item in found] == [product["id"]]
        assert freed.status_code == 200


class TestRefusals:
    @pytest.mark.parametrize(
        "fields",
        [
            {"attributes": {"$gt": ""}},
            {"attributes": {"color": {"$ne": None}}},
            {"attributes": {"a.b": "c"}},
            {"attributes": {"color": "a\0b"}},
            {"attributes": {"color\0": "a"}},
            {"attributes": {"color": [["red"]]}},
            {"name": "a\0"},
            {"name": {"$gt": ""}},
            {"sku": "a\0"},
            {"price": {"amount": 1.5, "currency": "EUR"}},
            {"price": {"amount": -1, "currency": "EUR"}},
            {"price": {"amount": 1, "currency": "USD"}},
            {"barcode": "4006381333932"},
            {"options": [{"name": "Size\0", "values": ["S"]}]},
            {"variants": [{"sku": "V", "options": {"Size": "a\0"}}]},
            {"seo": {"title": "a\0"}},
            {"colour": "red"},
        ],
    )
    async def test_change_nothing(self, catalog: Harness, new_company: NewCompany, fields: dict[str, Any]) -> None:
        async with catalog.user("company_admin", await new_company()) as admin:
            product = await made(admin, "KEPT")
            created = await admin.post("/api/products", json={**product_body(), **fields})
            edited = await admin.patch(f"/api/products/{product['id']}", json=fields)
            listed = (await admin.get("/api/products")).json()["items"]
        assert (created.status_code, edited.status_code) == (422, 422), (created.text, edited.text)
        assert listed == [product]
