"""Text messages, pushes and mails through the real SDKs, seen at the sandbox; their reports and their fallbacks."""

from typing import Any

import pytest

from tests.e2e.api_client import Client, eventually, some
from tests.e2e.shapes import NOTIFICATION, check
from tests.e2e.shop_life.conftest import PASSWORD, Life, card
from tests.e2e.shop_life.provider_sandbox import TWILIO_HOOK, ProviderSandbox, running_sandbox

UNREACHABLE = "+15005550015"


@pytest.fixture(scope="module")
def sandbox() -> ProviderSandbox:
    return running_sandbox()


def number() -> str:
    """A number that nobody else uses, and that Twilio's sandbox delivers to."""
    return f"+49151{int(some()[2:], 16) % 10**8:08d}"


def told(life: Life, order_id: str, kind: str, **wanted: str) -> dict[str, Any]:
    """The message of this kind about an order, once it is as wanted."""

    def ask() -> dict[str, Any]:
        items = life.admin.get("/api/notifications", limit=100)["items"]
        mine = [one for one in items if one["type"] == kind and order_id in str(one["reference"])]
        return check(mine[0], NOTIFICATION) if mine else {}

    found: dict[str, Any] = eventually(
        ask, lambda one: one and all(one[name] == value for name, value in wanted.items())
    )
    return found


def ordered_for(life: Life, **contact: str) -> str:
    """An order that staff took for a customer who is reached so."""
    customer = life.admin.post("/api/customers", {"name": "Reached", **contact})
    more = {"customerId": customer["id"], "payment": {"method": "on_account"}}
    return str(life.order(life.admin, life.product(), **more)["id"])


def with_device(life: Life, token: str) -> tuple[Client, str]:
    """A customer with a phone that takes pushes, whose card was declined; and the order."""
    customer = life.customer()
    customer.post("/api/notifications/devices", {"token": token, "platform": "android"})
    order = life.order(customer, life.product())
    life.becomes(order["id"], fulfilmentStatus="reserved")
    body = {"orderId": order["id"], **card("pm_card_visa_chargeDeclined")}
    assert customer.post("/api/payments/process", body, status=200)["status"] == "failed"
    return customer, str(order["id"])


class TestTextMessage:
    def test_is_sent_and_reported_delivered(self, life: Life, sandbox: ProviderSandbox) -> None:
        phone = number()
        order_id = ordered_for(life, phone=phone)
        message = told(life, order_id, "order_confirmation", channel="sms", status="delivered")
        (sent,) = sandbox.sent("messages", to=phone)
        assert sent["status"] == "delivered"
        assert message["recipient"]["address"] == phone
        eventually(
            lambda: [report["state"] for report in sandbox.sent("callbacks", provider="twilio", subject=sent["sid"])],
            lambda states: set(states) == {"delivered"},
        )

    def test_that_cannot_be_delivered_goes_on(self, life: Life, sandbox: ProviderSandbox) -> None:
        order_id = ordered_for(life, phone=UNREACHABLE)
        message = told(life, order_id, "order_confirmation", channel="in_app")
        assert any(step["channel"] == "sms" and step["error"] for step in message["attempts"])
        assert sandbox.sent("messages", to=UNREACHABLE)

    @pytest.mark.parametrize("wrong", ["tampered", "unsigned"])
    def test_believes_only_signed_reports(self, life: Life, sandbox: ProviderSandbox, wrong: str) -> None:
        url = life.admin.url + TWILIO_HOOK
        form = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "failed", "AccountSid": "AC" + "0" * 32}
        headers = sandbox.twilio_signed(url, {**form, "MessageStatus": "sent"}) if wrong == "tampered" else {}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        content = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        answer = life.admin.other().send("POST", TWILIO_HOOK, content=content, headers=headers)
        assert 400 <= answer.status_code < 500


class TestPush:
    def test_is_seen_and_its_receipt_kept(self, life: Life, sandbox: ProviderSandbox) -> None:
        token = some("device")
        customer, order_id = with_device(life, token)
        message = told(life, order_id, "payment_failed", channel="push")
        (push,) = eventually(lambda: sandbox.sent("pushes", token=token), bool)
        assert token in str(push)
        customer.post(f"/api/notifications/{message['id']}/opened", status=200)
        assert told(life, order_id, "payment_failed")["status"] == "opened"

    def test_to_a_device_that_is_gone_becomes_a_mail(self, life: Life, sandbox: ProviderSandbox) -> None:
        customer, order_id = with_device(life, "unregistered-" + some())
        message = told(life, order_id, "payment_failed", channel="email", status="sent")
        assert sandbox.sent("mails", to=message["recipient"]["address"])
        assert any(step["channel"] == "push" and step["error"] for step in message["attempts"])
        assert customer.get("/api/notifications/devices")["items"] == []


class TestMail:
    def test_is_seen_at_the_sandbox(self, life: Life, sandbox: ProviderSandbox) -> None:
        email = f"{some()}@regular.example"
        order_id = ordered_for(life, email=email)
        message = told(life, order_id, "order_confirmation", channel="email", status="sent")
        (mail,) = [mail for mail in sandbox.sent("mails", to=email) if message["id"] in mail["messageId"]]
        assert mail["subject"] == message["subject"]

    def test_that_bounces_becomes_a_text_message(self, life: Life, sandbox: ProviderSandbox) -> None:
        phone = number()
        order_id = ordered_for(life, email=f"bounce-{some()}@regular.example", phone=phone)
        message = told(life, order_id, "order_confirmation", channel="sms", status="delivered")
        assert any(step["channel"] == "email" and step["error"] for step in message["attempts"])
        assert len(sandbox.sent("messages", to=phone)) == 1

    def test_that_bounces_with_nothing_beside_it_is_bounced(self, life: Life) -> None:
        body = {"email": f"bounce-{some()}@buyers.example", "password": PASSWORD, "role": "customer"}
        life.anonymous().post("/api/auth/register", body)

        def ask() -> list[Any]:
            items = life.admin.get("/api/notifications", limit=100)["items"]
            return [one for one in items if one["recipient"]["address"] == body["email"]]

        eventually(ask, lambda found: any(one["status"] == "bounced" for one in found))
