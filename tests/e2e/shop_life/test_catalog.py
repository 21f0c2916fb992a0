"""The catalogue: categories, products and variants, lists and their filters, PATCH to the letter."""

import pytest

from tests.e2e.api_client import eur, eventually, some
from tests.e2e.shapes import CATEGORY, PRODUCT, check, page_of
from tests.e2e.shop_life.conftest import UNKNOWN, Life, open_shop

SIZES = [{"name": "Size", "values": ["S", "M"]}]


def variants(base: str) -> list[dict[str, object]]:
    return [
        {"sku": f"{base}-S", "options": {"Size": "S"}},
        {"sku": f"{base}-M", "options": {"Size": "M"}, "price": eur(1500)},
    ]


class TestCategories:
    def test_live_their_life(self, life: Life) -> None:
        parent = check(life.admin.post("/api/categories", {"name": some("Shoes")}), CATEGORY)
        child = check(life.admin.post("/api/categories", {"name": "Boots", "parent_id": parent["id"]}), CATEGORY)
        assert child["parentId"] == parent["id"]
        path = f"/api/categories/{child['id']}"
        assert check(life.admin.get(path), CATEGORY) == child
        cleared = check(life.admin.patch(path, {"parentId": None}), CATEGORY)
        assert (cleared["parentId"], cleared["name"]) == (None, "Boots")
        check(life.anonymous().get("/api/categories"), page_of(CATEGORY))
        life.admin.delete(path)
        life.admin.refused(404, None, "GET", path)


