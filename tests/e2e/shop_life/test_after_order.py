"""What happens to an order afterwards: edits, fulfilment in parts, delivery, cancelling, refunds."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.e2e.api_client import eur, some
from tests.e2e.shapes import ORDER, PAYMENT, REFUND, check, page_of
from tests.e2e.shop_life.conftest import ADDRESS, Life, card

COD = {"method": "cash_on_delivery"}


def paid_order(life: Life, quantity: int = 1, price: int = 1000, **more: Any) -> dict[str, Any]:
    return life.order(life.buyer, life.product(price=price), quantity=quantity, payment=card(), **more)


def refund_path(order: dict[str, Any]) -> str:
    return f"/api/payments/{order['payments'][0]['id']}/refund"


class TestEditing:
    def test_changes_address_and_note_until_fulfilment(self, life: Life) -> None:
        customer = life.customer()
        order = life.order(customer, life.product(), payment=COD)
        path = f"/api/orders/{order['id']}"
        change = {"note": "Ring twice", "shippingAddress": {**ADDRESS, "city": "Potsdam"}}
        edited = check(life.admin.patch(path, change), ORDER)
        assert (edited["note"], edited["shippingAddress"]["city"]) == ("Ring twice", "Potsdam")
        assert check(life.admin.patch(path, {"note": None}), ORDER)["note"] is None
        assert edited["version"] > order["version"]
        life.admin.refused(412, "version_conflict", "PATCH", path, {"note": "x"}, headers={"If-Match": '"1"'})
        for field in ("id", "currency", "status", "items"):
            assert life.admin.send("PATCH", path, {field: "x"}).status_code == 422
        _fulfil(life, path, {})
        assert life.admin.send("PATCH", path, {"note": "late"}).status_code == 409


class TestStatus:
    def test_moves_on_its_map_only(self, life: Life) -> None:
        order = paid_order(life)
        path = f"/api/orders/{order['id']}/status"
        for word in ("paid", "confirmed", "cancelled", "shipped"):
            life.admin.refused(422, None, "POST", path, {"status": word})
        assert check(life.admin.post(path, {"status": "processing"}, status=200), ORDER)["status"] == "processing"
        pending = life.order(life.buyer, life.product())
        pending_path = f"/api/orders/{pending['id']}/status"
        life.admin.refused(409, "invalid_transition", "POST", pending_path, {"status": "completed"})


class TestFulfilment:
    def test_goes_in_parts_to_the_door(self, life: Life) -> None:
        order = paid_order(life, quantity=3)
        sku, path = order["items"][0]["sku"], f"/api/orders/{order['id']}"
        some_of_it = {"items": [{"itemId": order["items"][0]["id"], "quantity": 2}], "tracking": "DHL 1"}
        part = check(_fulfil(life, path, some_of_it), ORDER)
        assert (part["fulfilmentStatus"], part["items"][0]["fulfilledQuantity"]) == ("partially_fulfilled", 2)
        too_many = {"items": [{"itemId": order["items"][0]["id"], "quantity": 2}]}
        assert life.admin.send("POST", f"{path}/fulfilments", too_many).status_code in (409, 422)
        life.admin.refused(409, "return_required", "POST", f"{path}/cancel", {})
        whole = check(_fulfil(life, path, {}), ORDER)
        assert (whole["fulfilmentStatus"], whole["items"][0]["fulfilledQuantity"]) == ("fulfilled", 3)
        assert len(whole["fulfilments"]) == 2
        life.settles(sku, 97)
        delivered = check(life.admin.post(f"{path}/deliver", status=200), ORDER)
        assert delivered["fulfilmentStatus"] == "delivered"
        life.admin.post(f"{path}/status", {"status": "processing"}, status=200)
        done = check(life.admin.post(f"{path}/status", {"status": "completed"}, status=200), ORDER)
        assert done["status"] == "completed"
        life.admin.refused(409, None, "POST", f"{path}/cancel", {})
        again = life.admin.send("POST", f"{path}/fulfilments", {})
        assert again.status_code == 409

    def test_waits_for_what_is_held(self, life: Life) -> None:
        order = life.order(life.buyer, life.product())
        life.admin.refused(409, "invalid_transition", "POST", f"/api/orders/{order['id']}/deliver")

    def test_is_not_its_customers(self, life: Life) -> None:
        customer = life.customer()
        order = life.order(customer, life.product(), payment=COD)
        customer.refused(403, "permission_denied", "POST", f"/api/orders/{order['id']}/fulfilments", {})


class TestCancelling:
    def test_returns_stock_and_money(self, life: Life) -> None:
        product, customer = life.product(stock=10), life.customer()
        order = life.order(customer, product, quantity=2, payment=card())
        path = f"/api/orders/{order['id']}/cancel"
        cancelled = check(customer.post(path, {"reason": "changed my mind"}, status=200), ORDER)
        assert cancelled["status"] == "cancelled"
        done = life.becomes(order["id"], paymentStatus="refunded")
        assert (done["refunded"], done["due"]) == (eur(2000), eur(0))
        life.settles(product["sku"], 10)
        assert check(customer.post(path, {"reason": "again"}, status=200), ORDER)["status"] == "cancelled"
        assert life.admin.get(f"/api/payments/{order['payments'][0]['id']}")["refunded"] == eur(2000)

    def test_is_staffs_after_it_was_begun(self, life: Life) -> None:
        customer = life.customer()
        order = life.order(customer, life.product(), quantity=2, payment=card())
        path = f"/api/orders/{order['id']}"
        _fulfil(life, path, {"items": [{"itemId": order["items"][0]["id"], "quantity": 1}]})
        assert customer.send("POST", f"{path}/cancel", {}).status_code == 409

    def test_of_an_unpaid_order_lets_go(self, life: Life) -> None:
        product, customer = life.product(stock=3), life.customer()
        order = life.order(customer, product, quantity=3)
        life.becomes(order["id"], fulfilmentStatus="reserved")
        customer.post(f"/api/orders/{order['id']}/cancel", {}, status=200)
        life.settles(product["sku"], 3)
        assert [step["type"] for step in life.admin.get(f"/api/orders/{order['id']}")["timeline"]]


class TestRefunds:
    def test_go_in_parts_up_to_what_was_captured(self, life: Life) -> None:
        order = paid_order(life)
        first = check(life.admin.post(refund_path(order), {"amount": eur(300), "reason": "scratched"}), REFUND)
        assert (first["amount"], first["reason"]) == (eur(300), "scratched")
        life.becomes(order["id"], paymentStatus="partially_refunded", refunded=eur(300))
        over = {"amount": eur(701), "reason": "too much"}
        life.admin.refused(409, "refund_exceeds_captured", "POST", refund_path(order), over)
        rest = check(life.admin.post(refund_path(order), {"reason": "all of it"}), REFUND)
        assert rest["amount"] == eur(700)
        life.becomes(order["id"], paymentStatus="refunded", refunded=eur(1000))
        payment = check(life.admin.get(f"/api/payments/{order['payments'][0]['id']}"), PAYMENT)
        assert (payment["status"], payment["refunded"]) == ("refunded", eur(1000))
        assert sum(refund["amount"]["amount"] for refund in payment["refunds"]) == 1000

    def test_in_parallel_never_exceed_it(self, life: Life) -> None:
        order = paid_order(life)
        clients = [life.admin.other(**life.admin.headers) for _ in range(6)]
        body = {"amount": eur(300), "reason": "race"}
        with ThreadPoolExecutor(len(clients)) as pool:
            answers = list(pool.map(lambda client: client.send("POST", refund_path(order), body), clients))
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
        refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
        assert refused == {"refund_exceeds_captured"}
        life.becomes(order["id"], refunded=eur(900))

    def test_are_done_once_for_a_key(self, life: Life) -> None:
        order, key = paid_order(life), {"Idempotency-Key": some("key")}
        body = {"amount": eur(100), "reason": "once"}
        first = life.admin.post(refund_path(order), body, headers=key)
        assert life.admin.post(refund_path(order), body, headers=key)["id"] == first["id"]
        assert life.admin.last.headers["Idempotent-Replayed"] == "true"
        assert life.becomes(order["id"], refunded=eur(100))

    def test_refuse_what_is_wrong(self, life: Life, stranger: Life) -> None:
        order = paid_order(life)
        for amount in (eur(0), eur(-5), {"amount": 1.5, "currency": "EUR"}, {"amount": 1, "currency": "USD"}):
            wrong = life.admin.send("POST", refund_path(order), {"amount": amount, "reason": "x"})
            assert wrong.status_code == 422, wrong.text
        stranger.admin.refused(404, None, "POST", refund_path(order), {"reason": "x"})
        life.customer().refused(403, "permission_denied", "POST", refund_path(order), {"reason": "x"})
        assert life.admin.get(f"/api/orders/{order['id']}")["refunded"] == eur(0)


class TestPayments:
    def test_are_staffs_to_see(self, life: Life, stranger: Life) -> None:
        order = paid_order(life)
        page = check(life.admin.get("/api/payments", limit=100), page_of(PAYMENT))
        assert order["id"] in {payment["orderId"] for payment in page["items"]}
        life.customer().refused(403, "permission_denied", "GET", "/api/payments")
        stranger.admin.refused(404, None, "GET", f"/api/payments/{order['payments'][0]['id']}")


def _fulfil(life: Life, path: str, body: dict[str, Any]) -> Any:
    """An action of the order, so 200 with the whole order."""
    return life.admin.post(f"{path}/fulfilments", body, status=200)
