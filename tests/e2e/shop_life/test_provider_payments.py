"""Cards with 3-D Secure and PayPal through the real SDKs, seen at the sandbox; their callbacks in any shape."""

import time
from typing import Any

import pytest

from tests.e2e.api_client import Client, eur, eventually, some
from tests.e2e.shapes import PAYMENT, REFUND, check
from tests.e2e.shop_life.conftest import Life, card
from tests.e2e.shop_life.provider_sandbox import (
    PAYPAL_HOOK,
    STRIPE_HOOK,
    ProviderSandbox,
    as_bytes,
    running_sandbox,
)

SECURE = card("pm_card_threeDSecure2Required")
PAYPAL = {"method": "paypal"}
TOO_OLD_SECONDS = 360


@pytest.fixture(scope="module")
def sandbox() -> ProviderSandbox:
    return running_sandbox()


def process(life: Life, how: dict[str, str], status: int = 202) -> tuple[Client, dict[str, Any]]:
    """A customer who pays an order of 20 EUR so, and the payment."""
    customer = life.customer()
    order = life.order(customer, life.product(price=1000), quantity=2)
    life.becomes(order["id"], fulfilmentStatus="reserved")
    body = {"orderId": order["id"], **how}
    return customer, check(customer.post("/api/payments/process", body, status=status), PAYMENT)


def becomes(life: Life, payment_id: str, status: str) -> dict[str, Any]:
    """The payment once it has this status."""
    path = f"/api/payments/{payment_id}"
    found = eventually(lambda: life.admin.get(path), lambda payment: payment["status"] == status)
    payment: dict[str, Any] = check(found, PAYMENT)
    return payment


def booked(life: Life, payment_id: str) -> list[dict[str, Any]]:
    """The ledger's postings of this payment; each sums to zero."""
    entries: list[dict[str, Any]] = life.admin.get("/api/payments/ledger/entries", paymentId=payment_id)["items"]
    assert all(sum(line["amount"]["amount"] for line in entry["lines"]) == 0 for entry in entries)
    return entries


def is_booked(life: Life, payment_id: str, times: int) -> None:
    """The payment's postings come to this many; the ledger follows the payment a moment later."""
    eventually(lambda: len(booked(life, payment_id)), times.__eq__)


def intent_of(sandbox: ProviderSandbox, payment_id: str) -> dict[str, Any]:
    """What Stripe holds for this payment."""
    intents = sandbox.sent("payments", limit="500")
    return next(intent for intent in intents if intent["metadata"].get("paymentId") == payment_id)


def paid_by_paypal(life: Life, sandbox: ProviderSandbox) -> tuple[dict[str, Any], dict[str, Any]]:
    """A PayPal payment that went through, and what PayPal holds for it."""
    _, payment = process(life, PAYPAL)
    order_id = sandbox.decide(payment["nextAction"]["url"])
    done = becomes(life, payment["id"], "succeeded")
    return done, next(order for order in sandbox.sent("paypal", limit="500") if order["id"] == order_id)


def paid_by_card(life: Life) -> dict[str, Any]:
    return process(life, card(), 200)[1]


class TestCardWithThreeDSecure:
    def test_is_paid_once_its_holder_has_agreed(self, life: Life, sandbox: ProviderSandbox) -> None:
        _, payment = process(life, SECURE)
        assert (payment["status"], payment["captured"]) == ("requires_action", eur(0))
        sandbox.authenticate(payment["nextAction"]["url"])
        done = becomes(life, payment["id"], "succeeded")
        assert (done["captured"], done["nextAction"]) == (eur(2000), None)
        life.becomes(payment["orderId"], status="confirmed", paymentStatus="paid")
        intent = intent_of(sandbox, payment["id"])
        assert (intent["status"], intent["amount_received"]) == ("succeeded", 2000)
        delivered = [hook["type"] for hook in sandbox.sent("webhooks", subject=intent["id"], state="delivered")]
        assert "payment_intent.succeeded" in delivered
        is_booked(life, payment["id"], 1)

    def test_is_not_paid_when_its_holder_refuses(self, life: Life, sandbox: ProviderSandbox) -> None:
        _, payment = process(life, SECURE)
        sandbox.authenticate(payment["nextAction"]["url"], "fail")
        assert becomes(life, payment["id"], "failed")["captured"] == eur(0)
        assert life.admin.get(f"/api/orders/{payment['orderId']}")["paymentStatus"] == "unpaid"
        assert booked(life, payment["id"]) == []


