"""Payment intents: made, read, changed, captured, cancelled. Confirming them stands in `confirmation`."""

from dev.sandbox.stripe import confirmation, forms, payment_methods
from dev.sandbox.stripe.book import LISTING_PARAMS, Answer, Book, Call, new_id
from dev.sandbox.stripe.refusals import Json, Refusal, invalid_param, missing_param

_SHARED_PARAMS = forms.names(
    "allowed_payment_method_types amount_details application_fee_amount capture_method customer"
    " customer_account description excluded_payment_method_types expand hooks metadata"
    " payment_details payment_method payment_method_configuration payment_method_data"
    " payment_method_options receipt_email setup_future_usage shipping statement_descriptor"
    " statement_descriptor_suffix transfer_data transfer_group amount currency payment_method_types"
)
CREATE_PARAMS = _SHARED_PARAMS | forms.names(
    "automatic_payment_methods confirm confirmation_method confirmation_token"
    " error_on_requires_action mandate mandate_data off_session on_behalf_of radar_options"
    " return_url use_stripe_sdk"
)
CAPTURE_PARAMS = forms.names(
    "amount_details amount_to_capture application_fee_amount expand final_capture hooks metadata"
    " payment_details statement_descriptor statement_descriptor_suffix transfer_data"
)
CANCELLATION_REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(book: Book, call: Call) -> Answer:
    """POST /v1/payment_intents"""
    params = call.params
    forms.refuse_unknown(params, CREATE_PARAMS)
    amount = forms.amount(params, "amount")
    if amount is None:
        raise missing_param("amount")
    confirm = forms.boolean(params, "confirm")
    intent = _new(book, params, amount=amount, currency=forms.currency(params))
    method = payment_methods.chosen(book, params)
    if method is not None:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    book.add(intent, parent=intent["customer"])
    return confirmation.confirm_with(book, intent, params) if confirm else Answer(intent)


def retrieve(book: Book, call: Call) -> Answer:
    """GET /v1/payment_intents/{id}"""
    return Answer(book.get("payment_intent", call.id))


def listing(book: Book, call: Call) -> Answer:
    """GET /v1/payment_intents"""
    forms.refuse_unknown(call.params, (*LISTING_PARAMS, "customer"))
    customer = forms.text(call.params, "customer")
    return Answer(book.page("payment_intent", call.path, call.params, parent=customer))


def update(book: Book, call: Call) -> Answer:
    """POST /v1/payment_intents/{id}"""
    params = call.params
    forms.refuse_unknown(params, _SHARED_PARAMS)
    intent = book.get("payment_intent", call.id)
    amount = forms.amount(params, "amount")
    method = payment_methods.chosen(book, params)
    if (amount is not None or method is not None) and intent["status"] not in OPEN:
        raise _unexpected_state(intent, "update")
    intent |= {"metadata": forms.metadata(params, intent["metadata"])}
    intent |= {name: forms.text(params, name) for name in ("description", "receipt_email") if name in params}
    if amount is not None:
        intent["amount"] = amount
    if method is not None:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation", "next_action": None}
    return Answer(book.save(intent))


def capture(book: Book, call: Call) -> Answer:
    """POST /v1/payment_intents/{id}/capture; what is not captured is released."""
    forms.refuse_unknown(call.params, CAPTURE_PARAMS)
    intent = book.get("payment_intent", call.id)
    if intent["status"] != "requires_capture":
        raise _unexpected_state(intent, "capture")
    captured = forms.amount(call.params, "amount_to_capture")
    if captured is None:
        captured = intent["amount_capturable"]
    if captured > intent["amount_capturable"]:
        raise Refusal(
            "The requested capture amount is greater than the amount you can capture for this charge.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    charge = book.get("charge", intent["latest_charge"])
    book.save(charge | {"captured": True, "amount_captured": captured})
    intent |= {
        "amount_capturable": 0,
        "amount_received": captured,
        "metadata": forms.metadata(call.params, intent["metadata"]),
        "status": "succeeded",
    }
    book.announce("payment_intent.succeeded", book.save(intent))
    return Answer(intent)


def cancel(book: Book, call: Call) -> Answer:
    """POST /v1/payment_intents/{id}/cancel; a hold on the card is released."""
    forms.refuse_unknown(call.params, ("cancellation_reason", "expand"))
    reason = forms.choice(call.params, "cancellation_reason", CANCELLATION_REASONS)
    intent = book.get("payment_intent", call.id)
    if intent["status"] not in (*OPEN, "requires_capture"):
        raise _unexpected_state(intent, "cancel")
    if intent["status"] == "requires_capture":
        charge = book.get("charge", intent["latest_charge"])
        book.save(charge | {"amount_refunded": charge["amount"], "refunded": True})
    intent |= {
        "amount_capturable": 0,
        "canceled_at": int(book.now),
        "cancellation_reason": reason,
        "next_action": None,
        "status": "canceled",
    }
    book.announce("payment_intent.canceled", book.save(intent))
    return Answer(intent)


def _unexpected_state(intent: Json, verb: str) -> Refusal:
    return Refusal(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        extra={"payment_intent": intent},
    )


def _new(book: Book, params: Json, *, amount: int, currency: str) -> Json:
    intent_id = new_id("pi")
    customer = forms.text(params, "customer")
    if customer is not None:
        book.get("customer", customer, param="customer")
    automatic = params.get("automatic_payment_methods")
    if automatic is not None and not isinstance(automatic, dict):
        raise invalid_param("automatic_payment_methods", "Invalid object: automatic_payment_methods")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "automatic_payment_methods": automatic and {"enabled": automatic.get("enabled") == "true"},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": forms.choice(
            params, "capture_method", ("automatic", "automatic_async", "manual"), "automatic"
        ),
        "client_secret": new_id(f"{intent_id}_secret"),
        "confirmation_method": forms.choice(params, "confirmation_method", ("automatic", "manual"), "automatic"),
        "created": int(book.now),
        "currency": currency,
        "customer": customer,
        "description": forms.text(params, "description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": forms.metadata(params),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": params.get("payment_method_types") or ["card"],
        "receipt_email": forms.text(params, "receipt_email"),
        "setup_future_usage": forms.choice(params, "setup_future_usage", ("off_session", "on_session")),
        "shipping": params.get("shipping") or None,
        "statement_descriptor": forms.text(params, "statement_descriptor"),
        "statement_descriptor_suffix": forms.text(params, "statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_group": forms.text(params, "transfer_group"),
    }
