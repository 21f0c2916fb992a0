"""Customers, as little of them as saved cards need."""

from dev.sandbox.stripe import forms
from dev.sandbox.stripe.book import LISTING_PARAMS, Answer, Book, Call, new_id
from dev.sandbox.stripe.refusals import Json

FIELDS = ("description", "email", "name", "phone")
WRITE_PARAMS = (
    *FIELDS,
    *("address", "shipping", "metadata", "preferred_locales", "invoice_settings", "tax_exempt", "expand"),
)


def create(book: Book, call: Call) -> Answer:
    """POST /v1/customers"""
    forms.refuse_unknown(call.params, (*WRITE_PARAMS, "payment_method"))
    customer: Json = {
        "id": new_id("cus"),
        "object": "customer",
        "balance": 0,
        "created": int(book.now),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "livemode": False,
        "metadata": forms.metadata(call.params),
        "preferred_locales": [],
        **{name: forms.text(call.params, name) for name in FIELDS},
    }
    return Answer(book.add(customer))


def retrieve(book: Book, call: Call) -> Answer:
    """GET /v1/customers/{id}"""
    return Answer(book.get("customer", call.id))


def update(book: Book, call: Call) -> Answer:
    """POST /v1/customers/{id}"""
    forms.refuse_unknown(call.params, WRITE_PARAMS)
    customer = book.get("customer", call.id)
    customer |= {name: forms.text(call.params, name) for name in FIELDS if name in call.params}
    customer["metadata"] = forms.metadata(call.params, customer["metadata"])
    return Answer(book.save(customer))


def remove(book: Book, call: Call) -> Answer:
    """DELETE /v1/customers/{id}"""
    book.get("customer", call.id)
    book.remove(call.id)
    return Answer({"id": call.id, "object": "customer", "deleted": True})


def listing(book: Book, call: Call) -> Answer:
    """GET /v1/customers"""
    forms.refuse_unknown(call.params, LISTING_PARAMS)
    return Answer(book.page("customer", call.path, call.params))


def payment_methods(book: Book, call: Call) -> Answer:
    """GET /v1/customers/{id}/payment_methods"""
    forms.refuse_unknown(call.params, (*LISTING_PARAMS, "type"))
    book.get("customer", call.id)
    return Answer(book.page("payment_method", call.path, call.params, parent=call.id))
