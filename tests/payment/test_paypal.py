"""PayPal end to end: the buyer's page, its callbacks, money back, and what happens when an answer is lost."""

import base64
import zlib
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from common.clock import SystemClock
from common.errors import BadRequest
from common.ids import new_id
from services.payment.clients.paypal_events import read_paypal_event

from .conftest import PAYPAL, PAYPAL_WEBHOOK_PATH, Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


async def begun(shop: Shop, **more: Any) -> tuple[str, dict[str, Any]]:
    """An order paid with PayPal that waits for its buyer; its id and the payment as answered."""
    order = await shop.order("paypal", None, **more)
    await until(lambda: shop.account(order))
    async with shop.admin() as admin:
        answer = await admin.post("/api/payments/process", json={"orderId": order, "method": "paypal"})
    assert answer.status_code == 202, answer.text
    return order, answer.json()


async def bought(shop: Shop, outcome: str = "approve", **more: Any) -> tuple[str, str, dict[str, Any]]:
    """The same after the buyer decided and came back: order, payment, and the payment as confirmed."""
    order, payment = await begun(shop, **more)
    shop.buyer((await shop.stored(payment["id"])).reference or "", outcome)
    async with shop.admin() as admin:
        answer = await admin.post(f"/api/payments/{payment['id']}/confirm")
    return order, payment["id"], answer.json()


class TestBuyer:
    async def test_is_sent_to_the_page_and_comes_back(self, shop: Shop) -> None:
        order, payment = await begun(shop)
        assert payment["status"] == "requires_action" and payment["provider"] == "paypal"
        assert payment["nextAction"]["url"].startswith(shop.sandbox.url)
        shop.buyer((await shop.stored(payment["id"])).reference or "")
        async with shop.admin() as admin:
            answer = await admin.post(f"/api/payments/{payment['id']}/confirm")
        assert (answer.status_code, answer.json()["captured"]) == (200, gbp(1999))
        assert (await shop.hears("payment.succeeded", order)).provider == "paypal"
        balances = await shop.balances()
        assert balances["income:orders"] == -1999
        assert balances["asset:paypal"] + balances.get("expense:provider_fees", 0) == 1999

    async def test_is_declined_and_may_try_again(self, shop: Shop) -> None:
        order, _, declined = await bought(shop, "decline")
        assert (declined["status"], declined["failure"]["code"]) == ("failed", "instrument_declined")
        async with shop.admin() as admin:
            again = await admin.post("/api/payments/process", json={"orderId": order, "method": "paypal"})
        assert again.status_code == 202

    async def test_never_comes_back(self, shop: Shop) -> None:
        order, _ = await begun(shop)
        await shop.run_sweeper_as_of(1000)
        await shop.hears("payment.expired", order)

    async def test_has_it_held_first(self, shop: Shop) -> None:
        _, payment, authorized = await bought(shop, capture="manual")
        assert (authorized["status"], authorized["authorized"]) == ("authorized", gbp(1999))
        async with shop.admin() as admin:
            taken = await admin.post(f"/api/payments/{payment}/capture", json={"amount": gbp(999)})
        assert (taken.status_code, taken.json()["captured"]) == (200, gbp(999))

    async def test_has_the_hold_let_go(self, shop: Shop) -> None:
        _, payment, _ = await bought(shop, capture="manual")
        async with shop.admin() as admin:
            gone = await admin.post(f"/api/payments/{payment}/void")
        assert (gone.status_code, gone.json()["status"]) == (200, "voided")

    async def test_gets_money_back_in_parts(self, shop: Shop) -> None:
        order, payment, _ = await bought(shop)
        async with shop.admin() as admin:
            for amount, status in ((1000, 201), (1000, 409), (999, 201)):
                body = {"amount": gbp(amount), "reason": "x"}
                answer = await admin.post(f"/api/payments/{payment}/refund", json=body)
                assert answer.status_code == status, answer.text
            told = (await admin.get(f"/api/payments/{payment}")).json()
        assert (told["status"], told["refunded"]) == ("refunded", gbp(1999))
        assert (await shop.hears("payment.refunded", order, 2)).refunded.amount == 1999
        assert (await shop.balances()).get("income:orders", 0) == 0

    async def test_an_order_whose_answer_was_lost_is_made_once(self, shop: Shop) -> None:
        order = await shop.order("paypal", None)
        await until(lambda: shop.account(order))
        shop.sandbox.rule("paypal", "drop_after")
        async with shop.admin() as admin:
            answer = await admin.post("/api/payments/process", json={"orderId": order, "method": "paypal"})
        assert (answer.status_code, answer.json()["status"]) == (202, "processing")
        await shop.run_sweeper_as_of(30)
        stored = await shop.stored(answer.json()["id"])
        assert (stored.status, bool(stored.reference)) == ("requires_action", True)


