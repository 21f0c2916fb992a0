"""Routes of the payment service on the real servers and the provider sandbox."""

import asyncio
import hashlib
from typing import Any

import pytest

from common.clock import SystemClock
from common.ids import new_id

from .conftest import Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

VISA = "pm_card_visa"


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


def card(order: str, token: str | None = VISA) -> dict[str, Any]:
    return {"orderId": order, "method": "card", "paymentMethodToken": token}


async def unpaid(seller: Shop, **more: Any) -> str:
    """An order without payment whose goods are held."""
    order = await seller.order(None, **more)
    await until(lambda: seller.account(order))
    return order


async def paid(seller: Shop, method: str = "card", **more: Any) -> str:
    """A captured payment's id."""
    order = await seller.order(method, **more)
    return str((await seller.hears("payment.succeeded", order)).payment_id)


class TestProcess:
    async def test_a_customer_pays_the_own_order(self, shop: Shop) -> None:
        order = await unpaid(shop, customer="cus_own")
        async with shop.harness.user("customer", shop.company, customer_id="cus_own") as customer:
            answer = await customer.post("/api/payments/process", json=card(order))
            again = await customer.post("/api/payments/process", json=card(order))
        assert answer.status_code == 200, answer.text
        expected: dict[str, Any] = {"orderId": order, "method": "card", "provider": "stripe", "status": "succeeded"}
        expected |= {"amount": gbp(1999), "captured": gbp(1999), "refunded": gbp(0), "refunds": []}
        assert answer.json() | expected | {"nextAction": None, "failure": None} == answer.json()
        assert (again.status_code, again.json()["code"]) == (409, "already_paid")

    async def test_a_customer_of_the_platform_pays_the_own_order(self, shop: Shop) -> None:
        order = await unpaid(shop, customer="cus_record")
        shop.sales.orders[order] = {"customerId": "cus_record", "customerUserId": "usr_own"}
        answers = {}
        for user_id in ("usr_other", "usr_own"):
            who = shop.harness.user("customer", None, tenant=shop.company, user_id=user_id, customer_id="cus_platform")
            async with who as customer:
                answers[user_id] = await customer.post("/api/payments/process", json=card(order))
        assert (answers["usr_other"].status_code, answers["usr_own"].status_code) == (404, 200)

    async def test_another_customers_order_is_not_there(self, shop: Shop) -> None:
        order = await unpaid(shop, customer="cus_own")
        for who in (
            shop.harness.user("customer", shop.company, customer_id="cus_other"),
            shop.harness.user("company_admin", new_id("cmp")),
            shop.harness.user("shop_staff", shop.company, shop_ids=["shp_other"]),
            shop.harness.client(tenant=shop.company),
        ):
            async with who as caller:
                answer = await caller.post("/api/payments/process", json=card(order))
                assert answer.status_code == 404, answer.text
        assert await shop.payments(order) == []

    async def test_a_guest_pays_with_the_order_token(self, shop: Shop) -> None:
        order = await unpaid(shop)
        shop.sales.orders[order] = told(shop, order, orderTokenHash=hashlib.sha256(b"secret").hexdigest())
        async with shop.harness.client(tenant=shop.company) as guest:
            wrong = await guest.post("/api/payments/process", json=card(order), headers={"X-Order-Token": "guess"})
            right = await guest.post("/api/payments/process", json=card(order), headers={"X-Order-Token": "secret"})
        assert (wrong.status_code, right.status_code) == (404, 200)

    async def test_asks_sales_for_an_order_not_heard_of_yet(self, shop: Shop) -> None:
        order = new_id("ord")
        shop.sales.orders[order] = told(shop, order)
        async with shop.admin() as admin:
            answer = await admin.post("/api/payments/process", json=card(order))
            nowhere = await admin.post("/api/payments/process", json=card(new_id("ord")))
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        assert nowhere.status_code == 404
        await shop.create(order, None)
        await shop.reserve(order)
        assert (await shop.hears("payment.succeeded", order)).payment_id == answer.json()["id"]

    async def test_a_try_that_came_before_the_order_itself_takes_its_place(self, shop: Shop) -> None:
        order = new_id("ord")
        shop.sales.orders[order] = told(shop, order, paymentMethod="card", hasPaymentToken=True)
        async with shop.admin() as admin:
            early = await admin.post("/api/payments/process", json=card(order))
        assert early.status_code == 202
        await shop.create(order)
        await shop.reserve(order)
        assert (await shop.hears("payment.succeeded", order)).payment_id == early.json()["id"]
        assert (await shop.hears("payment.voided", order)).payment_id != early.json()["id"]

    async def test_a_decline_leaves_the_order_five_tries(self, shop: Shop) -> None:
        order = await unpaid(shop)
        async with shop.admin() as admin:
            for _ in range(5):
                answer = await admin.post("/api/payments/process", json=card(order, "pm_card_visa_chargeDeclined"))
                assert (answer.status_code, answer.json()["status"]) == (200, "failed")
                failure = {"code": "card_declined", "declineCode": "generic_decline"}
                assert answer.json()["failure"] == failure
            sixth = await admin.post("/api/payments/process", json=card(order))
        assert (sixth.status_code, sixth.json()["code"]) == (409, "payment_tries_exhausted")
        assert (await shop.hears("payment.failed", order)).final is False

    async def test_asks_for_the_buyers_confirmation(self, shop: Shop) -> None:
        order = await unpaid(shop)
        async with shop.admin() as admin:
            asked = await admin.post("/api/payments/process", json=card(order, "pm_card_authenticationRequired"))
            other = await admin.post("/api/payments/process", json=card(order))
            first = await admin.get(f"/api/payments/{asked.json()['id']}")
        assert (asked.status_code, asked.json()["status"]) == (202, "requires_action")
        assert asked.json()["nextAction"]["type"] == "redirect"
        assert asked.json()["nextAction"]["url"].startswith(shop.sandbox.url)
        assert (other.status_code, other.json()["status"]) == (200, "succeeded")
        assert first.json()["status"] == "voided"

    async def test_takes_one_try_at_a_time(self, shop: Shop) -> None:
        order = await unpaid(shop)
        shop.sandbox.fault(delayMs=200)
        async with shop.admin() as admin:
            answers = await asyncio.gather(*(admin.post("/api/payments/process", json=card(order)) for _ in range(6)))
        codes = sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)
        assert codes[0] == (200, "")
        assert all(code in ((409, "payment_in_progress"), (409, "already_paid")) for code in codes[1:])
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_repeats_the_first_answer_to_a_key(self, shop: Shop) -> None:
        order = await shop.order(None, reserve=False)
        await until(lambda: shop.is_known(order))
        async with shop.admin() as admin:
            headers = {"Idempotency-Key": "one"}
            first = await admin.post("/api/payments/process", json=card(order), headers=headers)
            again = await admin.post("/api/payments/process", json=card(order), headers=headers)
            other = await admin.post("/api/payments/process", json=card(order, None), headers=headers)
        assert (first.status_code, again.status_code) == (202, 202)
        assert again.json() == first.json()
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    async def test_staff_takes_cash_on_delivery(self, shop: Shop) -> None:
        order = await shop.order("cash_on_delivery", customer="cus_own")
        promised = (await shop.hears("payment.initiated", order)).payment_id
        await until(lambda: shop.account(order))
        body = {"orderId": order, "method": "cash"}
        async with shop.harness.user("customer", shop.company, customer_id="cus_own") as customer:
            assert (await customer.post("/api/payments/process", json=body)).status_code == 403
        async with shop.admin() as admin:
            answer = await admin.post("/api/payments/process", json=body)
        assert (answer.status_code, answer.json()["id"], answer.json()["status"]) == (200, promised, "succeeded")
        assert await shop.balances() == {"asset:cash": 1999, "income:orders": -1999}

    async def test_a_card_in_place_of_cash_on_delivery_voids_the_promise(self, shop: Shop) -> None:
        order = await shop.order("cash_on_delivery")
        await until(lambda: shop.account(order))
        await shop.hears("payment.initiated", order)
        async with shop.admin() as admin:
            assert (await admin.post("/api/payments/process", json=card(order))).status_code == 200
        found = {each["method"]: each["status"] for each in await shop.payments(order)}
        assert found == {"card": "succeeded", "cash_on_delivery": "voided"}

    async def test_an_order_on_account_is_paid_through_its_debt(self, shop: Shop) -> None:
        order = await shop.order("on_account")
        await shop.hears("payment.initiated", order)
        async with shop.admin() as admin:
            answer = await admin.post("/api/payments/process", json={"orderId": order, "method": "cash"})
            by_card = await admin.post("/api/payments/process", json=card(order))
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")
        assert (by_card.status_code, by_card.json()["code"]) == (409, "invalid_transition")

    async def test_an_ended_order_takes_nothing(self, shop: Shop) -> None:
        order = await unpaid(shop)
        await shop.cancel(order)
        await until(lambda: shop.ended(order))
        async with shop.admin() as admin:
            answer = await admin.post("/api/payments/process", json=card(order))
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")

    async def test_refuses_methods_and_fields_it_does_not_take(self, shop: Shop) -> None:
        order = await unpaid(shop)
        bodies = [
            ("payment_token_required", {"orderId": order, "method": "card"}),
            ("card_number_refused", card(order, "4242 4242 4242 4242")),
            ("card_number_refused", {"orderId": order, "method": "card", "cardNumber": "4242424242424242"}),
            ("invalid_body", {"orderId": order, "method": "card", "cardNumber": "4242"}),
        ]
        async with shop.admin() as admin:
            for code, body in bodies:
                answer = await admin.post("/api/payments/process", json=body)
                assert (answer.status_code, answer.json()["code"]) == (422, code)
                assert "4242" not in answer.text


