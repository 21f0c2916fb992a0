"""PayPal's error envelope: https://developer.paypal.com/api/rest/responses/#link-errormessages."""

import secrets
from typing import Any

Json = dict[str, Any]

_MESSAGES = {
    "INVALID_REQUEST": "Request is not well-formed, syntactically incorrect, or violates schema.",
    "RESOURCE_NOT_FOUND": "The specified resource does not exist.",
    "RESOURCE_CONFLICT": "The server has detected a conflict while processing this request.",
    "UNPROCESSABLE_ENTITY": (
        "The requested action could not be performed, semantically incorrect, or failed business validation."
    ),
    "INTERNAL_SERVER_ERROR": "An internal server error has occurred.",
    "RATE_LIMIT_REACHED": "Too many requests. Blocked due to rate limiting.",
    "SERVICE_UNAVAILABLE": "Service Unavailable.",
}
_DESCRIPTIONS = {
    "ACTION_DOES_NOT_MATCH_INTENT": "Order was created with an intent that does not match this action.",
    "AUTHORIZATION_ALREADY_CAPTURED": "Authorization has already been captured.",
    "AUTHORIZATION_EXPIRED": "An expired authorization cannot be captured.",
    "AUTHORIZATION_VOIDED": "A voided authorization cannot be captured or reauthorized.",
    "CAPTURE_FULLY_REFUNDED": "The capture has already been fully refunded.",
    "CURRENCY_MISMATCH": "The currency differs from the currency of what it refers to.",
    "DECIMAL_PRECISION": "The value has more decimals than its currency.",
    "DUPLICATE_INVOICE_ID": "Requested invoice number has been previously captured.",
    "DUPLICATE_REQUEST_ID": "The value of PayPal-Request-Id header has already been used for another request.",
    "INSTRUMENT_DECLINED": (
        "The instrument presented was either declined by the processor or bank, or it can't be used for this payment."
    ),
    "INVALID_PARAMETER_SYNTAX": "The value of a field does not conform to the expected format.",
    "INVALID_PARAMETER_VALUE": "The value of a field is invalid.",
    "INVALID_RESOURCE_ID": "Specified resource ID does not exist. Please check the resource ID and try again.",
    "INVALID_STRING_LENGTH": "The value of a field is either too short or too long.",
    "INVALID_WEBHOOK_URL": "Not a valid webhook URL.",
    "MALFORMED_REQUEST_JSON": "The request JSON is not well formed.",
    "MAX_CAPTURE_AMOUNT_EXCEEDED": "Capture amount exceeds allowable limit.",
    "MISSING_REQUIRED_PARAMETER": "A required field is missing.",
    "ORDER_ALREADY_AUTHORIZED": "Order already authorized.",
    "ORDER_ALREADY_CAPTURED": "Order already captured.",
    "ORDER_ALREADY_COMPLETED": "The order cannot be patched after it is completed.",
    "ORDER_NOT_APPROVED": "Payer has not yet approved the Order for payment.",
    "PAYER_ACTION_REQUIRED": "Payer needs to perform the action on the checkout page before the payment.",
    "PERMISSION_DENIED": "You do not have permission to access or perform operations on this resource.",
    "PREVIOUSLY_CAPTURED": "Authorization has been previously captured and hence cannot be voided.",
    "PREVIOUSLY_VOIDED": "Authorization has been previously voided and hence cannot be voided again.",
    "REAUTHORIZATION_NOT_SUPPORTED": "A reauthorized authorization cannot be reauthorized again.",
    "REFUND_AMOUNT_EXCEEDED": (
        "The refund amount must be less than or equal to the capture amount that has not yet been refunded."
    ),
    "REFUND_CAPTURE_CURRENCY_MISMATCH": "Refund must be in the same currency as the capture.",
    "REFUND_NOT_ALLOWED": "A capture that is not completed cannot be refunded.",
    "TOKEN_ID_NOT_FOUND": "Specified payment token does not exist.",
}
_STATUSES = {
    "INVALID_REQUEST": 400,
    "RESOURCE_NOT_FOUND": 404,
    "RESOURCE_CONFLICT": 409,
    "UNPROCESSABLE_ENTITY": 422,
    "RATE_LIMIT_REACHED": 429,
    "INTERNAL_SERVER_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}
_NAMES_BY_STATUS = {status: name for name, status in _STATUSES.items()}


class Refusal(Exception):
    """A request that is answered with an error and leaves nothing changed."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(body.get("message", body.get("error", "")))
        self.status = status
        self.body = body


def refusal(
    name: str, issue: str | None = None, *, field: str | None = None, links: list[Json] | None = None
) -> Refusal:
    """An error of PayPal's by its name, and the issue that is its one detail."""
    body: Json = {"name": name, "message": _MESSAGES[name], "debug_id": new_debug_id()}
    if issue is not None:
        detail = {"issue": issue, "description": _DESCRIPTIONS.get(issue, issue.replace("_", " ").capitalize() + ".")}
        body["details"] = [{**({"field": field, "location": "body"} if field else {}), **detail}]
    information = f"https://developer.paypal.com/api/rest/reference/orders/v2/errors/#{issue or name}"
    body["links"] = [*(links or []), {"href": information, "rel": "information_link", "method": "GET"}]
    return Refusal(_STATUSES[name], body)


def unprocessable(issue: str, *, field: str | None = None, links: list[Json] | None = None) -> Refusal:
    """422: well-formed, and yet it cannot be done."""
    return refusal("UNPROCESSABLE_ENTITY", issue, field=field, links=links)


def invalid(issue: str, field: str | None = None) -> Refusal:
    """400: not what the schema asks for."""
    return refusal("INVALID_REQUEST", issue, field=field)


def missing() -> Refusal:
    """404: no such object in this account."""
    return refusal("RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")


def unauthorised(error: str, description: str) -> Refusal:
    """401 in the shape of OAuth 2."""
    return Refusal(401, {"error": error, "error_description": description})


def by_status(status: int) -> Refusal:
    """The error that PayPal would give with this status."""
    name = _NAMES_BY_STATUS.get(status)
    if name is not None:
        return refusal(name)
    body = {"name": "ERROR", "message": "Forced by a fault.", "debug_id": new_debug_id()}
    return Refusal(status, body)


def mocked(issue: str) -> Refusal:
    """What `PayPal-Mock-Response` asks for: an error's name, or an issue of a 422."""
    return refusal(issue) if issue in _STATUSES else unprocessable(issue)


def new_debug_id() -> str:
    """Thirteen hexadecimal digits, as PayPal's support asks for them."""
    return secrets.token_hex(7)[:13]
