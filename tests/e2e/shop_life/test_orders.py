"""Orders: each way to pay, each refusal, what they hold and when they let it go."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.api_client import WAIT, Client, eur, some
from tests.e2e.shapes import ORDER, PAYMENT, check
from tests.e2e.shop_life.conftest import ADDRESS, UNKNOWN, Life, card

SIZES = [{"name": "Size", "values": ["S"]}]
COD = {"method": "cash_on_delivery"}


def lines(product: dict[str, object], quantity: object = 1) -> list[dict[str, object]]:
    return [{"productId": product["id"], "quantity": quantity}]


class TestByCard:
    def test_is_paid_and_confirmed(self, life: Life) -> None:
        product, customer = life.product(price=1999), life.customer()
        order = life.order(customer, product, payment=card(), quantity=2)
        assert (order["status"], order["paymentStatus"]) == ("confirmed", "paid")
        assert (order["totals"]["grandTotal"], order["paid"], order["due"]) == (eur(3998), eur(3998), eur(0))
        assert (order["channel"], order["payment"]["method"]) == ("web", "card")
        payment = check(life.admin.get(f"/api/payments/{order['payments'][0]['id']}"), PAYMENT)
        assert (payment["orderId"], payment["status"], payment["captured"]) == (order["id"], "succeeded", eur(3998))
        assert check(customer.get(f"/api/orders/{order['id']}"), ORDER)["paid"] == eur(3998)

    def test_that_is_declined_is_cancelled_and_lets_go(self, life: Life) -> None:
        product = life.product(stock=5)
        order = life.order(life.buyer, product, payment=card("pm_card_visa_chargeDeclined"))
        assert (order["status"], order["paymentStatus"]) == ("cancelled", "failed")
        payment = check(life.admin.get(f"/api/payments/{order['payments'][0]['id']}"), PAYMENT)
        assert (payment["status"], payment["failure"]["code"]) == ("failed", "card_declined")
        life.settles(product["sku"], 5)

    def test_that_asks_its_holder_stays_pending(self, life: Life) -> None:
        customer = life.customer()
        order = life.order(customer, life.product())
        body = {"orderId": order["id"], **card("pm_card_threeDSecure2Required")}
        life.becomes(order["id"], fulfilmentStatus="reserved")
        payment = check(customer.post("/api/payments/process", body, status=202), PAYMENT)
        assert (payment["status"], payment["nextAction"]["type"]) == ("requires_action", "redirect")
        assert life.becomes(order["id"], status="pending")["paymentStatus"] == "unpaid"


class TestWithoutPayment:
    def test_holds_its_stock_until_it_is_paid(self, life: Life) -> None:
        product, customer = life.product(stock=4), life.customer()
        order = life.order(customer, product, quantity=3)
        assert (order["status"], order["paymentStatus"]) == ("pending", "unpaid")
        held = life.becomes(order["id"], fulfilmentStatus="reserved")
        assert held["deadlineAt"] > held["placedAt"]
        assert life.stock(product["sku"])["available"] == 1
        body = {"orderId": order["id"], **card("pm_card_visa_chargeDeclined")}
        declined = check(customer.post("/api/payments/process", body, status=200), PAYMENT)
        assert declined["status"] == "failed"
        assert life.admin.get(f"/api/orders/{order['id']}")["status"] == "pending"
        body = {"orderId": order["id"], **card()}
        assert check(customer.post("/api/payments/process", body, status=200), PAYMENT)["status"] == "succeeded"
        life.becomes(order["id"], status="confirmed", paymentStatus="paid")
        customer.refused(409, "already_paid", "POST", "/api/payments/process", body)

    def test_that_ended_takes_no_money(self, life: Life) -> None:
        customer = life.customer()
        order = life.order(customer, life.product())
        customer.post(f"/api/orders/{order['id']}/cancel", {}, status=200)
        life.becomes(order["id"], status="cancelled")
        body = {"orderId": order["id"], **card()}
        customer.refused(409, "invalid_transition", "POST", "/api/payments/process", body)

    def test_by_paypal_sends_its_buyer_there(self, life: Life) -> None:
        customer = life.customer()
        order = life.order(customer, life.product())
        life.becomes(order["id"], fulfilmentStatus="reserved")
        body = {"orderId": order["id"], "method": "paypal"}
        payment = check(customer.post("/api/payments/process", body, status=202), PAYMENT)
        assert (payment["status"], payment["nextAction"]["type"]) == ("requires_action", "redirect")

    def test_is_out_of_stock_when_there_is_too_little(self, life: Life) -> None:
        product = life.product(stock=1)
        order = life.order(life.buyer, product, quantity=2, payment=COD)
        assert (order["status"], order["fulfilmentStatus"]) == ("cancelled", "unfulfilled")
        assert order["cancelReason"] is not None
        life.settles(product["sku"], 1)


class TestByHand:
    def test_cash_is_staffs(self, life: Life) -> None:
        product, account = life.product(), life.account()
        more = {"customerId": account["id"], "shopId": life.shop["id"], "payment": {"method": "cash"}}
        order = life.order(life.employ(), product, **more)
        assert (order["status"], order["paymentStatus"], order["channel"]) == ("confirmed", "paid", "staff")
        assert (order["customerId"], order["shopId"]) == (account["id"], life.shop["id"])
        body = {"items": lines(product), "shippingAddress": ADDRESS, "payment": {"method": "cash"}}
        life.customer().refused(403, None, "POST", "/api/orders", body)

    def test_cash_on_delivery_is_paid_at_the_door(self, life: Life) -> None:
        order = life.order(life.buyer, life.product(price=700), payment=COD)
        assert (order["status"], order["paymentStatus"], order["due"]) == ("confirmed", "unpaid", eur(700))
        body = {"orderId": order["id"], "method": "cash"}
        payment = check(life.admin.post("/api/payments/process", body, status=200), PAYMENT)
        assert (payment["status"], payment["captured"]) == ("succeeded", eur(700))
        life.becomes(order["id"], paymentStatus="paid")

    def test_on_account_needs_a_customer(self, life: Life) -> None:
        body = {"items": lines(life.product()), "payment": {"method": "on_account"}, "shippingAddress": ADDRESS}
        life.admin.refused(422, "customer_required", "POST", "/api/orders", body)


class TestGuest:
    def test_reads_with_the_orders_token_alone(self, life: Life) -> None:
        visitor, product = life.anonymous(), life.product()
        order = life.order(visitor, product, email="guest@guests.example")
        path, token = f"/api/orders/{order['id']}", order["orderToken"]
        assert (order["customerId"], order["email"]) == (None, "guest@guests.example")
        assert visitor.send("GET", path).status_code in (401, 404)
        guest = visitor.other(X_Tenant_ID=life.slug, X_Order_Token=token)
        assert check(guest.get(path), ORDER)["id"] == order["id"]
        life.becomes(order["id"], fulfilmentStatus="reserved")
        body = {"orderId": order["id"], **card()}
        assert guest.post("/api/payments/process", body, status=200)["status"] == "succeeded"
        life.becomes(order["id"], status="confirmed")
        assert guest.post(f"{path}/cancel", {}, status=200)["status"] == "cancelled"

    def test_says_where_it_goes(self, life: Life) -> None:
        product = life.product()
        for missing in ("email", "shippingAddress"):
            body = {"items": lines(product), "email": "g@guests.example", "shippingAddress": ADDRESS}
            del body[missing]
            life.anonymous().refused(422, None, "POST", "/api/orders", body)


class TestRefusals:
    def test_of_a_total_that_changed(self, life: Life) -> None:
        product, customer = life.product(price=500), life.customer()
        body = {"items": lines(product, 2), "shippingAddress": ADDRESS, "expectedTotal": eur(900)}
        problem = customer.refused(409, "order_total_changed", "POST", "/api/orders", body)
        assert problem["currentTotal"] == eur(1000)
        customer.post("/api/orders", {**body, "expectedTotal": eur(1000)})

    def test_of_what_is_wrong(self, life: Life, stranger: Life) -> None:
        product, customer = life.product(), life.customer()
        for more, field in (
            ({"items": []}, "items"), ({"items": lines(product, 0)}, "items.0.quantity"),
            ({"items": lines(product, 1.5)}, "items.0.quantity"), ({"coupon": "X"}, "coupon"),
            ({"payment": {"method": "shells"}}, "payment.method"),
            ({"shippingAddress": {"city": "B"}}, "shippingAddress.line1"),
        ):  # fmt: skip
            body = {"items": lines(product), "shippingAddress": ADDRESS, **more}
            problem = customer.refused(422, None, "POST", "/api/orders", body)
            assert field in {error["field"] for error in problem["errors"]}, problem
        for unknown in (f"prd_{UNKNOWN}", stranger.product(stock=0)["id"]):
            body = {"items": [{"productId": unknown, "quantity": 1}], "shippingAddress": ADDRESS}
            assert customer.send("POST", "/api/orders", body).status_code in (404, 422)

    def test_of_a_coupon_that_is_none(self, life: Life) -> None:
        body = {"items": lines(life.product()), "shippingAddress": ADDRESS, "couponCode": "NOPE"}
        life.customer().refused(422, "coupon_invalid", "POST", "/api/orders", body)

    def test_of_a_product_without_its_variant(self, life: Life) -> None:
        base = some("V")
        variants = [{"sku": f"{base}-S", "options": {"Size": "S"}}]
        product, customer = life.product(sku=base, options=SIZES, variants=variants), life.customer()
        body = {"items": lines(product), "shippingAddress": ADDRESS}
        customer.refused(422, "variant_required", "POST", "/api/orders", body)
        body["items"][0]["variantId"] = product["variants"][0]["id"]
        order = check(customer.post("/api/orders", {**body, "payment": COD}, headers=WAIT), ORDER)
        assert (order["items"][0]["sku"], order["status"]) == (f"{base}-S", "confirmed")

    @pytest.mark.parametrize("more", [{"unitPrice": eur(1)}, {"placedAt": "2024-01-01T00:00:00Z"}])
    def test_of_what_shop_staff_may_not_say(self, life: Life, more: dict[str, object]) -> None:
        product, staff = life.product(), life.employ()
        body = {"items": lines(product), "customerId": life.account()["id"], "shippingAddress": ADDRESS}
        body = {**body, "shopId": life.shop["id"], "payment": {"method": "cash"}}
        if "unitPrice" in more:
            body["items"][0] |= more
        else:
            body |= more
        staff.refused(403, "permission_denied", "POST", "/api/orders", body)
        order = check(life.employ("shop_manager").post("/api/orders", body, headers=WAIT), ORDER)
        assert (order["totals"]["grandTotal"] == eur(1)) == ("unitPrice" in more)
        assert order["placedAt"].startswith("2024-01-01") == ("placedAt" in more)


class TestOnce:
    def test_a_key_makes_one_order(self, life: Life) -> None:
        customer = life.customer()
        body = {"items": lines(life.product()), "shippingAddress": ADDRESS}
        key = {"Idempotency-Key": some("key")}
        first = customer.post("/api/orders", body, headers=key)
        assert customer.post("/api/orders", body, headers=key)["id"] == first["id"]
        assert customer.last.headers["Idempotent-Replayed"] == "true"
        second = {**body, "items": [{**body["items"][0], "quantity": 2}]}
        customer.refused(422, "idempotency_key_reused", "POST", "/api/orders", second, headers=key)
        assert [order["id"] for order in customer.get("/api/orders")["items"]] == [first["id"]]
        assert life.customer().post("/api/orders", body, headers=key)["id"] != first["id"]

    def test_a_key_sent_at_once_makes_one_order(self, life: Life) -> None:
        customer, product = life.customer(), life.product()
        clients = [customer.other(**customer.headers) for _ in range(5)]
        body = {"items": lines(product), "shippingAddress": ADDRESS}
        key = {"Idempotency-Key": some("key")}
        with ThreadPoolExecutor(len(clients)) as pool:
            answers = list(pool.map(lambda each: each.send("POST", "/api/orders", body, headers=key), clients))
        assert {answer.status_code for answer in answers} <= {201, 409}
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_in_progress"}
        assert len(customer.get("/api/orders")["items"]) == 1


class TestOthers:
    def test_see_nothing(self, life: Life, stranger: Life) -> None:
        order = life.order(life.buyer, life.product())
        path = f"/api/orders/{order['id']}"
        for client in (life.customer(), stranger.admin):
            for method, at, body in (
                ("GET", path, None), ("PATCH", path, {"note": "x"}), ("POST", f"{path}/cancel", {}),
                ("POST", "/api/payments/process", {"orderId": order["id"], **card()}),
            ):  # fmt: skip
                assert _status(client, method, at, body) in (403, 404), at
            assert _status(client, "GET", path, None) == 404
        stranger.admin.refused(404, None, "POST", f"{path}/status", {"status": "processing"})
        stranger.admin.refused(404, None, "POST", f"{path}/fulfilments", {})
        stranger.admin.refused(404, None, "POST", f"{path}/deliver")
        assert life.admin.get(path)["status"] != "cancelled"


def _status(client: Client, method: str, path: str, body: object) -> int:
    return client.send(method, path, body).status_code
