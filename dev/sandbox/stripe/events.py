"""The events an account has seen, and the account itself."""

from dev.sandbox.stripe import forms
from dev.sandbox.stripe.book import LISTING_PARAMS, Answer, Book, Call


def retrieve(book: Book, call: Call) -> Answer:
    """GET /v1/events/{id}"""
    return Answer(book.get("event", call.id))


def listing(book: Book, call: Call) -> Answer:
    """GET /v1/events?type="""
    forms.refuse_unknown(call.params, (*LISTING_PARAMS, "type"))
    return Answer(book.page("event", call.path, call.params, parent=forms.text(call.params, "type")))


def account(book: Book, call: Call) -> Answer:
    """GET /v1/account"""
    forms.refuse_unknown(call.params, ("expand",))
    return Answer(
        {
            "id": book.account,
            "object": "account",
            "charges_enabled": True,
            "country": "GB",
            "default_currency": "gbp",
            "details_submitted": True,
            "payouts_enabled": True,
            "type": "standard",
        }
    )
