"""PayPal through its own SDK: an order, approved by the buyer, then captured or held."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from paypalserversdk.models.capture_request import CaptureRequest
from paypalserversdk.models.order_authorize_request import OrderAuthorizeRequest
from paypalserversdk.models.order_capture_request import OrderCaptureRequest
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.refund_request import RefundRequest

from common.logging import get_logger
from common.money import Money
from services.payment.clients.paypal_amounts import AmountRefused, to_paypal
from services.payment.clients.paypal_calls import Declined, PayPalCalls
from services.payment.clients.paypal_events import PayPalSignatures, read_paypal_event
from services.payment.clients.paypal_outcomes import (
    outcome_of_capture,
    outcome_of_hold,
    outcome_of_order,
    outcome_of_refund,
)
from services.payment.clients.provider import AccountRefused, MethodRefused, ProviderUnreachable
from services.payment.domain import Kept, Outcome, Payment, ProviderEvent, Refund
from services.payment.domain.stray import Taken

log = get_logger(__name__)

WHOLE = "return=representation"
UNAPPROVED = ("ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED")


class PayPalProvider:
    """One account at PayPal. Without a webhook id it takes no callbacks."""

    def __init__(
        self, client_id: str, client_secret: str, api_base: str | None, return_url: str, webhook_id: str | None
    ) -> None:
        self._call = PayPalCalls(client_id, client_secret, api_base)
        self._client_id = client_id
        self._return_url = return_url
        self._signatures = PayPalSignatures(webhook_id, api_base)

    async def close(self) -> None:
        self._call.close()
        await self._signatures.close()

    async def verify(self) -> str:
        try:
            await self._call(self._call.client.orders.get_order, {"id": "0"})
        except Declined:
            return self._client_id  # it let us in and knows no such order
        return self._client_id

    async def charge(self, payment: Payment, instrument: str | None) -> Outcome:
        try:
            made = await self._make(payment)
        except AmountRefused as error:
            return Outcome(kind="failed", code=str(error))
        except Declined as error:
            return _no(error)
        if made.kind == "requires_action" and instrument is not None:
            return await self._take(payment, made, {"payment_source": {"paypal": {"vault_id": instrument}}})
        return await self._take(payment, made) if made.kind == "approved" else made

    async def _make(self, payment: Payment) -> Outcome:
        """The order, the same one again for the same payment; this alone takes nothing."""
        body: dict[str, Any] = {
            "intent": "AUTHORIZE" if payment.capture_method == "manual" else "CAPTURE",
            "purchase_units": [
                {
                    "amount": to_paypal(payment.amount),
                    "custom_id": f"{payment.company_id}|{payment.id}",
                    "invoice_id": payment.id,
                }
            ],
        }
        if payment.instrument is None:
            experience = {"return_url": self._return_url, "cancel_url": self._return_url, "user_action": "PAY_NOW"}
            body["payment_source"] = {"paypal": {"experience_context": experience}}
        options = {"body": OrderRequest.from_dictionary(body), "paypal_request_id": payment.id, "prefer": WHOLE}
        return outcome_of_order(await self._ask(self._call.client.orders.create_order, options))

    async def find(self, payment: Payment) -> Outcome | None:
        try:
            if payment.reference is None:
                payment.reference = (await self._make(payment)).reference
            told = await self._ask(self._call.client.orders.get_order, {"id": payment.reference})
        except AmountRefused:
            return None
        except Declined as error:
            return None if error.status == 404 else _no(error)
        return outcome_of_order(told)

    async def taken_since(self, moment: datetime) -> list[Taken]:
        return []  # PayPal lists no orders; its reports of transactions come hours later

    async def give_back(self, taken: Taken) -> None:
        raise ProviderUnreachable("PayPal told of nothing to give back")

    async def complete(self, payment: Payment) -> Outcome | None:
        found = await self.find(payment)
        return await self._take(payment, found) if found is not None and found.kind == "approved" else found

    async def _take(self, payment: Payment, found: Outcome, body: dict[str, Any] | None = None) -> Outcome:
        """Capture or hold what the buyer approved, or what ``body`` names as the source."""
        orders = self._call.client.orders
        by_hand = payment.capture_method == "manual"
        operation, verb = (orders.authorize_order, "authorize") if by_hand else (orders.capture_order, "capture")
        options: dict[str, Any] = {"id": found.reference, "paypal_request_id": f"{payment.id}-{verb}", "prefer": WHOLE}
        if body is not None:
            request = OrderAuthorizeRequest if by_hand else OrderCaptureRequest
            options["body"] = request.from_dictionary(body)
        try:
            return outcome_of_order(await self._ask(operation, options))
        except Declined as error:
            if error.issue in UNAPPROVED:
                return Outcome(kind="requires_action", reference=found.reference)
            if error.issue in ("ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_AUTHORIZED"):
                payment.reference = found.reference
                return await self.find(payment) or _no(error)
            return _no(error).model_copy(update={"reference": found.reference})

    async def capture(self, payment: Payment, amount: int) -> Outcome:
        try:
            money = Money.of(amount, payment.amount.currency)
            body = CaptureRequest.from_dictionary({"amount": to_paypal(money), "final_capture": True})
            options = {
                "authorization_id": payment.charge_reference,
                "body": body,
                "paypal_request_id": f"{payment.id}-take-{amount}",
                "prefer": WHOLE,
            }
            told = await self._ask(self._call.client.payments.capture_authorized_payment, options)
        except AmountRefused as error:
            return Outcome(kind="failed", code=str(error))
        except Declined as error:
            found = await self.find(payment)
            still_held = found is None or found.kind == "authorized"
            return _no(error) if still_held or found is None else found
        return outcome_of_capture(told, payment.reference)

    async def release(self, payment: Payment) -> Outcome:
        found = await self.find(payment)
        if found is None or found.kind in ("requires_action", "approved"):
            return Outcome(kind="canceled", reference=payment.reference)  # only we could take it, and never shall
        if found.kind != "authorized":
            return found
        options = {
            "authorization_id": found.charge_reference,
            "paypal_request_id": f"{payment.id}-void",
            "prefer": WHOLE,
        }
        try:
            told = await self._ask(self._call.client.payments.void_payment, options)
        except Declined as error:
            log.info("release_refused", paymentId=payment.id, code=error.issue)
            return await self.find(payment) or Outcome(kind="canceled")
        return outcome_of_hold(told, payment.reference) if told else Outcome(kind="canceled")

    async def refund(self, payment: Payment, refund: Refund) -> Outcome:
        payments = self._call.client.payments
        try:
            if refund.reference is not None:
                return outcome_of_refund(await self._ask(payments.get_refund, {"refund_id": refund.reference}))
            named = f"{payment.company_id}|{payment.id}|{refund.id}"
            body = RefundRequest.from_dictionary({"amount": to_paypal(refund.amount), "custom_id": named})
            options = {
                "capture_id": payment.charge_reference,
                "body": body,
                "paypal_request_id": refund.id,
                "prefer": WHOLE,
            }
            return outcome_of_refund(await self._ask(payments.refund_captured_payment, options))
        except AmountRefused as error:
            return Outcome(kind="failed", code=str(error))
        except Declined as error:
            return _no(error)

    async def keep(self, company_id: str, owner_id: str, payer: str | None, token: str, method_id: str) -> Kept:
        raise MethodRefused("not_supported")  # the buyer saves a wallet at PayPal itself

    async def forget(self, kept: Kept) -> None:
        return None

    async def read_event(self, headers: Mapping[str, str], body: bytes, now: datetime) -> ProviderEvent:
        await self._signatures.check(headers, body, now)
        return read_paypal_event(body)

    async def _ask(self, operation: Any, options: dict[str, Any]) -> dict[str, Any]:
        """As the call, with an answer that cannot be read or keys that stopped working as no verdict."""
        try:
            told = await self._call(operation, options)
        except AccountRefused as error:
            raise ProviderUnreachable("the keys are refused") from error
        return told


def _no(error: Declined) -> Outcome:
    return Outcome(kind="failed", code=error.issue.lower())
