"""Faults by rule: each provider, each kind, counted and cleared."""

import asyncio

import aiohttp
import aiosmtplib
import pytest
import stripe

from .conftest import Receiver, Sandbox, make_client, pay, until
from .test_smtp import mail


async def put(sandbox: Sandbox, **rule: object) -> int:
    async with sandbox.session.post(f"{sandbox.url}/_faults", json=rule) as answer:
        return answer.status


async def clear(sandbox: Sandbox) -> None:
    async with sandbox.session.delete(f"{sandbox.url}/_faults") as answer:
        assert answer.status == 204


async def send(sandbox: Sandbox, message_id: str) -> None:
    letter = mail("anna@example.test")
    letter.replace_header("Message-ID", message_id)
    await aiosmtplib.send(letter, hostname="127.0.0.1", port=sandbox.smtp_port, timeout=5)


class TestAsking:
    @pytest.mark.parametrize(
        "rule",
        [
            {},
            {"provider": "visa", "fault": "delay", "seconds": 1},
            {"provider": "fcm", "fault": "duplicate"},
            {"provider": "paypal", "fault": "delay"},
            {"provider": "paypal", "fault": "status"},
            {"provider": "paypal", "fault": "drop_after", "status": 500},
            {"provider": "paypal", "fault": "status", "status": 200},
            {"provider": "paypal", "fault": "drop_after", "times": 0},
            {"provider": "paypal", "fault": "drop_after", "operation": "webhook.*"},
            {"provider": "twilio", "fault": "duplicate", "operation": "messages.create"},
            {"provider": "stripe", "fault": "drop_after", "often": 2},
        ],
    )
    async def test_what_makes_no_sense_is_refused_and_nothing_put(
        self, sandbox: Sandbox, rule: dict[str, object]
    ) -> None:
        assert await put(sandbox, **rule) == 400
        assert (await sandbox.get("/_faults"))["rules"] == []

    async def test_used_up_rules_stay_listed_until_cleared(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        assert await put(sandbox, provider="stripe", fault="status", status=503, times=1) == 201
        with pytest.raises(stripe.APIError):
            await pay(client, "pm_card_visa")
        assert (await pay(client, "pm_card_visa")).status == "succeeded"
        (rule,) = (await sandbox.get("/_faults"))["rules"]
        assert (rule["times"], rule["used"]) == (0, 1)
        await clear(sandbox)
        assert (await sandbox.get("/_faults"))["rules"] == []

    async def test_only_the_named_operation_meets_it(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        await put(sandbox, provider="stripe", fault="status", status=500, operation="refunds.create")
        intent = await pay(client, "pm_card_visa")
        with pytest.raises(stripe.APIError):
            await client.v1.refunds.create_async({"payment_intent": intent.id})


class TestAnswers:
    async def test_lost_before_the_effect_nothing_happened(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        await put(sandbox, provider="stripe", fault="drop_before", times=1)
        with pytest.raises(stripe.APIConnectionError):
            await pay(client, "pm_card_visa", key="k-1")
        assert (await sandbox.get("/_sandbox/counts"))["paymentIntents"]["total"] == 0

    async def test_lost_after_the_effect_the_retry_finds_it(self, sandbox: Sandbox) -> None:
        await put(sandbox, provider="stripe", fault="drop_after", times=1)
        async with aiohttp.ClientSession() as session:
            intent = await pay(make_client(sandbox, session, retries=2), "pm_card_visa", key="k-1")
        counts = await sandbox.get("/_sandbox/counts")
        assert (counts["paymentIntents"]["total"], counts["idempotentReplays"]) == (1, 1)
        assert intent.status == "succeeded"

    async def test_dead_never_answers_until_the_client_gives_up(self, sandbox: Sandbox) -> None:
        await put(sandbox, provider="paypal", fault="dead_connection", times=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5), sandbox.session.get(f"{sandbox.url}/v2/checkout/orders/X"):
                pass
        async with sandbox.session.get(f"{sandbox.url}/v2/checkout/orders/X") as answer:
            assert answer.status == 401

    async def test_late_is_after_the_effect(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        await put(sandbox, provider="stripe", fault="delay", seconds=60, times=1)
        waiting = asyncio.create_task(pay(client, "pm_card_visa", key="k-1"))

        async def made() -> bool:
            return bool((await sandbox.get("/_sandbox/counts"))["paymentIntents"]["total"])

        await until(made)
        assert not waiting.done()
        waiting.cancel()


class TestMail:
    async def test_a_forced_status_keeps_nothing(self, sandbox: Sandbox) -> None:
        await put(sandbox, provider="smtp", fault="status", status=451, times=1)
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await send(sandbox, "<a@x>")
        assert refused.value.code == 451
        assert (await sandbox.get("/_sandbox/mails"))["total"] == 0

    @pytest.mark.parametrize(("fault", "kept"), [("drop_before", 0), ("drop_after", 1)])
    async def test_a_broken_connection(self, sandbox: Sandbox, fault: str, kept: int) -> None:
        await put(sandbox, provider="smtp", fault=fault, times=1)
        with pytest.raises((aiosmtplib.SMTPException, ConnectionError)):
            await send(sandbox, "<a@x>")
        assert (await sandbox.get("/_sandbox/mails"))["total"] == kept

    async def test_dead_never_answers_until_the_client_gives_up(self, sandbox: Sandbox) -> None:
        await put(sandbox, provider="smtp", fault="dead_connection", times=1)
        letter = mail("anna@example.test")
        with pytest.raises(aiosmtplib.SMTPReadTimeoutError):
            await aiosmtplib.send(letter, hostname="127.0.0.1", port=sandbox.smtp_port, timeout=0.5)
        await send(sandbox, "<b@x>")

    async def test_twice_is_two_mails_of_one_message_id(self, sandbox: Sandbox) -> None:
        await put(sandbox, provider="smtp", fault="duplicate", times=1)
        await send(sandbox, "<a@x>")
        mails = await sandbox.get("/_sandbox/mails")
        assert (mails["total"], mails["distinctMessageIds"]) == (2, 1)


class TestWebhooks:
    async def test_twice(self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient) -> None:
        await put(sandbox, provider="stripe", fault="duplicate", operation="webhook.payment_intent.succeeded", times=1)
        await pay(client, "pm_card_visa")

        async def both() -> bool:
            return receiver.types().count("payment_intent.succeeded") == 2

        await until(both)

    async def test_lost(self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient) -> None:
        await put(sandbox, provider="stripe", fault="drop_before", operation="webhook.*", times=1)
        first = await pay(client, "pm_card_visa")
        second = await pay(client, "pm_card_visa")

        async def told() -> bool:
            return bool(receiver.events)

        await until(told)
        assert [event.data.object["id"] for event in receiver.events] == [second.id]
        (lost,) = (await sandbox.get("/_sandbox/webhooks", subject=first.id))["items"]
        assert (lost["state"], lost["lastError"]) == ("failed", "lost by a fault")

    async def test_newest_first_once_as_many_have_gathered(
        self, sandbox: Sandbox, receiver: Receiver, client: stripe.StripeClient
    ) -> None:
        await put(sandbox, provider="stripe", fault="reorder", times=3, seconds=15)
        made = [(await pay(client, "pm_card_visa")).id for _ in range(3)]

        async def all_told() -> bool:
            return len(receiver.events) == 3

        await until(all_told)
        assert [event.data.object["id"] for event in receiver.events] == made[::-1]
