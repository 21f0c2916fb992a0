"""API keys: made once, shown once, publishable or secret, gone when revoked."""

from tests.e2e.api_client import eur, some, stops_working
from tests.e2e.shapes import KEY, PRODUCT, check, page_of
from tests.e2e.shop_life.conftest import Life


class TestSecretKey:
    def test_acts_within_its_scopes_until_it_is_revoked(self, life: Life) -> None:
        body = {"name": "Import", "type": "secret", "scopes": ["products.write"]}
        made = check(life.admin.post("/api/keys", body), KEY)
        assert made["key"].startswith(made["prefix"])
        machine = life.admin.other(X_API_Key=made["key"])
        product = {"sku": some("K"), "name": "By key", "price": eur(5)}
        assert check(machine.post("/api/products", product), PRODUCT)["companyId"] == life.company["id"]
        shop = {"name": "No", "code": some("n")}
        machine.refused(403, "permission_denied", "POST", "/api/shops", shop)
        life.admin.delete(f"/api/keys/{made['id']}")
        stops_working(machine, "/api/products")

    def test_is_shown_once(self, life: Life) -> None:
        made = life.admin.post("/api/keys", {"name": "Once", "type": "secret", "scopes": ["products.write"]})
        page = check(life.admin.get("/api/keys", limit=100), page_of(KEY))
        listed = next(key for key in page["items"] if key["id"] == made["id"])
        assert "key" not in listed
        assert made["key"] not in life.admin.last.text

    def test_of_another_company_is_not_there(self, life: Life, stranger: Life) -> None:
        made = life.admin.post("/api/keys", {"name": "Mine", "type": "secret", "scopes": ["products.write"]})
        stranger.admin.refused(404, None, "DELETE", f"/api/keys/{made['id']}")


class TestPublishableKey:
    def test_names_the_tenant_of_a_storefront(self, life: Life) -> None:
        product = life.product(stock=0)
        made = check(life.admin.post("/api/keys", {"name": "Web", "type": "publishable", "scopes": []}), KEY)
        web = life.admin.other(X_API_Key=made["key"])
        assert web.get(f"/api/products/{product['id']}")["id"] == product["id"]
        assert web.refused(403, "permission_denied", "POST", "/api/shops", {"name": "No", "code": some()})

    def test_disagrees_with_another_tenants_name(self, life: Life, stranger: Life) -> None:
        made = life.admin.post("/api/keys", {"name": "Web", "type": "publishable", "scopes": []})
        web = life.admin.other(X_API_Key=made["key"], X_Tenant_ID=stranger.slug)
        web.refused(400, "tenant_mismatch", "GET", "/api/products")


class TestNoKey:
    def test_is_refused(self, life: Life) -> None:
        life.admin.other(X_API_Key="sk_nothing").refused(401, None, "GET", "/api/products")
