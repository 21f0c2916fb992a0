"""Stripe's callbacks: the signature on the raw body, the window of time, and what may be believed of them."""

import re
from datetime import datetime
from typing import Annotated, Any, Self

import stripe
from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import from_json

from common.errors import BadRequest
from common.money import LARGEST_AMOUNT
from services.payment.clients.provider import SIGNATURE_WINDOW_SECONDS
from services.payment.clients.stripe_outcomes import named_in, outcome_of, refund_outcome_of
from services.payment.domain import Outcome, ProviderEvent

_SIGNED_AT = re.compile(r"(?:^|,)\s*t=(\d{1,12})(?:,|$)")
REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
INTENT_EVENTS = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.requires_action",
    "payment_intent.amount_capturable_updated",
)


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
    type: Annotated[str, Field(max_length=255)]
    data: _DataTold

    @model_validator(mode="after")
    def _holds_what_it_names(self) -> Self:
        if self.type.startswith("payment_intent."):
            _IntentTold.model_validate(self.data.object)
        elif self.type in REFUND_EVENTS or self.data.object.get("object") == "refund":
            _RefundTold.model_validate(self.data.object)
        return self


def read_stripe_event(body: bytes, signature: str | None, secret: str, now: datetime) -> ProviderEvent:
    """The event of a callback. Raises as :meth:`Provider.read_event`."""
    _check_signature(body, signature, secret, now)
    try:
        _EventTold.model_validate_json(body)
        event: stripe.Event = stripe.Event.construct_from(from_json(body), "unused")
        return _in_our_words(event)
    except (ValidationError, AttributeError, TypeError, ValueError) as error:
        raise BadRequest("invalid_event", "This is no event of the provider.") from error


def _check_signature(body: bytes, signature: str | None, secret: str, now: datetime) -> None:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, SIGNATURE_WINDOW_SECONDS)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise bad_signature() from error
    signed_at = _SIGNED_AT.search(signature or "")
    if signed_at is None or int(signed_at[1]) > now.timestamp() + SIGNATURE_WINDOW_SECONDS:
        raise bad_signature()


def bad_signature() -> BadRequest:
    """The one answer to whatever was not signed as it should be."""
    return BadRequest("invalid_signature", "The signature does not fit the body, or its time is too far from now.")


def _in_our_words(event: stripe.Event) -> ProviderEvent:
    told: Any = event.data.object
    if event.type in INTENT_EVENTS:
        # Events come in any order: only captured money is believed as it stands, the rest is asked for.
        return _about(event, "payment", outcome_of(told) if told.status == "succeeded" else None)
    if event.type in REFUND_EVENTS:
        return _about(event, "refund", refund_outcome_of(told))
    return ProviderEvent(id=event.id, type=event.type)


def _about(event: stripe.Event, subject: str, outcome: Outcome | None) -> ProviderEvent:
    told: Any = event.data.object
    named = named_in(told.metadata)
    if not named.get("companyId") or not named.get("paymentId"):
        return ProviderEvent(id=event.id, type=event.type)
    return ProviderEvent.model_validate(
        {
            "id": event.id,
            "type": event.type,
            "subject": subject,
            "company_id": named["companyId"],
            "payment_id": named["paymentId"],
            "refund_id": named.get("refundId"),
            "outcome": outcome,
        }
    )
