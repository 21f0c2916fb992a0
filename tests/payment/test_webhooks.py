"""The provider's callbacks: signed, once, in any order."""

import hashlib
import hmac
import time
from typing import Any

import httpx2
import pytest
from pydantic_core import to_json

from common.ids import new_id

from .conftest import WEBHOOK_PATH, WEBHOOK_SECRET, Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = WEBHOOK_PATH


def signed(body: bytes, *, secret: str = WEBHOOK_SECRET, age_seconds: int = 0) -> dict[str, str]:
    at = int(time.time()) - age_seconds
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={at},v1={digest}"}


def event(kind: str, told: dict[str, Any], event_id: str | None = None) -> bytes:
    return to_json(
        {
            "id": event_id or new_id("evt"),
            "object": "event",
            "type": kind,
            "api_version": "2025-01-01",
            "created": int(time.time()),
            "data": {"object": told},
            "livemode": False,
            "pending_webhooks": 0,
            "request": None,
        }
    )


def intent(shop: Shop, payment: str, status: str, *, company: str | None = None) -> dict[str, Any]:
    made = shop.intent_of(payment)
    return {
        "id": made["id"],
        "object": "payment_intent",
        "status": status,
        "amount": made["amount"],
        "amount_received": made["amount"] if status == "succeeded" else 0,
        "currency": made["currency"],
        "metadata": made["metadata"] | ({"companyId": company} if company else {}),
        "last_payment_error": None,
        "next_action": None,
    }


async def waiting(shop: Shop) -> tuple[str, str]:
    """An order whose payment waits for its buyer; the order's and the payment's id."""
    order = await shop.order(token="pm_card_authenticationRequired")
    return order, (await shop.hears("payment.requires_action", order)).payment_id


async def send(shop: Shop, body: bytes, headers: dict[str, str] | None = None, path: str = PATH) -> httpx2.Response:
    async with shop.harness.client() as provider:
        return await provider.post(path, content=body, headers=signed(body) if headers is None else headers)


