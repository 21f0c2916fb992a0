"""Confirming a payment intent: granted, declined, or handed to the cardholder to authenticate."""

from urllib.parse import urlsplit

from dev.sandbox.stripe import charges, forms, payment_methods
from dev.sandbox.stripe.book import Answer, Book, Call
from dev.sandbox.stripe.cards import AUTHENTICATION_REQUIRED, Decline, TestCard
from dev.sandbox.stripe.refusals import Json, Refusal, invalid_param

CONFIRM_PARAMS = forms.names(
    "allowed_payment_method_types amount_details amount_to_confirm capture_method"
    " confirmation_token error_on_requires_action excluded_payment_method_types expand hooks mandate"
    " mandate_data off_session payment_details payment_method payment_method_data"
    " payment_method_options payment_method_types radar_options receipt_email return_url"
    " setup_future_usage shipping use_stripe_sdk"
)
AUTHENTICATION_FAILED = Decline(
    "payment_intent_authentication_failure",
    None,
    "The provided payment method has failed authentication. You can provide payment_method_data or a new"
    " PaymentMethod to attempt to fulfill this PaymentIntent again.",
)
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def confirm(book: Book, call: Call) -> Answer:
    """POST /v1/payment_intents/{id}/confirm"""
    params = call.params
    forms.refuse_unknown(params, CONFIRM_PARAMS)
    intent = book.get("payment_intent", call.id)
    if intent["status"] not in CONFIRMABLE:
        raise Refusal(
            f"This PaymentIntent could not be confirmed because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": intent},
        )
    method = payment_methods.chosen(book, params)
    if method is not None:
        intent["payment_method"] = method["id"]
    intent["capture_method"] = forms.choice(
        params, "capture_method", ("automatic", "automatic_async", "manual"), intent["capture_method"]
    )
    return confirm_with(book, intent, params)


def confirm_with(book: Book, intent: Json, params: Json) -> Answer:
    """Confirm an intent whose payment method is set, as `params` ask."""
    if intent["payment_method"] is None:
        raise Refusal(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": intent},
        )
    method = book.get("payment_method", intent["payment_method"], param="payment_method")
    card = payment_methods.card_of(book, method)
    if not card.authenticate:
        return _charge(book, intent, method, card)
    # off_session may also carry a reason such as `recurring`: anything but false means nobody is there.
    absent = params.get("off_session") not in (None, "", "false")
    if absent or forms.boolean(params, "error_on_requires_action"):
        return _decline(book, intent, method, card, AUTHENTICATION_REQUIRED)
    return _hand_over(book, intent, _return_url(params))


def authenticate(book: Book, intent_id: str, *, completed: bool) -> Json:
    """What the cardholder did on the sandbox's page; raises Refusal where nothing waits for it."""
    intent = book.get("payment_intent", intent_id)
    if intent["status"] != "requires_action":
        raise Refusal(f"This payment is not waiting for authentication: {intent['status']}.")
    method = book.get("payment_method", intent["payment_method"])
    card = payment_methods.card_of(book, method)
    if completed:
        _charge(book, intent, method, card)
    else:
        _decline(book, intent, method, card, AUTHENTICATION_FAILED)
    return intent


def _charge(book: Book, intent: Json, method: Json, card: TestCard) -> Answer:
    if card.decline is not None:
        return _decline(book, intent, method, card, card.decline)
    charge = charges.approve(book, intent, method, card)
    by_hand = intent["capture_method"] == "manual"
    intent |= {
        "amount_capturable": intent["amount"] if by_hand else 0,
        "amount_received": 0 if by_hand else intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "status": "requires_capture" if by_hand else "succeeded",
    }
    event = "payment_intent.amount_capturable_updated" if by_hand else "payment_intent.succeeded"
    book.announce(event, book.save(intent))
    return Answer(intent)


def _decline(book: Book, intent: Json, method: Json, card: TestCard, decline: Decline) -> Answer:
    error: Json = {
        "type": "invalid_request_error" if decline is AUTHENTICATION_FAILED else "card_error",
        "code": decline.code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": method,
    }
    if decline.decline_code is not None:
        error["decline_code"] = decline.decline_code
    if decline is not AUTHENTICATION_FAILED:
        error["charge"] = charges.refuse(book, intent, method, card, decline)["id"]
    intent |= {
        "last_payment_error": error,
        "latest_charge": error.get("charge"),
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    book.announce("payment_intent.payment_failed", book.save(intent))
    return Answer({"error": {**error, "payment_intent": intent}}, status=402)


def _hand_over(book: Book, intent: Json, return_url: str | None) -> Answer:
    page = f"{book.public_url}/_sandbox/authenticate/{intent['id']}"
    intent |= {
        "next_action": {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": page, "return_url": return_url},
        },
        "status": "requires_action",
    }
    book.announce("payment_intent.requires_action", book.save(intent))
    return Answer(intent)


def _return_url(params: Json) -> str | None:
    url = forms.text(params, "return_url")
    if url is not None and urlsplit(url).scheme not in ("http", "https"):
        raise invalid_param("return_url", "Not a valid URL", code="url_invalid")
    return url
