"""Charges: what an attempt on a card became."""

from dev.sandbox.stripe import forms
from dev.sandbox.stripe.book import LISTING_PARAMS, Answer, Book, Call, new_id
from dev.sandbox.stripe.cards import Decline, TestCard
from dev.sandbox.stripe.payment_methods import card_details
from dev.sandbox.stripe.refusals import Json


def retrieve(book: Book, call: Call) -> Answer:
    """GET /v1/charges/{id}"""
    return Answer(book.get("charge", call.id))


def listing(book: Book, call: Call) -> Answer:
    """GET /v1/charges?payment_intent="""
    forms.refuse_unknown(call.params, (*LISTING_PARAMS, "payment_intent"))
    intent = forms.text(call.params, "payment_intent")
    return Answer(book.page("charge", call.path, call.params, parent=intent))


def approve(book: Book, intent: Json, method: Json, card: TestCard) -> Json:
    """A charge that the issuer granted, captured at once unless the intent is captured by hand."""
    charge = _charge(book, intent, method, card)
    if intent["capture_method"] != "manual":
        charge |= {"captured": True, "amount_captured": intent["amount"]}
    return book.add(charge, parent=intent["id"])


def refuse(book: Book, intent: Json, method: Json, card: TestCard, decline: Decline) -> Json:
    """A charge that the issuer declined."""
    charge = _charge(book, intent, method, card)
    charge |= {
        "failure_code": decline.code,
        "failure_message": decline.message,
        "outcome": {
            "network_status": "declined_by_network",
            "reason": decline.decline_code or decline.code,
            "risk_level": "normal",
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        },
        "paid": False,
        "status": "failed",
    }
    return book.add(charge, parent=intent["id"])


def _charge(book: Book, intent: Json, method: Json, card: TestCard) -> Json:
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "captured": False,
        "created": int(book.now),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": intent["metadata"],
        "outcome": {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": card_details(card), "type": "card"},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "status": "succeeded",
    }
