"""A company is founded, changed, kept apart from the others, suspended and opened again."""

from tests.e2e.api_client import Client, some, stops_working
from tests.e2e.shapes import COMPANY, ME, SHOP, check, page_of
from tests.e2e.shop_life.conftest import PASSWORD, UNKNOWN, Life, found_company, open_shop, sign_in


class TestFounding:
    def test_answers_the_company_and_lets_its_admin_in(self, life: Life) -> None:
        assert (life.company["status"], life.company["currency"]) == ("active", "EUR")
        me = check(life.admin.get("/api/auth/me"), ME)
        assert (me["role"], me["companyId"]) == ("company_admin", life.company["id"])

    def test_refuses_a_slug_that_is_taken(self, life: Life, platform: Client) -> None:
        admin = {"email": f"{some()}@a.example", "password": PASSWORD, "name": "A"}
        body = {"name": "B", "slug": life.slug, "currency": "EUR", "timezone": "Europe/Berlin", "admin": admin}
        platform.refused(409, "slug_taken", "POST", "/api/companies", body)

    def test_is_the_platforms_alone(self, life: Life) -> None:
        admin = {"email": f"{some()}@a.example", "name": "A"}
        body = {"name": "B", "slug": some("b"), "currency": "EUR", "timezone": "Europe/Berlin", "admin": admin}
        life.admin.refused(403, "permission_denied", "POST", "/api/companies", body)
        life.anonymous().refused(401, None, "POST", "/api/companies", body)

    def test_names_every_field_that_is_wrong(self, platform: Client) -> None:
        admin = {"email": "nobody", "name": "A"}
        body = {"name": "B", "slug": some("b"), "currency": "EURO", "timezone": "Mars/Base", "admin": admin, "x": 1}
        problem = platform.refused(422, None, "POST", "/api/companies", body)
        assert {"currency", "timezone", "admin.email", "x"} <= {error["field"] for error in problem["errors"]}


class TestChanging:
    def test_keeps_what_is_absent_and_counts_the_version(self, life: Life) -> None:
        path = f"/api/companies/{life.company['id']}"
        before = check(life.admin.get(path), COMPANY)
        assert life.admin.last.headers["ETag"] == f'"{before["version"]}"'
        after = check(life.admin.patch(path, {"name": "Renamed", "settings": {"lowStockThreshold": 7}}), COMPANY)
        assert (after["name"], after["timezone"]) == ("Renamed", before["timezone"])
        assert after["settings"] == {**before["settings"], "lowStockThreshold": 7}
        assert after["version"] > before["version"]
        life.admin.patch(path, {"settings": {"lowStockThreshold": 5}})

    def test_never_touches_what_is_fixed(self, life: Life) -> None:
        for field, value in {"id": "cmp_x", "slug": some(), "currency": "USD"}.items():
            life.admin.refused(422, "immutable_field", "PATCH", f"/api/companies/{life.company['id']}", {field: value})

    def test_lists_them_all_for_the_platform(self, life: Life, stranger: Life, platform: Client) -> None:
        page = check(platform.get("/api/companies", limit=100), page_of(COMPANY))
        assert {life.company["id"], stranger.company["id"]} <= {company["id"] for company in page["items"]}

    def test_hides_another_company(self, life: Life, stranger: Life) -> None:
        theirs = f"/api/companies/{stranger.company['id']}"
        same = life.admin.refused(404, None, "GET", f"/api/companies/cmp_{UNKNOWN}")
        for method, body in (("GET", None), ("PATCH", {"name": "Mine"})):
            assert life.admin.refused(404, None, method, theirs, body)["code"] == same["code"]


class TestSuspension:
    def test_ends_tokens_within_seconds_and_returns_with_the_company(self, platform: Client) -> None:
        life = found_company(platform)
        path = f"/api/companies/{life.company['id']}"
        assert platform.patch(path, {"status": "suspended"})["status"] == "suspended"
        stops_working(life.admin, "/api/auth/me")
        assert platform.patch(path, {"status": "active"})["status"] == "active"
        assert sign_in(life.admin.other(), life.admin_email).get("/api/auth/me")["companyId"] == life.company["id"]


class TestShops:
    def test_carry_their_address_and_a_warehouse(self, life: Life) -> None:
        address = {"line1": "1 Quay", "city": "Kiel", "country": "DE"}
        made = check(life.admin.post("/api/shops", {"name": "Quay", "code": some("q"), "address": address}), SHOP)
        assert made["address"]["postalCode"] is None
        assert made["address"]["city"] == "Kiel"
        assert check(life.shop, SHOP)["warehouseId"]

    def test_share_no_code(self, life: Life) -> None:
        body = {"name": "Again", "code": life.shop["code"]}
        life.admin.refused(409, "code_taken", "POST", "/api/shops", body)

    def test_clear_with_null_and_refuse_an_old_version(self, life: Life) -> None:
        path = f"/api/shops/{open_shop(life, some('q'))['id']}"
        life.admin.patch(path, {"address": {"line1": "1 Quay", "city": "Kiel", "country": "DE"}})
        check(life.admin.get(path), SHOP)
        tag = life.admin.last.headers["ETag"]
        cleared = life.admin.patch(path, {"address": None}, headers={"If-Match": tag})
        assert (cleared["address"], cleared["name"]) == (None, "Shop")
        changed = {"name": "Late"}
        life.admin.refused(412, "version_conflict", "PATCH", path, changed, headers={"If-Match": tag})
        assert life.admin.get(path)["name"] == "Shop"

    def test_refuse_a_country_that_does_not_exist(self, life: Life) -> None:
        body = {"name": "Q", "code": some("q"), "address": {"line1": "1", "city": "K", "country": "ZZ"}}
        problem = life.admin.refused(422, None, "POST", "/api/shops", body)
        assert [error["field"] for error in problem["errors"]] == ["address.country"]

    def test_are_listed_for_their_company_alone(self, life: Life, stranger: Life) -> None:
        assert life.shop["id"] in {shop["id"] for shop in life.admin.get("/api/shops", limit=100)["items"]}
        assert stranger.admin.get("/api/shops")["items"] == []
        stranger.admin.refused(404, None, "GET", f"/api/shops/{life.shop['id']}")