class TestRefund:
    async def test_returns_a_part_then_the_rest(self, shop: Shop) -> None:
        payment = await paid(shop)
        async with shop.admin() as admin:
            part = await admin.post(f"/api/payments/{payment}/refund", json={"amount": gbp(500), "reason": "damaged"})
            between = (await admin.get(f"/api/payments/{payment}")).json()
            rest = await admin.post(f"/api/payments/{payment}/refund", json={"reason": "all of it"})
            after = (await admin.get(f"/api/payments/{payment}")).json()
            more = await admin.post(f"/api/payments/{payment}/refund", json={"amount": gbp(1), "reason": "more"})
        assert part.status_code == 201, part.text
        refund = {"paymentId": payment, "amount": gbp(500), "reason": "damaged", "status": "succeeded"}
        assert part.json() | refund | {"companyId": shop.company} == part.json()
        assert (between["status"], between["refunded"]) == ("partially_refunded", gbp(500))
        assert (rest.json()["amount"], after["status"]) == (gbp(1499), "refunded")
        assert (more.status_code, more.json()["code"]) == (409, "refund_exceeds_captured")
        assert [refund["id"] for refund in after["refunds"]] == [part.json()["id"], rest.json()["id"]]
        assert await shop.balances() == {}

    async def test_never_exceeds_what_was_captured_in_parallel(self, shop: Shop) -> None:
        payment = await paid(shop)
        async with shop.admin() as admin:
            body = {"amount": gbp(600), "reason": "twice"}
            answers = await asyncio.gather(
                *(admin.post(f"/api/payments/{payment}/refund", json=body) for _ in range(8))
            )
        assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
        assert await shop.balances() == {"asset:stripe": 199, "income:orders": -199}

    async def test_happens_once_a_key(self, shop: Shop) -> None:
        payment = await paid(shop)
        async with shop.admin() as admin:
            for _ in range(3):
                answer = await admin.post(
                    f"/api/payments/{payment}/refund",
                    json={"amount": gbp(600), "reason": "once"},
                    headers={"Idempotency-Key": "r1"},
                )
                assert answer.status_code == 201
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert await shop.balances() == {"asset:stripe": 1399, "income:orders": -1399}

    async def test_an_unanswered_refund_is_repeated_with_the_same_key(self, shop: Shop) -> None:
        payment = await paid(shop)
        shop.sandbox.fault(dropAnswers=1)
        async with shop.admin() as admin:
            answer = await admin.post(f"/api/payments/{payment}/refund", json={"reason": "all"})
            assert (answer.status_code, answer.json()["status"]) == (201, "pending")
            await shop.run_sweeper_as_of(31)
            after = (await admin.get(f"/api/payments/{payment}")).json()
        assert (after["status"], after["refunds"][0]["status"]) == ("refunded", "succeeded")
        assert shop.refunded_at_provider(after["orderId"]) == 1999

    async def test_cash_goes_back_at_once(self, shop: Shop) -> None:
        payment = await paid(shop, "cash")
        async with shop.admin() as admin:
            answer = await admin.post(f"/api/payments/{payment}/refund", json={"reason": "changed mind"})
        assert answer.json()["status"] == "succeeded"
        assert await shop.balances() == {}

    async def test_refuses_what_makes_no_sense(self, shop: Shop) -> None:
        payment = await paid(shop)
        bodies = {
            "currency_mismatch": {"amount": {"amount": 1, "currency": "EUR"}, "reason": "x"},
            "invalid_body": {"amount": gbp(0), "reason": "x"},
            "card_number_refused": {"reason": "back to 4242-4242-4242-4242"},
        }
        async with shop.admin() as admin:
            for code, body in bodies.items():
                answer = await admin.post(f"/api/payments/{payment}/refund", json=body)
                assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_needs_permission_and_shop(self, shop: Shop) -> None:
        payment = await paid(shop, shop="shp_1", customer="cus_own")
        async with shop.harness.user("customer", shop.company, customer_id="cus_own") as customer:
            assert (await customer.post(f"/api/payments/{payment}/refund", json={"reason": "x"})).status_code == 403
        for who in (
            shop.harness.user("shop_staff", shop.company, shop_ids=["shp_2"]),
            shop.harness.user("company_admin", new_id("cmp")),
        ):
            async with who as caller:
                answer = await caller.post(f"/api/payments/{payment}/refund", json={"reason": "x"})
                assert answer.status_code == 404
        async with shop.harness.user("shop_staff", shop.company, shop_ids=["shp_1"]) as staff:
            assert (await staff.post(f"/api/payments/{payment}/refund", json={"reason": "x"})).status_code == 201