class TestPayPal:
    def test_is_captured_once_its_buyer_has_agreed(self, life: Life, sandbox: ProviderSandbox) -> None:
        payment, order = paid_by_paypal(life, sandbox)
        assert (payment["provider"], payment["captured"]) == ("paypal", eur(2000))
        life.becomes(payment["orderId"], status="confirmed", paymentStatus="paid")
        assert (order["status"], order["purchaseUnits"][0]["amount"]["value"]) == ("COMPLETED", "20.00")
        is_booked(life, payment["id"], 1)

    def test_tells_by_its_webhook(self, life: Life, sandbox: ProviderSandbox) -> None:
        _, order = paid_by_paypal(life, sandbox)
        capture = order["payments"][0]["id"]
        eventually(lambda: sandbox.sent("callbacks", provider="paypal", subject=capture), bool)


class TestPartialRefund:
    def test_of_a_card_is_seen_everywhere(self, life: Life, sandbox: ProviderSandbox) -> None:
        payment = paid_by_card(life)
        is_booked(life, payment["id"], 1)
        refund = self._refund(life, payment)
        assert intent_of(sandbox, payment["id"])["charges"][0]["amount_refunded"] == 700
        (sent,) = [sent for sent in sandbox.sent("refunds") if refund["id"] in (sent["idempotency_key"] or "")]
        assert (sent["amount"], sent["status"]) == (700, "succeeded")
        is_booked(life, payment["id"], 2)

    def test_of_paypal_is_seen_everywhere(self, life: Life, sandbox: ProviderSandbox) -> None:
        payment, order = paid_by_paypal(life, sandbox)
        is_booked(life, payment["id"], 1)
        self._refund(life, payment)
        held = next(found for found in sandbox.sent("paypal", limit="500") if found["id"] == order["id"])
        refunded = [each for each in held["payments"] if "7.00" in str(each)]
        assert refunded, held
        is_booked(life, payment["id"], 2)

    @staticmethod
    def _refund(life: Life, payment: dict[str, Any]) -> dict[str, Any]:
        life.becomes(payment["orderId"], paymentStatus="paid")
        body = {"amount": eur(700), "reason": "one was broken"}
        refund: dict[str, Any] = check(life.admin.post(f"/api/payments/{payment['id']}/refund", body), REFUND)
        told = becomes(life, payment["id"], "partially_refunded")
        assert (told["refunded"], [each["status"] for each in told["refunds"]]) == (eur(700), ["succeeded"])
        life.becomes(payment["orderId"], paymentStatus="partially_refunded", refunded=eur(700))
        return refund


