"""The outside of payments: the card provider behind a port, and what sales and company are asked."""

import re
from datetime import datetime
from typing import Annotated, Any, Protocol, Self

import aiohttp
import stripe
from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import from_json

from common.clients import ServiceClients
from common.errors import BadRequest, NotFound
from common.logging import get_logger
from common.money import LARGEST_AMOUNT
from services.payment.domain import Outcome, Payment, Refund

log = get_logger(__name__)

CALL_SECONDS = 8
CONNECTIONS = 64
SIGNATURE_WINDOW_SECONDS = 300
_SIGNED_AT = re.compile(r"(?:^|,)\s*t=(\d{1,12})(?:,|$)")
SEARCH_MARGIN_SECONDS = 300
SEARCH_LIMIT = 20_000

_BROKEN = (aiohttp.ClientError, TimeoutError)  # the answer broke off while its body was read


class ProviderUnreachable(Exception):
    """No verdict: the call may or may not have taken effect. Repeat it with the same key."""


class Provider(Protocol):
    """What a provider of money over the wire can do. Every call is safe to repeat: it carries our id as key."""

    async def charge(self, payment: Payment, instrument: str) -> Outcome:
        """Take the payment's amount. Raises ProviderUnreachable."""
        ...

    async def find(self, payment: Payment) -> Outcome | None:
        """What became of this payment, without starting anything; None when the provider never heard of it."""
        ...

    async def release(self, payment: Payment) -> Outcome:
        """Let go of a payment that waits for the buyer; the outcome says if it had succeeded meanwhile."""
        ...

    async def refund(self, payment: Payment, refund: Refund) -> Outcome:
        """Send money back, or learn what became of a refund that was sent. Raises ProviderUnreachable."""
        ...


class StripeProvider:
    """Stripe through its own SDK; also runs against the sandbox, which speaks the same protocol."""

    def __init__(self, api_key: str, api_base: str | None, return_url: str) -> None:
        self._return_url = return_url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)
        )
        self._stripe = stripe.StripeClient(
            api_key,
            http_client=stripe.AIOHTTPClient(session=self._session, timeout=CALL_SECONDS),
            base_addresses={"api": api_base} if api_base else {},
            max_network_retries=0,
        )

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()

    async def charge(self, payment: Payment, instrument: str) -> Outcome:
        params: Any = {
            "amount": payment.amount.amount,
            "currency": payment.amount.currency.lower(),
            "payment_method": instrument,
            "payment_method_types": ["card"],
            "confirm": True,
            "return_url": self._return_url,
            "metadata": {
                "paymentId": payment.id,
                "companyId": payment.company_id or "",
                "orderId": payment.order_id,
            },
        }
        try:
            intent = await self._stripe.v1.payment_intents.create_async(params, {"idempotency_key": payment.id})
        except stripe.StripeError as error:
            return _refused(error)
        except _BROKEN as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return outcome_of(intent)

    async def find(self, payment: Payment) -> Outcome | None:
        try:
            intent = await self._search(payment)
        except (stripe.StripeError, *_BROKEN) as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return outcome_of(intent) if intent is not None else None

    async def _search(self, payment: Payment) -> stripe.PaymentIntent | None:
        if payment.reference is not None:
            return await self._stripe.v1.payment_intents.retrieve_async(payment.reference)
        earliest = int(payment.created_at.timestamp()) - SEARCH_MARGIN_SECONDS
        page = await self._stripe.v1.payment_intents.list_async({"created": {"gte": earliest}, "limit": 100})
        looked = 0
        async for intent in page.auto_paging_iter():
            looked += 1
            if named_in(intent.metadata).get("paymentId") == payment.id:
                return intent
            if looked >= SEARCH_LIMIT:
                raise ProviderUnreachable("too many payments to search at once")
        return None

    async def release(self, payment: Payment) -> Outcome:
        if payment.reference is None:
            return Outcome(kind="canceled")
        try:
            intent = await self._stripe.v1.payment_intents.cancel_async(payment.reference)
        except stripe.InvalidRequestError as error:
            log.info("release_refused", paymentId=payment.id, code=error.code)
            found = await self.find(payment)
            return found or Outcome(kind="canceled")
        except (stripe.StripeError, *_BROKEN) as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return outcome_of(intent)

    async def refund(self, payment: Payment, refund: Refund) -> Outcome:
        params: Any = {
            "payment_intent": payment.reference,
            "amount": refund.amount.amount,
            "metadata": {"refundId": refund.id, "paymentId": payment.id, "companyId": payment.company_id or ""},
        }
        try:
            if refund.reference is not None:
                made = await self._stripe.v1.refunds.retrieve_async(refund.reference)
            else:
                made = await self._stripe.v1.refunds.create_async(params, {"idempotency_key": refund.id})
        except stripe.StripeError as error:
            return _refused(error)
        except _BROKEN as error:
            raise ProviderUnreachable(type(error).__name__) from error
        return refund_outcome_of(made)