class TestRead:
    async def test_shows_staff_their_shops_and_customers_their_own(self, shop: Shop) -> None:
        payment = await paid(shop, shop="shp_1", customer="cus_own")
        path = f"/api/payments/{payment}"
        allowed = (
            shop.harness.user("shop_staff", shop.company, shop_ids=["shp_1"]),
            shop.harness.user("customer", shop.company, customer_id="cus_own"),
        )
        refused = (
            shop.harness.user("shop_staff", shop.company, shop_ids=["shp_2"]),
            shop.harness.user("customer", shop.company, customer_id="cus_other"),
            shop.harness.user("company_admin", new_id("cmp")),
            shop.harness.client(tenant=shop.company),
        )
        for who in allowed:
            async with who as caller:
                assert (await caller.get(path)).status_code == 200
        for who in refused:
            async with who as caller:
                assert (await caller.get(path)).status_code == 404

    async def test_shows_a_guest_what_the_order_token_opens(self, shop: Shop) -> None:
        payment = await paid(shop)
        order = shop.intent_of(payment)["metadata"]["orderId"]
        shop.sales.orders[order] = told(shop, order, orderTokenHash=hashlib.sha256(b"secret").hexdigest())
        async with shop.harness.client(tenant=shop.company) as guest:
            wrong = await guest.get(f"/api/payments/{payment}", headers={"X-Order-Token": "guess"})
            right = await guest.get(f"/api/payments/{payment}", headers={"X-Order-Token": "secret"})
        assert (wrong.status_code, right.status_code) == (404, 200)

    async def test_filters_the_list(self, shop: Shop) -> None:
        first, second = await paid(shop, shop="shp_1"), await paid(shop, "cash")
        day = SystemClock().now().isoformat()[:10]
        expected: dict[str, list[str]] = {
            "method=cash": [second],
            "status=succeeded": [second, first],
            "status=failed": [],
            "to=2020-01-01": [],
            "from=2020-01-01T00:00:00Z": [second, first],
            f"to={day}T00:00:00Z": [],
        }
        async with shop.admin() as admin:
            for query, ids in expected.items():
                found = (await admin.get(f"/api/payments?{query}")).json()["items"]
                assert [each["id"] for each in found] == ids, query
            for query in ("from=yesterday", "colour=red", "status=happy", "limit=0"):
                assert (await admin.get(f"/api/payments?{query}")).status_code == 422, query
        async with shop.harness.user("shop_staff", shop.company, shop_ids=["shp_1"]) as staff:
            assert [each["id"] for each in (await staff.get("/api/payments")).json()["items"]] == [first]
        async with shop.harness.user("customer", shop.company, customer_id="cus_1") as customer:
            assert (await customer.get("/api/payments")).status_code == 403

    async def test_keeps_the_ledger_from_shop_staff(self, shop: Shop) -> None:
        async with shop.harness.user("shop_staff", shop.company, shop_ids=["shp_1"]) as staff:
            assert (await staff.get("/api/payments/ledger/balances")).status_code == 403


class TestSecrets:
    async def test_no_token_is_stored_in_the_open(self, shop: Shop) -> None:
        order = await shop.order(None, reserve=False)
        await until(lambda: shop.is_known(order))
        async with shop.admin() as admin:
            answer = await admin.post("/api/payments/process", json=card(order))
        stored = await shop.on.payments.collection.find_one({"_id": answer.json()["id"]})
        assert stored is not None and stored["instrument"]
        assert VISA not in str(stored)


def told(shop: Shop, order: str, **more: Any) -> dict[str, Any]:
    """An order as sales tells it."""
    return {
        "orderId": order,
        "number": "1",
        "companyId": shop.company,
        "customerId": None,
        "email": "guest@example.com",
        "shopId": None,
        "channel": "web",
        "status": "pending",
        "paymentStatus": "unpaid",
        "fulfilmentStatus": "unfulfilled",
        "total": gbp(1999),
        "paid": gbp(0),
        "paymentMethod": None,
        "hasPaymentToken": False,
        "deadlineAt": "2099-01-01T00:00:00Z",
        "orderTokenHash": None,
        "sequence": 1,
        **more,
    }
