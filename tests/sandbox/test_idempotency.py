"""Idempotency keys: repeated, mismatched, in flight, and across a killed sandbox."""

import asyncio

import aiohttp
import pytest
import stripe

from .conftest import Sandbox, make_client, pay, until


class TestIdempotencyKey:
    async def test_repeats_the_answer(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        first = await pay(client, "pm_card_visa", key="k-1")
        again = await pay(client, "pm_card_visa", key="k-1")
        assert again.id == first.id
        assert again.last_response is not None and first.last_response is not None
        assert again.last_response.headers["Idempotent-Replayed"] == "true"
        assert again.last_response.headers["Original-Request"] == first.last_response.request_id
        assert "Idempotent-Replayed" not in first.last_response.headers
        made = await sandbox.get("/_sandbox/payments", idempotencyKey="k-1")
        assert (made["total"], len(made["items"][0]["charges"])) == (1, 1)
        assert (await sandbox.get("/_sandbox/counts"))["idempotentReplays"] == 1

    async def test_repeats_a_decline(self, client: stripe.StripeClient) -> None:
        for _ in range(2):
            with pytest.raises(stripe.CardError) as caught:
                await pay(client, "pm_card_visa_chargeDeclined", key="k-2")
        assert caught.value.headers is not None
        assert caught.value.headers["Idempotent-Replayed"] == "true"
        assert len((await client.v1.payment_intents.list_async()).data) == 1

    async def test_other_parameters(self, client: stripe.StripeClient) -> None:
        await pay(client, "pm_card_visa", key="k-3")
        with pytest.raises(stripe.IdempotencyError):
            await pay(client, "pm_card_visa", key="k-3", amount=5)

    async def test_malformed_requests_are_not_remembered(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError):
            await pay(client, "pm_unknown", key="k-4")
        assert (await pay(client, "pm_card_visa", key="k-4")).status == "succeeded"

    async def test_another_account_has_keys_of_its_own(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        first = await pay(client, "pm_card_visa", key="k-5")
        async with aiohttp.ClientSession() as session:
            second = await pay(make_client(sandbox, session, key="sk_test_other"), "pm_card_visa", key="k-5")
        assert first.id != second.id

    async def test_in_flight(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        await sandbox.faults(delayMs=1500)
        slow = asyncio.create_task(pay(client, "pm_card_visa", key="k-6"))

        async def charged() -> bool:
            counts = await sandbox.get("/_sandbox/counts")
            return bool(counts["paymentIntents"]["total"])

        await until(charged)
        with pytest.raises(stripe.APIError) as caught:
            await pay(client, "pm_card_visa", key="k-6")
        assert caught.value.http_status == 409
        await sandbox.clear_faults()
        first = await slow
        assert (await pay(client, "pm_card_visa", key="k-6")).id == first.id

    async def test_survives_a_kill(self, sandbox: Sandbox) -> None:
        async with aiohttp.ClientSession() as session:
            first = await pay(make_client(sandbox, session), "pm_card_visa", key="k-7")
        sandbox.kill()
        await sandbox.start()
        async with aiohttp.ClientSession() as session:
            again = await pay(make_client(sandbox, session), "pm_card_visa", key="k-7")
        assert again.id == first.id
        assert (await sandbox.get("/_sandbox/counts"))["capturedMinor"] == {"gbp": 1999}

    async def test_card_numbers_are_not_kept(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        number = "4242424242424242"
        method = await client.v1.payment_methods.create_async(
            {
                "type": "card",
                "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"},
            }
        )
        assert method.card is not None and method.card.last4 == "4242"
        assert (await pay(client, method.id)).status == "succeeded"
        folder = sandbox.environ["MARKETHALL_SANDBOX_DB"]
        for suffix in ("", "-wal"):
            with open(folder + suffix, "rb") as file:  # noqa: ASYNC230
                assert number.encode() not in file.read()


class TestFaults:
    async def test_a_dropped_answer_has_taken_effect(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        await sandbox.faults(dropAnswers=1)
        with pytest.raises(stripe.APIConnectionError):
            await pay(client, "pm_card_visa", key="k-8")
        counts = await sandbox.get("/_sandbox/counts")
        assert counts["capturedMinor"] == {"gbp": 1999}
        assert (await pay(client, "pm_card_visa", key="k-8")).status == "succeeded"
        assert (await sandbox.get("/_sandbox/counts"))["paymentIntents"]["total"] == 1

    async def test_the_sdk_retries_by_itself(self, sandbox: Sandbox) -> None:
        await sandbox.faults(dropAnswers=1, serverErrors=1)
        async with aiohttp.ClientSession() as session:
            intent = await pay(make_client(sandbox, session, retries=3), "pm_card_visa")
        assert intent.status == "succeeded"
        assert (await sandbox.get("/_sandbox/counts"))["paymentIntents"]["total"] == 1
        faults = await sandbox.get("/_sandbox/faults")
        assert (faults["dropAnswers"], faults["serverErrors"]) == (0, 0)

    async def test_unknown_faults_are_refused(self, sandbox: Sandbox) -> None:
        for asked in ({"dropAll": 1}, {"delayMs": -1}, {"holdWebhooks": 2}, [1]):
            async with sandbox.session.post(f"{sandbox.url}/_sandbox/faults", json=asked) as answer:
                assert answer.status == 400
