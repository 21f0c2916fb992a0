"""What PayPal says, in our words."""

from datetime import UTC, datetime
from typing import Any

from services.payment.clients.paypal_amounts import to_minor
from services.payment.domain import Outcome

TAKEN = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")
APPROVAL_LINKS = ("payer-action", "approve")


def outcome_of_order(order: dict[str, Any]) -> Outcome:
    """An order with what was captured or authorised of it."""
    reference = str(order["id"])
    units: list[dict[str, Any]] = order.get("purchase_units") or [{}]
    payments: dict[str, Any] = units[0].get("payments") or {}
    captures: list[dict[str, Any]] = payments.get("captures") or []
    holds: list[dict[str, Any]] = payments.get("authorizations") or []
    if captures:
        best = next((capture for capture in captures if capture["status"] in TAKEN), captures[-1])
        return outcome_of_capture(best, reference)
    if holds:
        return outcome_of_hold(holds[-1], reference)
    match order.get("status"):
        case "APPROVED":
            return Outcome(kind="approved", reference=reference)
        case "VOIDED":
            return Outcome(kind="canceled", reference=reference)
        case "CREATED" | "SAVED" | "PAYER_ACTION_REQUIRED":
            return Outcome(kind="requires_action", reference=reference, action_url=_approval(order))
        case _:
            return Outcome(kind="pending", reference=reference)


def outcome_of_capture(capture: dict[str, Any], reference: str | None) -> Outcome:
    """Money that was taken, or was not."""
    names = {"reference": reference, "charge_reference": str(capture["id"])}
    match capture["status"]:
        case "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED":
            return Outcome(kind="succeeded", captured=to_minor(capture["amount"]), fee=_fee(capture), **names)
        case "DECLINED" | "DENIED" | "FAILED":
            return Outcome(kind="failed", code=f"capture_{str(capture['status']).lower()}", **names)
        case _:
            return Outcome(kind="pending", **names)


def outcome_of_hold(hold: dict[str, Any], reference: str | None) -> Outcome:
    """An authorisation."""
    names = {"reference": reference, "charge_reference": str(hold["id"])}
    match hold["status"]:
        case "CREATED":
            until = hold.get("expiration_time")
            expires = datetime.fromisoformat(until).astimezone(UTC) if until else None
            return Outcome(kind="authorized", authorized=to_minor(hold["amount"]), expires_at=expires, **names)
        case "VOIDED" | "EXPIRED":
            return Outcome(kind="canceled", **names)
        case "DENIED":
            return Outcome(kind="failed", code="authorization_denied", **names)
        case _:
            return Outcome(kind="pending", **names)


def outcome_of_refund(refund: dict[str, Any]) -> Outcome:
    """Money on its way back."""
    reference = str(refund["id"])
    match refund["status"]:
        case "COMPLETED":
            amount = refund.get("amount")
            return Outcome(kind="succeeded", reference=reference, captured=to_minor(amount) if amount else 0)
        case "FAILED" | "CANCELLED":
            return Outcome(kind="failed", reference=reference, code=f"refund_{str(refund['status']).lower()}")
        case _:
            return Outcome(kind="pending", reference=reference)


def _approval(order: dict[str, Any]) -> str | None:
    links = {link.get("rel"): link.get("href") for link in order.get("links") or []}
    return next((str(links[rel]) for rel in APPROVAL_LINKS if links.get(rel)), None)


def _fee(capture: dict[str, Any]) -> int:
    kept = (capture.get("seller_receivable_breakdown") or {}).get("paypal_fee")
    return to_minor(kept) if kept else 0
