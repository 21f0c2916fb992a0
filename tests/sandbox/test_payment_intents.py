"""Payment intents through the real SDK. One sandbox serves them all: each test has an account of its own."""

import os
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
import stripe

from .conftest import Sandbox, free_port, launch, make_client, pay


class Launched(NamedTuple):
    """A sandbox's process, apart from any one test's event loop."""

    http_port: int
    smtp_port: int
    environ: dict[str, str]
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    folder: Path = tmp_path_factory.mktemp("sandbox")
    environ = {**os.environ, "MARKETHALL_SANDBOX_DB": str(folder / "sandbox.sqlite3")}
    http_port, smtp_port = free_port(), free_port()
    process = launch(http_port, smtp_port, environ)
    yield Launched(http_port, smtp_port, environ, process)
    process.kill()
    process.wait()


@pytest.fixture
async def sandbox(launched: Launched) -> AsyncIterator[Sandbox]:
    async with aiohttp.ClientSession() as session:
        running = Sandbox(launched.http_port, launched.smtp_port, launched.environ, session, launched.process)
        await running.ready()
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> stripe.StripeClient:
    return make_client(sandbox, sandbox.session, key=f"sk_test_{uuid.uuid4().hex}")


class TestPay:
    async def test_succeeds(self, client: stripe.StripeClient) -> None:
        intent = await pay(client, "pm_card_visa")
        assert (intent.status, intent.amount_received, intent.currency) == ("succeeded", 1999, "gbp")
        assert intent.metadata["paymentId"] == "p-1"
        charge = await client.v1.charges.retrieve_async(str(intent.latest_charge))
        assert charge.captured and charge.amount_captured == 1999
        assert charge.payment_method_details is not None
        assert charge.payment_method_details.card is not None
        assert charge.payment_method_details.card.last4 == "4242"
        again = await client.v1.payment_intents.retrieve_async(intent.id)
        assert again.status == "succeeded"

    async def test_in_two_steps(self, client: stripe.StripeClient) -> None:
        intent = await client.v1.payment_intents.create_async({"amount": 500, "currency": "eur"})
        assert intent.status == "requires_payment_method"
        confirmed = await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_mastercard"})
        assert confirmed.status == "succeeded"

    @pytest.mark.parametrize(
        ("card", "code", "decline_code"),
        [
            ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
            ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
            ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
            ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
            ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ],
    )
    async def test_declined(self, client: stripe.StripeClient, card: str, code: str, decline_code: str) -> None:
        with pytest.raises(stripe.CardError) as caught:
            await pay(client, card)
        error = caught.value.error
        assert caught.value.http_status == 402 and caught.value.request_id is not None
        assert error is not None and (error.code, error.decline_code) == (code, decline_code)
        assert error.payment_intent is not None
        intent = await client.v1.payment_intents.retrieve_async(error.payment_intent.id)
        assert intent.status == "requires_payment_method" and intent.amount_received == 0
        paid = await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": "pm_card_visa"})
        assert paid.status == "succeeded"
        charges = await client.v1.charges.list_async({"payment_intent": intent.id})
        assert [charge.status for charge in charges.data] == ["succeeded", "failed"]

    async def test_captured_in_part_by_hand(self, client: stripe.StripeClient) -> None:
        held = await pay(client, "pm_card_visa", capture_method="manual")
        assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 1999, 0)
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await client.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 2000})
        assert caught.value.code == "amount_too_large"
        taken = await client.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 1500})
        assert (taken.status, taken.amount_received, taken.amount_capturable) == ("succeeded", 1500, 0)
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await client.v1.payment_intents.capture_async(held.id)
        assert refused.value.code == "payment_intent_unexpected_state"

    async def test_cancelled(self, client: stripe.StripeClient) -> None:
        held = await pay(client, "pm_card_visa", capture_method="manual")
        gone = await client.v1.payment_intents.cancel_async(held.id, {"cancellation_reason": "requested_by_customer"})
        assert (gone.status, gone.amount_capturable) == ("canceled", 0)
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await client.v1.payment_intents.confirm_async(held.id, {"payment_method": "pm_card_visa"})
        assert caught.value.code == "payment_intent_unexpected_state"


