"""The cart: anonymous, signed in, merged once, ordered once."""

import pytest

from tests.e2e.api_client import WAIT, Client, eur, eventually, some
from tests.e2e.shapes import CART, ORDER, check
from tests.e2e.shop_life.conftest import ADDRESS, UNKNOWN, Life

ITEMS = "/api/cart/items"
SIZES = [{"name": "Size", "values": ["S"]}]


def add(client: Client, product: dict[str, object], quantity: int = 1) -> dict[str, object]:
    body = {"productId": product["id"], "quantity": quantity}
    cart: dict[str, object] = check(client.post(ITEMS, body, status=200), CART)
    return cart


@pytest.fixture
def visitor(life: Life) -> Client:
    """An anonymous visitor with a cart of their own."""
    client = life.anonymous()
    check(client.get("/api/cart"), CART)
    client.headers["X-Cart-Token"] = client.last.headers["X-Cart-Token"]
    return client


class TestCart:
    def test_starts_empty_with_a_token(self, visitor: Client) -> None:
        cart = check(visitor.get("/api/cart"), CART)
        assert (cart["items"], cart["totals"]["grandTotal"]) == ([], eur(0))
        assert cart["token"] == visitor.headers["X-Cart-Token"]

    def test_adds_sets_and_removes(self, life: Life, visitor: Client) -> None:
        product = life.product(price=250)
        add(visitor, product, 2)
        cart = check(visitor.post(ITEMS, {"product_id": product["id"], "quantity": 1}, status=200), CART)
        assert [item["quantity"] for item in cart["items"]] == [3]
        assert (cart["items"][0]["total"], cart["totals"]["grandTotal"]) == (eur(750), eur(750))
        cart = check(visitor.patch(ITEMS, {"productId": product["id"], "quantity": 5}), CART)
        assert [item["quantity"] for item in cart["items"]] == [5]
        assert check(visitor.get(ITEMS), CART)["items"] == cart["items"]
        cart = check(visitor.patch(ITEMS, {"productId": product["id"], "quantity": 0}), CART)
        assert cart["items"] == []

    def test_takes_a_line_by_its_id_too(self, life: Life, visitor: Client) -> None:
        first, second = life.product(), life.product()
        add(visitor, first)
        cart = check(visitor.post(ITEMS, {"productId": second["id"], "quantity": 1}, status=200), CART)
        line = cart["items"][0]
        cart = check(visitor.patch(f"{ITEMS}/{line['id']}", {"quantity": 4}), CART)
        assert next(item for item in cart["items"] if item["id"] == line["id"])["quantity"] == 4
        cart = check(visitor.delete(f"{ITEMS}/{line['id']}", status=200), CART)
        assert line["id"] not in {item["id"] for item in cart["items"]}

    def test_is_emptied_by_line_and_whole(self, life: Life, visitor: Client) -> None:
        first, second, third = life.product(), life.product(), life.product()
        for product in (first, second, third):
            add(visitor, product)
        cart = check(visitor.delete(ITEMS, status=200, productId=first["id"]), CART)
        assert {item["productId"] for item in cart["items"]} == {second["id"], third["id"]}
        assert check(visitor.delete(ITEMS, status=200), CART)["items"] == []

    def test_wants_the_variant(self, life: Life, visitor: Client) -> None:
        base = some("V")
        variants = [{"sku": f"{base}-S", "options": {"Size": "S"}, "price": eur(777)}]
        product = life.product(sku=base, options=SIZES, variants=variants, stock=3)
        body = {"productId": product["id"], "quantity": 1}
        visitor.refused(422, "variant_required", "POST", ITEMS, body)
        variant = product["variants"][0]
        cart = check(visitor.post(ITEMS, {**body, "variantId": variant["id"]}, status=200), CART)
        assert [(item["sku"], item["unitPrice"]) for item in cart["items"]] == [(variant["sku"], eur(777))]

    def test_refuses_what_is_wrong(self, life: Life, stranger: Life, visitor: Client) -> None:
        product, theirs = life.product(), stranger.product(stock=0)
        for quantity in (0, -1, 1.5, "2", 10**9):
            visitor.refused(422, None, "POST", ITEMS, {"productId": product["id"], "quantity": quantity})
        for unknown in (f"prd_{UNKNOWN}", theirs["id"]):
            visitor.refused(404, None, "POST", ITEMS, {"productId": unknown, "quantity": 1})
        assert visitor.get("/api/cart")["items"] == []

    def test_shows_live_prices(self, life: Life, visitor: Client) -> None:
        product = life.product(price=100)
        add(visitor, product)
        life.admin.patch(f"/api/products/{product['id']}", {"price": eur(130)})
        eventually(lambda: visitor.get("/api/cart")["totals"]["grandTotal"], eur(130).__eq__)


class TestMerging:
    def test_happens_once_and_voids_the_token(self, life: Life, visitor: Client) -> None:
        both, anonymous = life.product(), life.product()
        customer = life.customer()
        add(customer, both, 1)
        add(visitor, both, 2)
        add(visitor, anonymous, 1)
        token = {"X-Cart-Token": visitor.headers["X-Cart-Token"]}
        merged = check(customer.get("/api/cart", headers=token), CART)
        assert {item["productId"]: item["quantity"] for item in merged["items"]} == {both["id"]: 3, anonymous["id"]: 1}
        again = check(customer.get("/api/cart", headers=token), CART)
        assert again["items"] == merged["items"]
        assert visitor.get("/api/cart")["items"] == []


class TestOrdering:
    def test_takes_the_lines_and_empties_the_cart(self, life: Life) -> None:
        customer, product = life.customer(), life.product(price=300)
        add(customer, product, 2)
        cart = customer.get("/api/cart")
        cart_id = cart["id"]
        body = {"cartId": cart_id, "shippingAddress": ADDRESS, "payment": {"method": "cash_on_delivery"}}
        order = check(customer.post("/api/orders", body, headers=WAIT), ORDER)
        assert (order["cartId"], order["totals"]["grandTotal"]) == (cart_id, eur(600))
        eventually(lambda: customer.get("/api/cart")["items"], [].__eq__)
        items = [{"productId": product["id"], "quantity": 1}]
        customer.refused(409, "cart_used", "POST", "/api/orders", {**body, "items": items})
