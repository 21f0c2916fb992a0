"""The page for people, reset, and what they keep to themselves."""

import aiohttp
import aiosmtplib
import stripe

from .conftest import Receiver, Sandbox, pay
from .test_smtp import mail


class TestPage:
    async def test_is_escaped_and_self_contained(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        hostile = mail("anna@example.test")
        hostile.replace_header("Subject", "<script>alert(1)</script>")
        await aiosmtplib.send(hostile, hostname="127.0.0.1", port=sandbox.smtp_port)
        intent = await pay(client, "pm_card_visa", key="<img src=x>")
        async with sandbox.session.get(sandbox.url) as answer:
            text = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "<script" not in text and "<img" not in text and "src=" not in text.replace("&lt;img src=x", "")
        assert intent.id in text and "19.99 GBP" in text and "&lt;script&gt;" in text

    async def test_shows_no_secret(self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient) -> None:
        intent = await pay(client, "pm_card_visa")
        secrets = [str(intent.client_secret), sandbox.environ["STRIPE_WEBHOOK_SECRET"], "sk_test_suite"]
        for path in ("/", "/_sandbox/payments", "/_sandbox/webhooks", "/_sandbox/counts"):
            async with sandbox.session.get(f"{sandbox.url}{path}") as answer:
                text = await answer.text()
            assert not [secret for secret in secrets if secret in text]


class TestReset:
    async def test_forgets_all_but_the_fixed_endpoint(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        await pay(client, "pm_card_visa", key="k-1")
        await sandbox.faults(dropAnswers=5)
        async with sandbox.session.post(f"{sandbox.url}/_sandbox/reset") as answer:
            assert answer.status == 204
        counts = await sandbox.get("/_sandbox/counts")
        assert (counts["paymentIntents"]["total"], counts["idempotencyKeys"], counts["events"]) == (0, 0, 0)
        endpoints = (await sandbox.get("/_sandbox/webhooks"))["endpoints"]
        assert [endpoint["id"] for endpoint in endpoints] == ["we_fixed"]
        assert (await pay(client, "pm_card_visa", key="k-1", amount=7)).amount == 7

    async def test_is_refused_to_other_sites(self, sandbox: Sandbox) -> None:
        headers = {"Sec-Fetch-Site": "cross-site"}
        async with aiohttp.ClientSession(headers=headers) as elsewhere:
            for path in ("reset", "faults"):
                async with elsewhere.post(f"{sandbox.url}/_sandbox/{path}") as answer:
                    assert answer.status == 403
