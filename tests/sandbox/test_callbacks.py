"""PayPal's webhooks, Twilio's status callbacks: signed, repeated until taken, and what rules do to them."""

import base64
import json
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from twilio.request_validator import RequestValidator

from .conftest import Sandbox, free_port, until
from .test_paypal import PayPal
from .test_rules import put
from .test_twilio import ACCOUNT, TOKEN, text_client


@dataclass
class Taken:
    """What came back; `refuse` of them are answered 500 first."""

    url: str
    refuse: int = 0
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if self.refuse > 0:
            self.refuse -= 1
            return web.Response(status=500)
        return web.Response()

    def types(self) -> list[str]:
        return [json.loads(body)["event_type"] for body in self.bodies]

    def statuses(self) -> list[str]:
        return [dict(parse_qsl(body.decode()))["MessageStatus"] for body in self.bodies]

    async def wait(self, number: int) -> None:
        async def there() -> bool:
            return len(self.bodies) >= number

        await until(there)


@pytest.fixture
async def taken() -> AsyncIterator[Taken]:
    port = free_port()
    taking = Taken(f"http://127.0.0.1:{port}/back")
    app = web.Application()
    app.router.add_post("/back", taking.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield taking
    await runner.cleanup()


async def access_token(sandbox: Sandbox) -> dict[str, str]:
    form, auth = {"grant_type": "client_credentials"}, aiohttp.BasicAuth("client", "secret")
    async with sandbox.session.post(f"{sandbox.url}/v1/oauth2/token", data=form, auth=auth) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


async def subscribe(sandbox: Sandbox, url: str, *types: str) -> str:
    body = {"url": url, "event_types": [{"name": name} for name in types or ("*",)]}
    address, headers = f"{sandbox.url}/v1/notifications/webhooks", await access_token(sandbox)
    async with sandbox.session.post(address, json=body, headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["id"])


async def verify(sandbox: Sandbox, webhook: str, headers: dict[str, str], body: bytes) -> bool:
    """By the certificate alone, as a receiver does."""
    async with sandbox.session.get(headers["paypal-cert-url"]) as answer:
        key = x509.load_pem_x509_certificate(await answer.read()).public_key()
    assert isinstance(key, RSAPublicKey)
    names = ("paypal-transmission-id", "paypal-transmission-time")
    signed = "|".join([*(headers[name] for name in names), webhook, str(zlib.crc32(body))])
    try:
        signature = base64.b64decode(headers["paypal-transmission-sig"])
        key.verify(signature, signed.encode(), PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


class TestPayPal:
    async def test_signed_for_the_webhook_and_the_body(self, sandbox: Sandbox, taken: Taken) -> None:
        webhook = await subscribe(sandbox, taken.url, "PAYMENT.CAPTURE.COMPLETED")
        _, capture = await PayPal(sandbox).captured()
        await taken.wait(1)
        event = json.loads(taken.bodies[0])
        assert (event["event_type"], event["resource"]["id"]) == ("PAYMENT.CAPTURE.COMPLETED", capture["id"])
        assert await verify(sandbox, webhook, taken.headers[0], taken.bodies[0])
        assert not await verify(sandbox, webhook, taken.headers[0], taken.bodies[0] + b" ")
        assert not await verify(sandbox, "another", taken.headers[0], taken.bodies[0])

    async def test_paypal_itself_says_whether_it_signed(self, sandbox: Sandbox, taken: Taken) -> None:
        webhook = await subscribe(sandbox, taken.url, "PAYMENT.CAPTURE.COMPLETED")
        await PayPal(sandbox).captured()
        await taken.wait(1)
        headers = taken.headers[0]
        names = {"transmission_id": "id", "transmission_time": "time", "transmission_sig": "sig"}
        asked = {name: headers[f"paypal-transmission-{end}"] for name, end in names.items()}
        asked |= {"webhook_id": webhook, "webhook_event": json.loads(taken.bodies[0])}
        url, token = f"{sandbox.url}/v1/notifications/verify-webhook-signature", await access_token(sandbox)
        for changed, status in (({}, "SUCCESS"), ({"webhook_id": "another"}, "FAILURE")):
            async with sandbox.session.post(url, json={**asked, **changed}, headers=token) as answer:
                assert (await answer.json())["verification_status"] == status

    async def test_until_it_is_taken(self, sandbox: Sandbox, taken: Taken) -> None:
        taken.refuse = 2
        await subscribe(sandbox, taken.url, "PAYMENT.CAPTURE.COMPLETED")
        await PayPal(sandbox).captured()
        await taken.wait(3)
        assert len({json.loads(body)["id"] for body in taken.bodies}) == 1

    @pytest.mark.parametrize(("outcome", "end"), [("pending", "COMPLETED"), ("deny", "DENIED")])
    async def test_a_review_ends_later(self, sandbox: Sandbox, taken: Taken, outcome: str, end: str) -> None:
        await subscribe(sandbox, taken.url)
        _, capture = await PayPal(sandbox).captured(outcome=outcome)
        assert capture["status"] == "PENDING"
        await taken.wait(3)
        assert taken.types()[1:] == ["PAYMENT.CAPTURE.PENDING", f"PAYMENT.CAPTURE.{end}"]

    async def test_twice(self, sandbox: Sandbox, taken: Taken) -> None:
        await subscribe(sandbox, taken.url, "PAYMENT.CAPTURE.COMPLETED")
        await put(sandbox, provider="paypal", fault="duplicate", times=1)
        await PayPal(sandbox).captured()
        await taken.wait(2)
        assert taken.bodies[0] == taken.bodies[1]


class TestTwilio:
    async def test_signed_and_in_their_order(self, sandbox: Sandbox, taken: Taken) -> None:
        client = text_client(sandbox)
        client.messages.create(to="+447700900123", from_="+15005550006", body="Hi", status_callback=taken.url)
        await taken.wait(3)
        assert taken.statuses() == ["queued", "sent", "delivered"]
        validator = RequestValidator(TOKEN)
        for body, headers in zip(taken.bodies, taken.headers, strict=True):
            told = dict(parse_qsl(body.decode()))
            assert told["AccountSid"] == ACCOUNT
            assert validator.validate(taken.url, told, headers["x-twilio-signature"])
            assert not validator.validate(taken.url + "?x", told, headers["x-twilio-signature"])

    async def test_newest_first(self, sandbox: Sandbox, taken: Taken) -> None:
        await put(sandbox, provider="twilio", fault="reorder", times=3, seconds=15)
        client = text_client(sandbox)
        client.messages.create(to="+447700900123", from_="+15005550006", body="Hi", status_callback=taken.url)
        await taken.wait(3)
        assert taken.statuses() == ["delivered", "sent", "queued"]

    async def test_not_delivered_says_why(self, sandbox: Sandbox, taken: Taken) -> None:
        client = text_client(sandbox)
        client.messages.create(to="+15005550015", from_="+15005550006", body="Hi", status_callback=taken.url)
        await taken.wait(3)
        last = dict(parse_qsl(taken.bodies[-1].decode()))
        assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30005")