def outcome_of(intent: stripe.PaymentIntent) -> Outcome:
    """An intent in our words."""
    match intent.status:
        case "succeeded":
            return Outcome(kind="succeeded", reference=intent.id, captured=intent.amount_received)
        case "requires_action" | "requires_confirmation":
            redirect = getattr(intent.next_action, "redirect_to_url", None) if intent.next_action else None
            return Outcome(kind="requires_action", reference=intent.id, action_url=redirect.url if redirect else None)
        case "requires_payment_method":
            error = intent.last_payment_error
            code = getattr(error, "code", None) or "card_declined"
            return Outcome(
                kind="failed", reference=intent.id, code=code, decline_code=getattr(error, "decline_code", None)
            )
        case "canceled":
            return Outcome(kind="canceled", reference=intent.id)
        case _:
            return Outcome(kind="pending", reference=intent.id)


def refund_outcome_of(refund: stripe.Refund) -> Outcome:
    """A refund in our words."""
    match refund.status:
        case "succeeded":
            return Outcome(kind="succeeded", reference=refund.id, captured=refund.amount)
        case "failed" | "canceled":
            code = getattr(refund, "failure_reason", None) or "refund_failed"
            return Outcome(kind="failed", reference=refund.id, code=code)
        case _:
            return Outcome(kind="pending", reference=refund.id)


def named_in(metadata: Any) -> dict[str, str]:
    """An object's metadata as a plain mapping."""
    return dict(metadata.to_dict()) if metadata else {}


def _refused(error: stripe.StripeError) -> Outcome:
    """A verdict where the provider gave one; anything else leaves the question open."""
    if isinstance(error, stripe.CardError):
        told = error.error
        intent = getattr(told, "payment_intent", None)
        return Outcome(
            kind="failed",
            reference=intent["id"] if intent else None,
            code=error.code or "card_declined",
            decline_code=getattr(told, "decline_code", None),
        )
    if isinstance(error, stripe.InvalidRequestError) and error.http_status in (400, 404):
        log.warning("provider_refused", code=error.code, param=error.param)
        return Outcome(kind="failed", code=error.code or "invalid_request")
    log.warning("provider_unreachable", kind=type(error).__name__, status=error.http_status)
    raise ProviderUnreachable(type(error).__name__) from error


class _Named(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=255)]
    metadata: dict[str, str] | None


class _IntentTold(_Named):
    status: str
    amount_received: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]
    next_action: Any
    last_payment_error: Any


class _RefundTold(_Named):
    status: str | None
    amount: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]


class _DataTold(BaseModel):
    object: dict[str, Any]


class _EventTold(BaseModel):
    """What must stand in an event before anything of it is believed."""

    id: Annotated[str, Field(min_length=1, max_length=255)]
    type: str
    data: _DataTold

    @model_validator(mode="after")
    def _holds_what_it_names(self) -> Self:
        if self.type.startswith("payment_intent."):
            _IntentTold.model_validate(self.data.object)
        elif self.data.object.get("object") == "refund":
            _RefundTold.model_validate(self.data.object)
        return self


def read_stripe_event(body: bytes, signature: str | None, secret: str, now: datetime) -> stripe.Event:
    """The event of a webhook, its signature checked on the raw body, five minutes around ``now``.

    Raises BadRequest ``invalid_signature``, or ``invalid_event`` for what is signed and yet no event.
    """
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, SIGNATURE_WINDOW_SECONDS)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise _bad_signature() from error
    signed_at = _SIGNED_AT.search(signature or "")
    if signed_at is None or int(signed_at[1]) > now.timestamp() + SIGNATURE_WINDOW_SECONDS:
        raise _bad_signature()
    try:
        _EventTold.model_validate_json(body)
    except ValidationError as error:
        raise BadRequest("invalid_event", "This is no event of the provider.") from error
    event: stripe.Event = stripe.Event.construct_from(from_json(body), "unused")
    return event


def _bad_signature() -> BadRequest:
    return BadRequest("invalid_signature", "The signature does not fit the body, or its time is too far from now.")


class SalesDesk:
    """What sales is asked about an order."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def order(self, company_id: str, order_id: str) -> dict[str, Any]:
        """The order as sales tells it. Raises NotFound."""
        found: dict[str, Any] = await self._clients.get("sales", f"/internal/orders/{order_id}", tenant=company_id)
        return found

    async def instrument(self, company_id: str, order_id: str) -> str | None:
        """The payment-method token that the order carried, if sales still has it; it never travels in an event."""
        try:
            told = await self._clients.get("sales", f"/internal/orders/{order_id}/instrument", tenant=company_id)
        except NotFound:
            return None  # sales forgets it when the order ends
        token = told.get("paymentMethodToken")
        return str(token) if token else None


class CompanyDesk:
    """What company is asked."""

    def __init__(self, clients: ServiceClients) -> None:
        self._clients = clients

    async def timezone(self, company_id: str) -> str:
        """The company's time zone, an IANA name."""
        company = await self._clients.get("company", f"/internal/companies/{company_id}", tenant=company_id)
        return str(company["timezone"])
