"""PayPal through its own SDK: orders, payments, refunds, saved wallets, refusals."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from paypalserversdk.configuration import Configuration, Environment, Server
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.exceptions.o_auth_provider_exception import OAuthProviderException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from .conftest import Sandbox

FULL = "return=representation"
RETURN_TO = "https://shop.example/return"


def paypal_client(sandbox: Sandbox, *, client_id: str = "client", secret: str = "secret") -> PaypalServersdkClient:
    """The real client, told where PayPal is."""
    # The SDK knows two addresses, which it reads at each call.
    Configuration.environments[Environment.SANDBOX][Server.DEFAULT] = sandbox.url
    return PaypalServersdkClient(
        client_credentials_auth_credentials=ClientCredentialsAuthCredentials(client_id, secret),
        environment=Environment.SANDBOX,
        max_retries=0,
    )


class PayPal:
    """The SDK's calls off the loop; `answer` is its JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.client = paypal_client(sandbox)

    async def call(self, method: Callable[[dict[str, Any]], Any], **options: Any) -> tuple[int, dict[str, Any]]:
        response = await asyncio.to_thread(method, {"prefer": FULL, **options})
        return response.status_code, json.loads(response.text) if response.text else {}

    async def refused(self, method: Callable[[dict[str, Any]], Any], **options: Any) -> tuple[int, str]:
        with pytest.raises(ErrorException) as refused:
            await self.call(method, **options)
        body = json.loads(refused.value.response.text)
        assert body["debug_id"] and body["message"] and body["links"]
        return refused.value.response_code, body["details"][0]["issue"]

    async def order(self, value: str = "19.99", *, intent: str = "CAPTURE", **changes: Any) -> str:
        unit = {"amount": {"currency_code": "GBP", "value": value}, "custom_id": "p-1", **changes}
        body = {"intent": intent, "purchase_units": [unit], "application_context": {"return_url": RETURN_TO}}
        _, made = await self.call(self.client.orders.create_order, body=body)
        return str(made["id"])

    async def decide(self, order: str, outcome: str = "approve") -> dict[str, Any]:
        url = f"{self.sandbox.url}/_sandbox/paypal/orders/{order}/{outcome}"
        async with self.sandbox.session.post(url) as answer:
            assert answer.status == 200, await answer.text()
            return dict(await answer.json())

    async def captured(self, value: str = "19.99", *, outcome: str = "approve") -> tuple[str, dict[str, Any]]:
        order = await self.order(value)
        await self.decide(order, outcome)
        _, body = await self.call(self.client.orders.capture_order, id=order)
        return order, body["purchase_units"][0]["payments"]["captures"][0]

    async def authorised(self, value: str = "19.99") -> str:
        order = await self.order(value, intent="AUTHORIZE")
        await self.decide(order)
        _, body = await self.call(self.client.orders.authorize_order, id=order)
        return str(body["purchase_units"][0]["payments"]["authorizations"][0]["id"])


def pounds(value: str) -> dict[str, Any]:
    return {"amount": {"currency_code": "GBP", "value": value}}


@pytest.fixture
async def paypal(sandbox: Sandbox) -> AsyncIterator[PayPal]:
    yield PayPal(sandbox)


