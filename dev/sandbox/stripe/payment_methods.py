"""Payment methods: made from test cards, kept without a card number."""

from dev.sandbox.stripe import forms
from dev.sandbox.stripe.book import LISTING_PARAMS, Answer, Book, Call, new_id
from dev.sandbox.stripe.cards import CARDS, TestCard, card_of_number, card_of_token
from dev.sandbox.stripe.refusals import Json, Refusal, invalid_param, missing_param, no_such

CREATE_PARAMS = ("type", "card", "billing_details", "metadata", "allow_redisplay", "expand")


def create(book: Book, call: Call) -> Answer:
    """POST /v1/payment_methods"""
    forms.refuse_unknown(call.params, CREATE_PARAMS)
    return Answer(_from_data(book, call.params))


def retrieve(book: Book, call: Call) -> Answer:
    """GET /v1/payment_methods/{id}; a test token answers with its card, unkept."""
    card = card_of_token(call.id)
    if card is not None:
        return Answer(_body(card, call.id, int(book.now)))
    return Answer(book.get("payment_method", call.id))


def listing(book: Book, call: Call) -> Answer:
    """GET /v1/payment_methods?customer="""
    forms.refuse_unknown(call.params, (*LISTING_PARAMS, "customer", "type"))
    customer = forms.text(call.params, "customer")
    return Answer(book.page("payment_method", call.path, call.params, parent=customer))


def attach(book: Book, call: Call) -> Answer:
    """POST /v1/payment_methods/{id}/attach"""
    forms.refuse_unknown(call.params, ("customer", "expand"))
    customer = book.get("customer", forms.required_text(call.params, "customer"), param="customer")
    method = resolve(book, call.id, param="id")
    if method["customer"] not in (None, customer["id"]):
        raise Refusal("The payment method you provided has already been attached to a customer.")
    method["customer"] = customer["id"]
    book.attach(method, customer["id"])
    return Answer(book.save(method))


def detach(book: Book, call: Call) -> Answer:
    """POST /v1/payment_methods/{id}/detach"""
    forms.refuse_unknown(call.params, ("expand",))
    method = book.get("payment_method", call.id)
    method["customer"] = None
    book.attach(method, None)
    return Answer(book.save(method))


def resolve(book: Book, token: str, *, param: str = "payment_method") -> Json:
    """A kept payment method, or a new one where `token` names a test card; raises resource_missing."""
    card = card_of_token(token)
    if card is not None:
        return _keep(book, card)
    method = book.find("payment_method", token)
    if method is None:
        raise no_such("PaymentMethod", token, param=param, status=400)
    return method


def chosen(book: Book, params: Json) -> Json | None:
    """The payment method that a request names or describes, None where it does neither."""
    token = forms.text(params, "payment_method")
    if token is not None:
        return resolve(book, token)
    data = params.get("payment_method_data")
    if data is None:
        return None
    if not isinstance(data, dict):
        raise invalid_param("payment_method_data", "Invalid object: payment_method_data")
    return _from_data(book, data)


def card_of(book: Book, method: Json) -> TestCard:
    """Which test card a kept payment method is."""
    return CARDS[book.behaviour(method["id"])]


def _from_data(book: Book, data: Json) -> Json:
    if forms.choice(data, "type", ("card",)) is None:
        raise missing_param("type")
    card = data.get("card")
    if not isinstance(card, dict):
        raise missing_param("card")
    token = forms.text(card, "token")
    found = card_of_token(token) if token else card_of_number(forms.required_text(card, "number"))
    if found is None:
        raise no_such("token", token or "", param="card[token]", status=400)
    return _keep(book, found, metadata=forms.metadata(data))


def _keep(book: Book, card: TestCard, metadata: dict[str, str] | None = None) -> Json:
    body = _body(card, new_id("pm"), int(book.now))
    body["metadata"] = metadata or {}
    return book.add(body, behaviour=card.name)


def _body(card: TestCard, method_id: str, created: int) -> Json:
    return {
        "id": method_id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "card": card_details(card),
        "created": created,
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def card_details(card: TestCard) -> Json:
    """What may be known of a card: brand and last four digits, never the number."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.brand}{card.last4}",
        "funding": card.funding,
        "last4": card.last4,
        "network": card.brand,
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