class TestRefuse:
    @pytest.mark.parametrize(
        ("changes", "code", "param"),
        [
            ({"payment_method": "pm_unknown"}, "resource_missing", "payment_method"),
            ({"amount": 0}, "parameter_invalid_integer", "amount"),
            ({"amount": 100_000_000}, "amount_too_large", "amount"),
            ({"currency": ""}, "parameter_missing", "currency"),
            ({"amout": 5}, "parameter_unknown", "amout"),
            ({"customer": "cus_unknown"}, "resource_missing", "customer"),
        ],
    )
    async def test_bad_parameters(
        self, client: stripe.StripeClient, changes: dict[str, Any], code: str, param: str
    ) -> None:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await pay(client, **{"card": "pm_card_visa", **changes})
        assert (caught.value.code, caught.value.param) == (code, param)
        assert (await client.v1.payment_intents.list_async()).data == []

    async def test_unknown_intent(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await client.v1.payment_intents.retrieve_async("pi_unknown")
        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")

    @pytest.mark.parametrize("key", ["sk_live_abc", "nonsense", "sk_test_"])
    async def test_a_key_that_is_no_test_key(self, sandbox: Sandbox, key: str) -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(stripe.AuthenticationError):
                await pay(make_client(sandbox, session, key=key), "pm_card_visa")

    async def test_another_accounts_intent(self, sandbox: Sandbox, client: stripe.StripeClient) -> None:
        intent = await pay(client, "pm_card_visa")
        async with aiohttp.ClientSession() as session:
            other = make_client(sandbox, session, key="sk_test_other")
            with pytest.raises(stripe.InvalidRequestError):
                await other.v1.payment_intents.retrieve_async(intent.id)


class TestList:
    async def test_pages_both_ways(self, client: stripe.StripeClient) -> None:
        made = [(await pay(client, "pm_card_visa", amount=100 + n)).id for n in range(5)]
        first = await client.v1.payment_intents.list_async({"limit": 2})
        assert [intent.id for intent in first.data] == made[:2:-1] and first.has_more
        seen = [intent.id async for intent in first.auto_paging_iter()]
        assert seen == made[::-1]
        back = await client.v1.payment_intents.list_async({"limit": 2, "ending_before": made[0]})
        assert [intent.id for intent in back.data] == [made[2], made[1]]


class TestAuthenticate:
    @pytest.mark.parametrize(
        ("card", "outcome", "status"),
        [
            ("pm_card_authenticationRequired", "complete", "succeeded"),
            ("pm_card_threeDSecure2Required", "fail", "requires_payment_method"),
            ("pm_card_threeDSecureRequiredChargeDeclined", "complete", "requires_payment_method"),
        ],
    )
    async def test_on_the_page(
        self, sandbox: Sandbox, client: stripe.StripeClient, card: str, outcome: str, status: str
    ) -> None:
        back = "https://shop.example/back?order=7"
        intent = await client.v1.payment_intents.create_async(
            {
                "amount": 1999,
                "currency": "gbp",
                "payment_method": card,
                "confirm": True,
                "return_url": back,
            }
        )
        assert intent.status == "requires_action"
        assert intent.next_action is not None and intent.next_action.redirect_to_url is not None
        page = str(intent.next_action.redirect_to_url.url)
        async with sandbox.session.get(page) as shown:
            assert "19.99 GBP" in await shown.text()
        async with sandbox.session.post(page, data={"outcome": outcome}, allow_redirects=False) as answer:
            assert answer.status == 303
            assert answer.headers["Location"].startswith(f"{back}&payment_intent={intent.id}")
        after = await client.v1.payment_intents.retrieve_async(intent.id)
        assert after.status == status
        async with sandbox.session.post(page, data={"outcome": "complete"}) as late:
            assert late.status == 409

    async def test_nobody_there(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.CardError) as caught:
            await client.v1.payment_intents.create_async(
                {
                    "amount": 1999,
                    "currency": "gbp",
                    "payment_method": "pm_card_authenticationRequired",
                    "confirm": True,
                    "off_session": True,
                }
            )
        assert caught.value.code == "authentication_required"
