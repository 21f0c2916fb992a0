"""Refunds: in parts, never above what was captured, some of them settled later."""

from dev.sandbox.stripe import forms
from dev.sandbox.stripe.book import LISTING_PARAMS, Answer, Book, Call, new_id
from dev.sandbox.stripe.cards import CARDS
from dev.sandbox.stripe.refusals import Json, Refusal, missing_param

CREATE_PARAMS = forms.names(
    "amount charge currency customer expand instructions_email metadata origin payment_intent"
    " reason refund_application_fee reverse_transfer"
)
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
SETTLED_AFTER_SECONDS = 1.0


def create(book: Book, call: Call) -> Answer:
    """POST /v1/refunds"""
    params = call.params
    forms.refuse_unknown(params, CREATE_PARAMS)
    asked = forms.amount(params, "amount")
    reason = forms.choice(params, "reason", REASONS)
    charge = _charge(book, params)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        raise Refusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = left if asked is None else asked
    if amount > left:
        raise Refusal(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}), in minor units"
            f" of {charge['currency']}.",
            code="amount_too_large",
            param="amount",
        )
    _return_money(book, charge, amount)
    behaviour = CARDS[book.behaviour(charge["payment_method"])].refund
    refund = _new(book, charge, amount, reason, "pending" if behaviour == "pending" else "succeeded")
    refund["metadata"] = forms.metadata(params)
    book.add(refund, parent=refund["payment_intent"])
    if behaviour != "at_once":
        _settle_later(book, refund, "succeeded" if behaviour == "pending" else "failed")
    book.announce("charge.refunded", charge)
    book.announce("refund.created", refund)
    book.announce("refund.updated", refund)
    return Answer(refund)


def retrieve(book: Book, call: Call) -> Answer:
    """GET /v1/refunds/{id}"""
    return Answer(book.get("refund", call.id))


def update(book: Book, call: Call) -> Answer:
    """POST /v1/refunds/{id}"""
    forms.refuse_unknown(call.params, ("metadata", "expand"))
    refund = book.get("refund", call.id)
    refund["metadata"] = forms.metadata(call.params, refund["metadata"])
    return Answer(book.save(refund))


def listing(book: Book, call: Call) -> Answer:
    """GET /v1/refunds?payment_intent=&charge="""
    forms.refuse_unknown(call.params, (*LISTING_PARAMS, "charge", "payment_intent"))
    intent = forms.text(call.params, "payment_intent")
    charge = forms.text(call.params, "charge")
    if charge is not None:
        intent = book.get("charge", charge, param="charge")["payment_intent"]
    return Answer(book.page("refund", call.path, call.params, parent=intent))


def settle(book: Book, refund_id: str, outcome: str) -> None:
    """The bank's late answer: a pending refund succeeded, or one that had succeeded failed after all."""
    refund = book.get("refund", refund_id)
    refund["status"] = outcome
    refund.pop("pending_reason", None)
    if outcome == "failed":
        refund["failure_reason"] = "expired_or_canceled_card"
        _return_money(book, book.get("charge", refund["charge"]), -refund["amount"])
    book.save(refund)
    book.announce("refund.updated", refund)
    if outcome == "failed":
        book.announce("refund.failed", refund)


def _charge(book: Book, params: Json) -> Json:
    charge_id = forms.text(params, "charge")
    intent_id = forms.text(params, "payment_intent")
    if charge_id is None and intent_id is None:
        raise missing_param("charge")
    if charge_id is None:
        intent = book.get("payment_intent", intent_id or "", param="payment_intent")
        charge_id = intent["latest_charge"] if intent["status"] == "succeeded" else None
    charge = book.get("charge", charge_id, param="charge") if charge_id else None
    if charge is None or not charge["captured"]:
        raise Refusal(
            f"This payment ({intent_id or charge_id}) does not have a captured charge to refund.",
            code="payment_intent_unexpected_state" if intent_id else "charge_not_refundable",
        )
    return charge


def _return_money(book: Book, charge: Json, amount: int) -> None:
    charge["amount_refunded"] += amount
    assert 0 <= charge["amount_refunded"] <= charge["amount_captured"], "never more back than was taken"
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    book.save(charge)


def _settle_later(book: Book, refund: Json, outcome: str) -> None:
    book.db.execute(
        "INSERT INTO settlements (refund, account, outcome, due_at) VALUES (?,?,?,?)",
        (refund["id"], book.account, outcome, book.now + SETTLED_AFTER_SECONDS),
    )
    book.announced += 1


def _new(book: Book, charge: Json, amount: int, reason: str | None, status: str) -> Json:
    refund = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": int(book.now),
        "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "status": status,
    }
    if status == "pending":
        refund["pending_reason"] = "processing"
    return refund
