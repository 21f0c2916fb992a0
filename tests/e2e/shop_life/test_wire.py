"""The conventions of the wire: tenants, lists, slashes, problems, health, documents."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.api_client import Client, eur, some
from tests.e2e.shop_life.conftest import UNKNOWN, Life, card

LISTS = (
    "/api/products", "/api/categories", "/api/customers", "/api/orders", "/api/payments", "/api/shops", "/api/users",
    "/api/keys", "/api/debts", "/api/notifications", "/api/audit/events", "/api/pos/sales",
    "/api/inventory/v1/warehouses", "/api/inventory/v1/products", "/api/inventory/v1/movements",
    "/api/inventory/v1/reservations",
)  # fmt: skip
DATED = ("/api/products", "/api/categories", "/api/customers", "/api/orders", "/api/payments", "/api/shops")


@pytest.fixture(scope="module")
def full(life: Life) -> Life:
    """The company with three of everything that is cheap to make."""
    product = life.product()
    for number in range(3):
        life.product(stock=0)
        life.admin.post("/api/categories", {"name": some("C")})
        life.admin.post("/api/shops", {"name": "S", "code": some("s")})
        debt = {"debtorType": "customer", "debtorId": life.account()["id"], "principal": eur(1 + number)}
        life.admin.post("/api/debts", debt)
        life.order(life.buyer, product, payment=card())
    return life


class TestTenant:
    def test_is_named_by_header_subdomain_and_query(self, life: Life, gateway_url: str) -> None:
        path = f"/api/products/{life.product(stock=0)['id']}"
        nobody = life.admin.other()
        for name in (life.slug, life.company["id"]):
            nobody.get(path, headers={"X-Tenant-ID": name})
            nobody.get(path, tenant_id=name)
        host = f"{life.slug}.localhost:{urlsplit(gateway_url).port}"
        nobody.get(path, headers={"Host": host})

    def test_is_required_where_one_is_needed(self, life: Life) -> None:
        life.admin.other().refused(400, "tenant_required", "GET", "/api/products")

    def test_is_refused_when_two_disagree(self, life: Life, stranger: Life, gateway_url: str) -> None:
        theirs = {"X-Tenant-ID": stranger.slug}
        life.admin.refused(400, "tenant_mismatch", "GET", "/api/products", headers=theirs)
        query = {"tenant_id": life.slug}
        life.admin.other().refused(400, "tenant_mismatch", "GET", "/api/products", headers=theirs, query=query)
        host = {"Host": f"{life.slug}.localhost:{urlsplit(gateway_url).port}", **theirs}
        life.admin.other().refused(400, "tenant_mismatch", "GET", "/api/products", headers=host)

    def test_is_chosen_by_the_platform(self, life: Life, platform: Client) -> None:
        product = life.product(stock=0)
        found = platform.get(f"/api/products/{product['id']}", headers={"X-Tenant-ID": life.slug})
        assert found["companyId"] == life.company["id"]


class TestLists:
    @pytest.mark.parametrize("path", LISTS)
    def test_walk_to_the_whole(self, full: Life, path: str) -> None:
        whole = full.admin.get(path, limit=100)["items"]
        walked = list(full.admin.walk(path, 2))[: len(whole)]
        keys = [_key(item) for item in walked]
        assert len(set(keys)) == len(keys)
        assert keys == [_key(item) for item in whole]
        assert len(full.admin.get(path)["items"]) <= 20

    @pytest.mark.parametrize("path", LISTS)
    def test_refuse_what_they_do_not_know(self, full: Life, path: str) -> None:
        for limit in (0, 101, -1, "many"):
            full.admin.refused(422, None, "GET", path, query={"limit": limit})
        full.admin.refused(422, "invalid_query", "GET", path, query={"colour": "red"})
        full.admin.refused(422, "invalid_query", "GET", path, query={"sort": "nothing"})
        full.admin.refused(422, "invalid_cursor", "GET", path, query={"cursor": "nonsense"})

    @pytest.mark.parametrize("path", DATED)
    def test_sort_both_ways_newest_first_unless_said(self, full: Life, path: str) -> None:
        ways = {sort: full.admin.get(path, sort=sort, limit=100)["items"] for sort in ("createdAt", "-createdAt")}
        ids = {sort: [item["id"] for item in items] for sort, items in ways.items()}
        assert ids["createdAt"] == ids["-createdAt"][::-1]
        assert [item["id"] for item in full.admin.get(path, limit=100)["items"]] == ids["-createdAt"]
        # Read as times: at a whole second RFC 3339 leaves the fraction out, and as text "…:17Z" comes after "…:17.1Z".
        dates = [datetime.fromisoformat(item["createdAt"]) for item in ways["createdAt"]]
        assert dates == sorted(dates)


class TestPaths:
    @pytest.mark.parametrize("path", [*LISTS, "/api/auth/me", "/api/companies/{id}"])
    def test_may_end_with_a_slash(self, full: Life, path: str) -> None:
        path = path.format(id=full.company["id"])
        assert full.admin.send("GET", path + "/").status_code == full.admin.send("GET", path).status_code == 200

    @pytest.mark.parametrize("path", ["/api/cart", "/api/cart/items"])
    def test_of_a_visitor_may_too(self, life: Life, path: str) -> None:
        assert set(life.anonymous().get(f"{path}/")) == set(life.anonymous().get(path))

    def test_may_end_with_a_slash_when_something_is_made(self, life: Life) -> None:
        assert life.admin.post("/api/categories/", {"name": some("slash")})["id"]

    def test_that_do_not_exist_are_problems(self, life: Life) -> None:
        life.admin.refused(404, None, "GET", "/api/nothing/here")
        life.admin.refused(405, None, "PUT", "/api/auth/me", {})


class TestForeignIds:
    @pytest.mark.parametrize(
        ("path", "prefix"),
        [
            ("/api/products", "prd"), ("/api/orders", "ord"), ("/api/payments", "pay"), ("/api/customers", "cus"),
            ("/api/shops", "shp"), ("/api/debts", "dbt"), ("/api/categories", "cat"), ("/api/pos/sales", "ord"),
        ],
    )  # fmt: skip
    def test_are_as_unknown_as_unknown_ones(self, full: Life, stranger: Life, path: str, prefix: str) -> None:
        unknown = stranger.admin.refused(404, None, "GET", f"{path}/{prefix}_{UNKNOWN.lower()}")
        for item in full.admin.get(path, limit=1)["items"]:
            theirs = stranger.admin.refused(404, None, "GET", f"{path}/{item['id']}")
            assert (theirs["code"], theirs["title"]) == (unknown["code"], unknown["title"])
            assert full.slug not in json.dumps(theirs)


class TestBodies:
    @pytest.mark.parametrize("content", [b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b'{"name": "a\\u0000b"}'])
    def test_that_are_none_are_refused(self, life: Life, content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        answer = life.admin.send("POST", "/api/categories", content=content, headers=headers)
        assert answer.status_code in (400, 422), answer.text


class TestRequestId:
    def test_is_made_when_there_is_none(self, life: Life) -> None:
        life.admin.get("/api/auth/me")
        first = life.admin.last.headers["X-Request-ID"]
        life.admin.get("/api/auth/me")
        assert life.admin.last.headers["X-Request-ID"] != first


class TestOperation:
    def test_tells_its_health(self, life: Life, platform: Client) -> None:
        anyone = life.admin.other()
        anyone.get("/health/live")
        anyone.get("/health/ready")
        told: dict[str, Any] = anyone.get("/health")
        assert len(told["services"]) == 13
        assert {service["status"] for service in told["services"].values()} == {"up"}

    def test_documents_itself(self, life: Life) -> None:
        anyone = life.admin.other()
        assert anyone.get("/openapi.json")["openapi"].startswith("3.1")
        assert anyone.get("/asyncapi.json")["asyncapi"].startswith("3.")
        assert anyone.send("GET", "/docs").status_code == 200
        (key, *_) = anyone.get("/.well-known/jwks.json")["keys"]
        assert {"kty", "kid"} <= set(key)
        assert "d" not in key


def _key(item: dict[str, Any]) -> str:
    return str(item.get("id") or (item.get("sku"), item.get("warehouseId"), item.get("sequence")))