class TestTake:
    async def test_a_confirmed_payment_succeeds_once(self, shop: Shop) -> None:
        order, payment = await waiting(shop)
        shop.authenticate(shop.intent_of(payment)["id"])
        body = event("payment_intent.succeeded", intent(shop, payment, "succeeded"))
        for _ in range(3):
            assert (await send(shop, body)).status_code == 204
        await shop.hears("payment.succeeded", order)
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_a_failed_confirmation_fails_the_payment(self, shop: Shop) -> None:
        order, payment = await waiting(shop)
        shop.authenticate(shop.intent_of(payment)["id"], "fail")
        body = event("payment_intent.payment_failed", intent(shop, payment, "requires_payment_method"))
        assert (await send(shop, body)).status_code == 204
        failed = await shop.hears("payment.failed", order)
        assert failed.code == "payment_intent_authentication_failure"

    async def test_an_old_failure_that_comes_after_success_changes_nothing(self, shop: Shop) -> None:
        order, payment = await waiting(shop)
        shop.authenticate(shop.intent_of(payment)["id"])
        late = event("payment_intent.payment_failed", intent(shop, payment, "requires_payment_method"))
        assert (await send(shop, late)).status_code == 204
        await shop.hears("payment.succeeded", order)
        assert (await shop.payments(order))[0]["status"] == "succeeded"

    async def test_a_refund_that_the_bank_returns_is_booked_back(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_refundFail")
        payment = (await shop.hears("payment.succeeded", order)).payment_id
        async with shop.admin() as admin:
            refund = (await admin.post(f"/api/payments/{payment}/refund", json={"reason": "x"})).json()
            assert refund["status"] == "succeeded"
            told = {"id": "re_1", "object": "refund", "status": "failed", "amount": 1999}
            told |= {"failure_reason": "expired_or_canceled_card"}
            told |= {"metadata": {"refundId": refund["id"], "paymentId": payment, "companyId": shop.company}}
            for _ in range(2):
                assert (await send(shop, event("refund.failed", told))).status_code == 204
            after = (await admin.get(f"/api/payments/{payment}")).json()
        assert (after["status"], after["refunds"][0]["status"]) == ("succeeded", "failed")
        assert (await shop.hears("payment.refund_failed", order)).code == "expired_or_canceled_card"
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_another_companys_payment_stays_untouched(self, shop: Shop) -> None:
        order, payment = await waiting(shop)
        body = event("payment_intent.succeeded", intent(shop, payment, "succeeded", company=new_id("cmp")))
        assert (await send(shop, body)).status_code == 204
        assert (await shop.payments(order))[0]["status"] == "requires_action"

    async def test_what_is_not_ours_is_taken_and_left(self, shop: Shop) -> None:
        body = event("customer.created", {"id": "cus_1", "object": "customer", "metadata": {}})
        assert (await send(shop, body)).status_code == 204


class TestFromTheProvider:
    async def test_its_own_callbacks_complete_what_the_buyer_confirmed(self, shop: Shop) -> None:
        shop.sales.door = shop.harness
        shop.sandbox.fault(duplicateWebhooks=2, reorderWebhooks=True)
        order, payment = await waiting(shop)
        shop.authenticate(shop.intent_of(payment)["id"])
        await shop.hears("payment.succeeded", order)
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_its_own_callbacks_settle_a_slow_refund(self, shop: Shop) -> None:
        shop.sales.door = shop.harness
        order = await shop.order(token="pm_card_pendingRefund")
        payment = (await shop.hears("payment.succeeded", order)).payment_id
        async with shop.admin() as admin:
            answer = await admin.post(f"/api/payments/{payment}/refund", json={"reason": "slow"})
        assert answer.json()["status"] == "pending"
        await shop.hears("payment.refunded", order)
        assert await shop.balances() == {}

    async def test_a_slow_refund_is_asked_for_when_no_callback_comes(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_pendingRefund")
        payment = (await shop.hears("payment.succeeded", order)).payment_id
        async with shop.admin() as admin:
            await admin.post(f"/api/payments/{payment}/refund", json={"reason": "slow"})
        await until(lambda: shop.is_settled_at_provider(order))
        await shop.run_sweeper_as_of(31)
        await shop.hears("payment.refunded", order)


class TestRefuse:
    async def test_a_tampered_body_or_a_foreign_signature(self, shop: Shop) -> None:
        body = event("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent", "metadata": {}})
        for headers in (
            signed(body + b" "),
            signed(body, secret="whsec_another"),
            signed(body, age_seconds=301),
            signed(body, age_seconds=-400),
            {"stripe-signature": "nonsense"},
            {},
        ):
            answer = await send(shop, body, headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature")

    async def test_an_unknown_account(self, shop: Shop) -> None:
        body = event("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent", "metadata": {}})
        assert (await send(shop, body, path="/api/payments/webhooks/stripe/acct_other")).status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b"null",
            b'{"type": "payment_intent.succeeded"}',
            b"[" * 50_000,
            event("payment_intent.succeeded", {}),
            event("refund.updated", {"object": "refund", "id": {"$gt": ""}, "metadata": {}}),
            event("customer.created", []),  # type: ignore[arg-type]
            event("payment_intent.succeeded", {"id": "pi_1", "metadata": {"paymentId": {"$gt": ""}}}),
        ],
    )
    async def test_what_is_signed_and_yet_no_event(self, shop: Shop, body: bytes) -> None:
        answer = await send(shop, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_event")


class TestOrder:
    async def test_events_of_a_hold_in_any_order_never_take_a_state_back(self, shop: Shop) -> None:
        order = await shop.order(capture="manual")
        payment = (await shop.hears("payment.authorized", order)).payment_id
        early = event("payment_intent.amount_capturable_updated", intent(shop, payment, "requires_capture"))
        async with shop.admin() as admin:
            assert (await admin.post(f"/api/payments/{payment}/capture", json={})).status_code == 200
        canceled = event("payment_intent.canceled", intent(shop, payment, "canceled"))
        taken = event("payment_intent.succeeded", intent(shop, payment, "succeeded"))
        for body in (taken, canceled, early, taken):
            assert (await send(shop, body)).status_code == 204
        assert (await shop.payments(order))[0]["status"] == "succeeded"
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_each_is_listed_once(self, shop: Shop) -> None:
        order = await shop.order()
        payment = (await shop.hears("payment.succeeded", order)).payment_id
        body = event("payment_intent.succeeded", intent(shop, payment, "succeeded"))
        for _ in range(3):
            assert (await send(shop, body)).status_code == 204
        async with shop.admin() as admin:
            items = (await admin.get("/api/payments/provider-events")).json()["items"]
        assert [(each["status"], each["paymentId"], each["accountId"]) for each in items] == [
            ("handled", payment, "platform")
        ]