class TestOrder:
    async def test_is_captured_once_the_buyer_approved(self, paypal: PayPal) -> None:
        order = await paypal.order()
        capture = paypal.client.orders.capture_order
        assert await paypal.refused(capture, id=order) == (422, "ORDER_NOT_APPROVED")
        approved = await paypal.decide(order)
        assert approved["redirect"] == f"{RETURN_TO}?token={order}&PayerID={approved['payerId']}"
        status, body = await paypal.call(capture, id=order)
        (taken,) = body["purchase_units"][0]["payments"]["captures"]
        assert (status, body["status"], taken["status"]) == (201, "COMPLETED", "COMPLETED")
        assert (taken["amount"]["value"], taken["custom_id"]) == ("19.99", "p-1")
        assert await paypal.refused(capture, id=order) == (422, "ORDER_ALREADY_CAPTURED")

    async def test_minimal_answers_name_only_the_essential(self, paypal: PayPal) -> None:
        unit = pounds("1.00")
        body = {"intent": "CAPTURE", "purchase_units": [unit]}
        _, made = await paypal.call(paypal.client.orders.create_order, body=body, prefer="return=minimal")
        assert set(made) == {"id", "status", "links"}

    async def test_the_buyers_page_leads_back_to_the_shop(self, paypal: PayPal) -> None:
        order, session = await paypal.order(), paypal.sandbox.session
        page = f"{paypal.sandbox.url}/checkoutnow?token={order}"
        async with session.get(page) as answer:
            assert "19.99 GBP" in await answer.text()
        async with session.post(page, data={"outcome": "approve"}, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"].startswith(f"{RETURN_TO}?token={order}")) == (303, True)

    async def test_a_declined_instrument_can_be_changed(self, paypal: PayPal) -> None:
        order = await paypal.order()
        await paypal.decide(order, "decline")
        capture = paypal.client.orders.capture_order
        assert await paypal.refused(capture, id=order) == (422, "INSTRUMENT_DECLINED")
        await paypal.decide(order)
        assert (await paypal.call(capture, id=order))[1]["status"] == "COMPLETED"

    async def test_what_its_intent_does_not_allow_is_refused(self, paypal: PayPal) -> None:
        order = await paypal.order(intent="AUTHORIZE")
        await paypal.decide(order)
        issue = await paypal.refused(paypal.client.orders.capture_order, id=order)
        assert issue == (422, "ACTION_DOES_NOT_MATCH_INTENT")

    async def test_an_invoice_is_captured_once(self, paypal: PayPal) -> None:
        capture = paypal.client.orders.capture_order
        first, second = await paypal.order(invoice_id="I-1"), await paypal.order(invoice_id="I-1")
        for order in (first, second):
            await paypal.decide(order)
        await paypal.call(capture, id=first)
        assert await paypal.refused(capture, id=second) == (422, "DUPLICATE_INVOICE_ID")

    @pytest.mark.parametrize(
        ("value", "issue"),
        [("0.00", "CANNOT_BE_ZERO_OR_NEGATIVE"), ("1.001", "DECIMAL_PRECISION"), ("-1", "INVALID_PARAMETER_SYNTAX")],
    )
    async def test_an_amount_that_is_none(self, paypal: PayPal, value: str, issue: str) -> None:
        body = {"intent": "CAPTURE", "purchase_units": [pounds(value)]}
        assert (await paypal.refused(paypal.client.orders.create_order, body=body))[1] == issue

    async def test_is_patched_before_and_not_after_the_payment(self, paypal: PayPal) -> None:
        order = await paypal.order()
        path = "/purchase_units/@reference_id=='default'/amount"
        patch = [{"op": "replace", "path": path, "value": pounds("5.00")["amount"]}]
        assert (await paypal.call(paypal.client.orders.patch_order, id=order, body=patch))[0] == 204
        await paypal.decide(order)
        _, body = await paypal.call(paypal.client.orders.capture_order, id=order)
        assert body["purchase_units"][0]["payments"]["captures"][0]["amount"]["value"] == "5.00"
        refused = await paypal.refused(paypal.client.orders.patch_order, id=order, body=patch)
        assert refused == (422, "ORDER_ALREADY_COMPLETED")

    async def test_a_saved_wallet_pays_at_once(self, paypal: PayPal) -> None:
        wallet = {"attributes": {"vault": {"store_in_vault": "ON_SUCCESS"}, "customer": {"id": "c-1"}}}
        body = {"intent": "CAPTURE", "purchase_units": [pounds("3.00")], "payment_source": {"paypal": wallet}}
        _, order = await paypal.call(paypal.client.orders.create_order, body=body)
        assert [link["rel"] for link in order["links"]][1] == "payer-action"
        await paypal.decide(order["id"])
        _, paid = await paypal.call(paypal.client.orders.capture_order, id=order["id"])
        token = paid["payment_source"]["paypal"]["attributes"]["vault"]["id"]
        body["payment_source"] = {"paypal": {"vault_id": token}}
        assert (await paypal.call(paypal.client.orders.create_order, body=body))[1]["status"] == "COMPLETED"
        listed = await asyncio.to_thread(paypal.client.vault.list_customer_payment_tokens, {"customer_id": "c-1"})
        assert [each["id"] for each in json.loads(listed.text)["payment_tokens"]] == [token]
        await asyncio.to_thread(paypal.client.vault.delete_payment_token, token)
        refused = await paypal.refused(paypal.client.orders.create_order, body=body)
        assert refused == (422, "TOKEN_ID_NOT_FOUND")


class TestAuthorization:
    async def test_is_captured_in_parts_and_never_over(self, paypal: PayPal) -> None:
        held, capture = await paypal.authorised("10.00"), paypal.client.payments.capture_authorized_payment
        _, first = await paypal.call(capture, authorization_id=held, body=pounds("4.00"))
        assert (first["status"], first["final_capture"]) == ("COMPLETED", False)
        over = await paypal.refused(capture, authorization_id=held, body=pounds("6.01"))
        assert over == (422, "MAX_CAPTURE_AMOUNT_EXCEEDED")
        _, rest = await paypal.call(capture, authorization_id=held)
        assert (rest["amount"]["value"], rest["final_capture"]) == ("6.00", True)
        gone = await paypal.refused(capture, authorization_id=held)
        assert gone == (422, "AUTHORIZATION_ALREADY_CAPTURED")

    async def test_a_void_one_is_not_captured(self, paypal: PayPal) -> None:
        held, payments = await paypal.authorised(), paypal.client.payments
        status, body = await paypal.call(payments.void_payment, authorization_id=held)
        assert (status, body["status"]) == (200, "VOIDED")
        refused = await paypal.refused(payments.capture_authorized_payment, authorization_id=held)
        assert refused == (422, "AUTHORIZATION_VOIDED")
        assert await paypal.refused(payments.void_payment, authorization_id=held) == (422, "PREVIOUSLY_VOIDED")

    async def test_is_made_anew_once(self, paypal: PayPal) -> None:
        held, payments = await paypal.authorised(), paypal.client.payments
        _, again = await paypal.call(payments.reauthorize_payment, authorization_id=held)
        refused = await paypal.refused(payments.reauthorize_payment, authorization_id=again["id"])
        assert refused == (422, "REAUTHORIZATION_NOT_SUPPORTED")


class TestRefund:
    async def test_in_parts_and_never_over(self, paypal: PayPal) -> None:
        _, taken = await paypal.captured("10.00")
        refund, payments = paypal.client.payments.refund_captured_payment, paypal.client.payments
        await paypal.call(refund, capture_id=taken["id"], body=pounds("4.00"))
        over = await paypal.refused(refund, capture_id=taken["id"], body=pounds("6.01"))
        assert over == (422, "REFUND_AMOUNT_EXCEEDED")
        _, rest = await paypal.call(refund, capture_id=taken["id"])
        assert rest["seller_payable_breakdown"]["total_refunded_amount"]["value"] == "10.00"
        assert await paypal.refused(refund, capture_id=taken["id"]) == (422, "CAPTURE_FULLY_REFUNDED")
        assert (await paypal.call(payments.get_captured_payment, capture_id=taken["id"]))[1]["status"] == "REFUNDED"
        assert (await paypal.call(payments.get_refund, refund_id=rest["id"]))[1]["amount"]["value"] == "6.00"

    async def test_twenty_at_once_are_never_over(self, paypal: PayPal) -> None:
        _, taken = await paypal.captured("10.00")
        refund = paypal.client.payments.refund_captured_payment

        async def one(number: int) -> int:
            try:
                body = pounds("1.00")
                status, _ = await paypal.call(
                    refund, capture_id=taken["id"], body=body, paypal_request_id=f"r-{number}"
                )
            except ErrorException as refused:
                status = refused.response_code
            return status

        assert sorted(await asyncio.gather(*map(one, range(20)))) == [201] * 10 + [422] * 10

    async def test_another_currency_is_refused(self, paypal: PayPal) -> None:
        _, taken = await paypal.captured()
        body = {"amount": {"currency_code": "EUR", "value": "1.00"}}
        refused = await paypal.refused(
            paypal.client.payments.refund_captured_payment, capture_id=taken["id"], body=body
        )
        assert refused == (422, "REFUND_CAPTURE_CURRENCY_MISMATCH")


class TestRequestId:
    async def test_repeats_the_answer(self, paypal: PayPal) -> None:
        _, taken = await paypal.captured("10.00")
        refund = paypal.client.payments.refund_captured_payment
        asked: dict[str, Any] = {"capture_id": taken["id"], "body": pounds("4.00"), "paypal_request_id": "r-1"}
        status, first = await paypal.call(refund, **asked)
        assert (status, await paypal.call(refund, **asked)) == (201, (200, first))
        other = await paypal.refused(refund, **{**asked, "body": pounds("4.01")})
        assert other == (422, "DUPLICATE_REQUEST_ID")

    async def test_a_refusal_may_be_tried_again(self, paypal: PayPal) -> None:
        order, capture = await paypal.order(), paypal.client.orders.capture_order
        await paypal.refused(capture, id=order, paypal_request_id="c-1")
        await paypal.decide(order)
        assert (await paypal.call(capture, id=order, paypal_request_id="c-1"))[1]["status"] == "COMPLETED"


class TestAccess:
    async def test_the_mocked_answer_has_no_effect(self, paypal: PayPal) -> None:
        order, capture = await paypal.order(), paypal.client.orders.capture_order
        await paypal.decide(order)
        mock = '{"mock_application_codes": "INSTRUMENT_DECLINED"}'
        assert await paypal.refused(capture, id=order, paypal_mock_response=mock) == (422, "INSTRUMENT_DECLINED")
        assert (await paypal.call(capture, id=order))[1]["status"] == "COMPLETED"

    async def test_a_wrong_secret_gets_no_token(self, sandbox: Sandbox, paypal: PayPal) -> None:
        await paypal.order()
        wrong = paypal_client(sandbox, secret="wrong")
        with pytest.raises(OAuthProviderException):
            await asyncio.to_thread(wrong.oauth_2.fetch_token)

    async def test_another_accounts_order_is_not_there(self, sandbox: Sandbox, paypal: PayPal) -> None:
        order = await paypal.order()
        other = paypal_client(sandbox, client_id="other")
        assert await paypal.refused(other.orders.get_order, id=order) == (404, "INVALID_RESOURCE_ID")

    async def test_inspection_shows_it_and_no_secret(self, sandbox: Sandbox, paypal: PayPal) -> None:
        order, taken = await paypal.captured()
        found = await sandbox.get("/_inspect/paypal")
        assert (found["total"], found["items"][0]["id"]) == (1, order)
        assert [(each["kind"], each["id"]) for each in found["items"][0]["payments"]] == [("capture", taken["id"])]
        assert (await sandbox.get("/_inspect/counts"))["paypalCapturedMinor"] == {"GBP": 1999}
        async with sandbox.session.get(sandbox.url) as answer:
            text = await answer.text()
        assert order in text and "secret" not in text and "PRIVATE KEY" not in text