class TestProducts:
    def test_with_variants_stock_only_theirs(self, life: Life) -> None:
        base = some("V")
        product = life.product(sku=base, options=SIZES, variants=variants(base), stock=0)
        assert [variant["price"]["amount"] for variant in product["variants"]] == [1000, 1500]
        assert product["stockStatus"] == "out_of_stock"
        for variant in product["variants"]:
            eventually(
                lambda sku=variant["sku"]: life.admin.send("GET", f"/api/inventory/v1/products/{sku}").status_code,
                lambda s: s == 200,
            )
            assert life.stock(variant["sku"])["onHand"] == 0
        life.admin.refused(404, None, "GET", f"/api/inventory/v1/products/{base}")

    def test_share_no_sku_even_with_a_variant(self, life: Life) -> None:
        base = some("V")
        product = life.product(sku=base, options=SIZES, variants=variants(base), stock=0)
        for sku in (product["sku"], f"{base}-S"):
            body = {"sku": sku, "name": "Twice", "price": eur(1)}
            life.admin.refused(409, "sku_taken", "POST", "/api/products", body)
        life.admin.post("/api/products", {"sku": base.lower() + "-s", "name": "Case counts", "price": eur(1)})

    @pytest.mark.parametrize(
        ("field", "wrong"),
        [
            ("price", {"amount": 9.99, "currency": "EUR"}), ("price", {"amount": "999", "currency": "EUR"}),
            ("price", 9.99), ("barcode", "4006381333932"), ("colour", "red"), ("status", "deleted"), ("sku", ""),
        ],
    )  # fmt: skip
    def test_refuse_what_is_wrong_by_its_field(self, life: Life, field: str, wrong: object) -> None:
        body = {"sku": some("W"), "name": "W", "price": eur(1), field: wrong}
        problem = life.admin.refused(422, None, "POST", "/api/products", body)
        assert {error["field"].split(".")[0] for error in problem["errors"]} == {field}

    def test_take_what_snake_case_says(self, life: Life) -> None:
        category = life.admin.post("/api/categories", {"name": some("Snakes")})
        product = life.product(category_id=category["id"], tax_basis_points=700, barcode="4006381333931", stock=0)
        assert (product["categoryId"], product["taxBasisPoints"]) == (category["id"], 700)

    def test_are_archived_by_delete_and_gone_for_customers(self, life: Life) -> None:
        product, visitor = life.product(stock=0), life.anonymous()
        path = f"/api/products/{product['id']}"
        check(visitor.get(path), PRODUCT)
        life.admin.delete(path)
        assert life.admin.get(path)["status"] == "archived"
        visitor.refused(404, None, "GET", path)

    def test_in_draft_are_for_staff(self, life: Life) -> None:
        draft, visitor = life.product(status="draft", stock=0), life.anonymous()
        visitor.refused(404, None, "GET", f"/api/products/{draft['id']}")
        assert draft["id"] not in {found["id"] for found in visitor.walk("/api/products", 100)}
        assert life.admin.get(f"/api/products/{draft['id']}")["status"] == "draft"

    def test_of_another_company_are_not_there(self, life: Life, stranger: Life) -> None:
        path = f"/api/products/{life.product(stock=0)['id']}"
        nothing = stranger.admin.refused(404, None, "GET", f"/api/products/prd_{UNKNOWN}")
        for method, body in (("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)):
            assert stranger.admin.refused(404, None, method, path, body)["code"] == nothing["code"]


class TestPatch:
    def test_changes_only_what_is_there(self, life: Life) -> None:
        product = life.product(description="Soft", attributes={"color": "red", "size": "L"}, stock=0)
        path = f"/api/products/{product['id']}"
        changed = check(life.admin.patch(path, {"description": None, "price": eur(1200)}), PRODUCT)
        assert (changed["description"], changed["price"], changed["name"]) == (None, eur(1200), product["name"])
        assert changed["attributes"] == {"color": "red", "size": "L"}
        merged = life.admin.patch(path, {"attributes": {"size": None, "fit": "slim"}})
        assert merged["attributes"] == {"color": "red", "fit": "slim"}

    def test_never_touches_what_is_fixed(self, life: Life) -> None:
        product = life.product(stock=0)
        path = f"/api/products/{product['id']}"
        for field, value in {"sku": some("S"), "id": f"prd_{UNKNOWN}"}.items():
            life.admin.refused(422, "immutable_field", "PATCH", path, {field: value})
        life.admin.refused(422, None, "PATCH", path, {"nmae": "typo"})
        assert life.admin.get(path)["version"] == product["version"]

    def test_holds_to_the_version_that_was_seen(self, life: Life) -> None:
        path = f"/api/products/{life.product(stock=0)['id']}"
        seen = life.admin.get(path)["version"]
        assert life.admin.last.headers["ETag"] == f'"{seen}"'
        first = life.admin.patch(path, {"name": "First"}, headers={"If-Match": f'"{seen}"'})
        assert life.admin.last.headers["ETag"] == f'"{first["version"]}"'
        late, old = {"name": "Second"}, {"If-Match": f'"{seen}"'}
        life.admin.refused(412, "version_conflict", "PATCH", path, late, headers=old)
        assert life.admin.get(path)["name"] == "First"


@pytest.fixture(scope="module")
def shelf(stranger: Life) -> dict[str, str]:
    """Three products of a company of their own: name to id."""
    category = stranger.admin.post("/api/categories", {"name": "Hats"})
    stranger.shop = open_shop(stranger)
    red = stranger.product(name="Red fedora", price=1000, attributes={"color": "red"}, stock=5)
    blue = stranger.product(name="Blue beret", price=2000, attributes={"color": "blue"}, stock=0)
    cap = stranger.product(name="Cap", price=3000, categoryId=category["id"], stock=0)
    return {"red": red["id"], "blue": blue["id"], "cap": cap["id"], "category": category["id"]}


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"minPrice": 1500}, ["cap", "blue"]), ({"maxPrice": 1000}, ["red"]), ({"attr.color": "blue"}, ["blue"]),
            ({"search": "fedora"}, ["red"]),
            ({"inStock": "true"}, ["red"]), ({"sort": "price"}, ["red", "blue", "cap"]),
            ({"sort": "-price", "limit": 2}, ["cap", "blue"]), ({}, ["cap", "blue", "red"]),
        ],
    )  # fmt: skip
    def test_find(self, stranger: Life, shelf: dict[str, str], query: dict[str, object], found: list[str]) -> None:
        wanted = [shelf[name] for name in found]
        visitor = stranger.anonymous()
        eventually(lambda: [item["id"] for item in visitor.get("/api/products", **query)["items"]], wanted.__eq__)

    def test_find_by_category(self, stranger: Life, shelf: dict[str, str]) -> None:
        page = check(stranger.admin.get("/api/products", categoryId=shelf["category"]), page_of(PRODUCT))
        assert [item["id"] for item in page["items"]] == [shelf["cap"]]
