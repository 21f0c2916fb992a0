"""What Stripe says, in our words."""

from datetime import UTC, datetime
from typing import Any

import stripe

from common.logging import get_logger
from services.payment.clients.provider import ProviderUnreachable
from services.payment.domain import Outcome

log = get_logger(__name__)


def outcome_of(intent: stripe.PaymentIntent) -> Outcome:
    """An intent."""
    match intent.status:
        case "succeeded":
            return Outcome(
                kind="succeeded",
                reference=intent.id,
                charge_reference=_id_of(getattr(intent, "latest_charge", None)),
                captured=intent.amount_received,
                fee=_fee_of(getattr(intent, "latest_charge", None)),
            )
        case "requires_capture":
            return Outcome(
                kind="authorized",
                reference=intent.id,
                charge_reference=_id_of(intent.latest_charge),
                authorized=intent.amount_capturable,
                expires_at=_capture_before(intent.latest_charge),
            )
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
    """A refund."""
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


def refused(error: stripe.StripeError) -> Outcome:
    """A verdict where the provider gave one; anything else leaves the question open (ProviderUnreachable)."""
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


def _id_of(charge: Any) -> str | None:
    return charge if charge is None or isinstance(charge, str) else str(charge.id)


def _fee_of(charge: Any) -> int:
    """What Stripe kept, where the charge came with its balance transaction."""
    booked = None if charge is None or isinstance(charge, str) else getattr(charge, "balance_transaction", None)
    fee = 0 if booked is None or isinstance(booked, str) else getattr(booked, "fee", 0)
    return fee if isinstance(fee, int) and fee > 0 else 0


def _capture_before(charge: Any) -> datetime | None:
    if charge is None or isinstance(charge, str):
        return None
    card = getattr(getattr(charge, "payment_method_details", None), "card", None)
    until = getattr(card, "capture_before", None)
    return datetime.fromtimestamp(until, UTC) if isinstance(until, int) else None