class TestCallbacksInAnyShape:
    @pytest.mark.parametrize("fault", ["duplicate", "reorder"])
    def test_of_stripe_change_nothing_twice(self, life: Life, sandbox: ProviderSandbox, fault: str) -> None:
        with sandbox.meddling(provider="stripe", fault=fault):
            payment = paid_by_card(life)
            life.becomes(payment["orderId"], paymentStatus="paid")
            body = {"amount": eur(500), "reason": "part"}
            life.admin.post(f"/api/payments/{payment['id']}/refund", body)
            intent = intent_of(sandbox, payment["id"])
            eventually(lambda: _open(sandbox.sent("webhooks", subject=intent["id"])), [].__eq__)
        told = becomes(life, payment["id"], "partially_refunded")
        assert (told["captured"], told["refunded"]) == (eur(2000), eur(500))
        is_booked(life, payment["id"], 2)
        life.becomes(payment["orderId"], paid=eur(2000), refunded=eur(500))

    @pytest.mark.parametrize("fault", ["duplicate", "reorder"])
    def test_of_paypal_change_nothing_twice(self, life: Life, sandbox: ProviderSandbox, fault: str) -> None:
        with sandbox.meddling(provider="paypal", fault=fault):
            payment, order = paid_by_paypal(life, sandbox)
            capture = order["payments"][0]["id"]
            eventually(lambda: sandbox.sent("callbacks", provider="paypal", subject=capture), bool)
        is_booked(life, payment["id"], 1)
        life.becomes(payment["orderId"], paid=eur(2000), status="confirmed")

    @pytest.mark.parametrize("wrong", ["tampered", "old", "unsigned"])
    def test_of_stripe_are_refused(self, life: Life, sandbox: ProviderSandbox, wrong: str) -> None:
        _, payment = process(life, SECURE)
        intent = intent_of(sandbox, payment["id"])
        held = {**intent, "object": "payment_intent", "status": "succeeded", "amount_received": 2000}
        event = {"id": some("evt"), "object": "event", "type": "payment_intent.succeeded", "created": int(time.time())}
        body = as_bytes({**event, "data": {"object": held}})
        self._refused(life, STRIPE_HOOK, body, sandbox.stripe_signed, wrong)
        assert becomes(life, payment["id"], "requires_action")["captured"] == eur(0)

    @pytest.mark.parametrize("wrong", ["tampered", "old", "unsigned"])
    def test_of_paypal_are_refused(self, life: Life, sandbox: ProviderSandbox, wrong: str) -> None:
        _, payment = process(life, PAYPAL)
        amount = {"currency_code": "EUR", "value": "20.00"}
        held = {"id": some("CAP"), "status": "COMPLETED", "amount": amount, "invoice_id": payment["id"]}
        event = {"id": some("WH"), "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource_type": "capture"}
        body = as_bytes({**event, "resource": {**held, "custom_id": f"{life.company['id']}|{payment['id']}"}})
        self._refused(life, PAYPAL_HOOK, body, sandbox.paypal_signed, wrong)
        assert becomes(life, payment["id"], "requires_action")["captured"] == eur(0)

    def test_are_taken_when_they_are_sound(self, life: Life, sandbox: ProviderSandbox) -> None:
        event = {"id": some("evt"), "object": "event", "type": "customer.updated", "created": int(time.time())}
        body = as_bytes({**event, "data": {"object": {"id": "cus_1", "object": "customer"}}})
        told = as_bytes({"id": some("WH"), "event_type": "CUSTOMER.DISPUTE.CREATED", "resource": {"id": "PP-1"}})
        for path, sent, signed in (
            (STRIPE_HOOK, body, sandbox.stripe_signed),
            (PAYPAL_HOOK, told, sandbox.paypal_signed),
        ):
            answer = life.admin.other().send("POST", path, content=sent, headers=signed(sent))
            assert answer.status_code < 300, answer.text

    @staticmethod
    def _refused(life: Life, path: str, body: bytes, signed: Any, wrong: str) -> None:
        headers = signed(body, TOO_OLD_SECONDS if wrong == "old" else 0)
        if wrong == "unsigned":
            headers = {"Content-Type": "application/json"}
        sent = body.replace(b"2000", b"2001").replace(b"20.00", b"20.01") if wrong == "tampered" else body
        answer = life.admin.other().send("POST", path, content=sent, headers=headers)
        assert 400 <= answer.status_code < 500, answer.status_code


def _open(hooks: list[dict[str, Any]]) -> list[str]:
    return [hook["type"] for hook in hooks if hook["state"] == "pending"]