class TestCallbacks:
    async def test_complete_what_the_buyer_approved(self, shop: Shop) -> None:
        shop.sales.door = shop.harness
        order, payment = await begun(shop)
        shop.buyer((await shop.stored(payment["id"])).reference or "")
        await shop.hears("payment.succeeded", order)
        async with shop.admin() as admin:
            told = await until(lambda: events(admin, payment["id"]))
        assert {each["status"] for each in told} <= {"handled", "waiting"}
        assert all(each["provider"] == "paypal" for each in told)

    async def test_settle_what_was_under_review(self, shop: Shop) -> None:
        shop.sales.door = shop.harness
        order, payment, pending = await bought(shop, "pending")
        assert pending["status"] in ("requires_action", "processing", "succeeded")
        await shop.hears("payment.succeeded", order)
        assert (await shop.stored(payment)).captured.amount == 1999

    async def test_tell_what_was_denied_after_a_review(self, shop: Shop) -> None:
        shop.sales.door = shop.harness
        order, _, _ = await bought(shop, "deny")
        assert (await shop.hears("payment.failed", order)).code == "capture_declined"

    async def test_change_nothing_when_they_are_not_what_was_signed(self, shop: Shop) -> None:
        shop.sales.door = shop.harness
        order, payment = await begun(shop)
        shop.buyer((await shop.stored(payment["id"])).reference or "")
        await shop.hears("payment.succeeded", order)
        assert shop.sales.last_callback is not None
        body, headers = shop.sales.last_callback
        told = {name.lower(): value for name, value in headers.items()}
        forged = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        now = SystemClock().now().isoformat()
        text = f"{told['paypal-transmission-id']}|{now}|{PAYPAL['PAYPAL_WEBHOOK_ID']}|{zlib.crc32(body)}"
        own = base64.b64encode(forged.sign(text.encode(), PKCS1v15(), SHA256())).decode()
        attempts: list[tuple[bytes, dict[str, str]]] = [
            (body + b" ", told),
            (body, {**told, "paypal-transmission-time": "2020-01-01T00:00:00Z"}),
            (body, {**told, "paypal-transmission-time": "yesterday"}),
            (body, {**told, "paypal-transmission-time": now, "paypal-transmission-sig": own}),
            (body, {**told, "paypal-cert-url": "https://evil.example/cert.pem"}),
            (body, {**told, "paypal-cert-url": "https://paypal.com.evil.example/cert.pem"}),
            (body, {**told, "paypal-cert-url": "http://api.paypal.com/cert.pem"}),
            (body, {**told, "paypal-auth-algo": "none"}),
            (body, {name: value for name, value in told.items() if name != "paypal-transmission-sig"}),
            (body, {}),
        ]
        for number, (content, sent) in enumerate(attempts):
            answer = await post(shop, content, sent)
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_signature"), number
        assert (await post(shop, body, told)).status_code == 204
        assert (await post(shop, body, told, PAYPAL_WEBHOOK_PATH.replace("platform", new_id("acc")))).status_code == 404


class TestReadEvent:
    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b"null",
            b"{",
            b"[" * 50_000,
            b'{"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED"}',
            b'{"id": {"$gt": ""}, "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {}}',
            b'{"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": {"purchase_units": [7]}}',
            b'{"id": "WH-1", "event_type": "PAYMENT.REFUND.FAILED", "resource": {"custom_id": "cmp_1|pay_1|rfd_1"}}',
        ],
    )
    async def test_refuses_what_is_signed_and_yet_no_event(self, body: bytes) -> None:
        with pytest.raises(BadRequest) as refused:
            read_paypal_event(body)
        assert refused.value.code == "invalid_event"


async def post(shop: Shop, body: bytes, headers: dict[str, str], path: str = PAYPAL_WEBHOOK_PATH) -> httpx2.Response:
    async with shop.harness.client() as provider:
        return await provider.post(path, content=body, headers=headers)


async def events(admin: httpx2.AsyncClient, payment: str) -> list[dict[str, Any]]:
    items = (await admin.get("/api/payments/provider-events")).json()["items"]
    return [each for each in items if each["paymentId"] == payment]
