"""Authorisations, captures and refunds as callers ask for them, each refusal by its issue."""

from dev.sandbox.paypal.amounts import Amount, kept_amount, read_amount
from dev.sandbox.paypal.ledger import Answer, Call, Ledger
from dev.sandbox.paypal.payments import authorise, charge, give_back
from dev.sandbox.paypal.refusals import Json, unprocessable


def authorization(ledger: Ledger, call: Call) -> Answer:
    """An authorisation."""
    return Answer(_current(ledger, call.id))


def capture_authorization(ledger: Ledger, call: Call) -> Answer:
    """Take what was reserved, or a part; never more, which is stricter than PayPal's 115 %."""
    held = _current(ledger, call.id)
    _refuse_gone(held)
    hidden, whole = ledger.hidden(held["id"]), kept_amount(held)
    if held["status"] == "CAPTURED":
        raise unprocessable("AUTHORIZATION_ALREADY_CAPTURED")
    left = whole.minor - hidden["captured"]
    amount = _asked(call, Amount(left, whole.currency), mismatch="CURRENCY_MISMATCH")
    if amount.minor > left:
        raise unprocessable("MAX_CAPTURE_AMOUNT_EXCEEDED", field="/amount/value")
    final = bool(call.body.get("final_capture")) or amount.minor == left
    named: Json = {**{name: held[name] for name in ("custom_id", "invoice_id") if name in held}, **call.body}
    order_id = ledger.parent(held["id"])
    made = charge(
        ledger, named, amount, order_id=order_id, unit_name=hidden["unit"], final=final, authorization=held["id"],
        funding=ledger.hidden(order_id).get("funding", "pays"),
    )  # fmt: skip
    ledger.hide(held["id"], captured=hidden["captured"] + amount.minor)
    held["status"] = "CAPTURED" if final else "PARTIALLY_CAPTURED"
    ledger.save(held)
    return Answer(made, 201, brief=True)


def void(ledger: Ledger, call: Call) -> Answer:
    """Let go of what was reserved."""
    held = _current(ledger, call.id)
    if held["status"] == "VOIDED":
        raise unprocessable("PREVIOUSLY_VOIDED")
    if held["status"] == "CAPTURED":
        raise unprocessable("PREVIOUSLY_CAPTURED")
    held["status"] = "VOIDED"
    ledger.save(held)
    ledger.announce("PAYMENT.AUTHORIZATION.VOIDED", "authorization", held, "A payment authorization was voided")
    return Answer(held, 200, brief=True)


def reauthorize(ledger: Ledger, call: Call) -> Answer:
    """Reserve once more, once; PayPal's three days of waiting are not asked for."""
    held = _current(ledger, call.id)
    _refuse_gone(held)
    if held["status"] != "CREATED":
        raise unprocessable("AUTHORIZATION_ALREADY_CAPTURED")
    hidden = ledger.hidden(held["id"])
    if hidden["again"]:
        raise unprocessable("REAUTHORIZATION_NOT_SUPPORTED")
    amount = _asked(call, kept_amount(held), mismatch="CURRENCY_MISMATCH")
    if amount.minor > kept_amount(held).minor:
        raise unprocessable("AMOUNT_EXCEEDS_LIMIT", field="/amount/value")
    made = authorise(ledger, held, amount, order_id=ledger.parent(held["id"]), unit_name=hidden["unit"], again=True)
    held["status"] = "VOIDED"
    ledger.save(held)
    return Answer(made, 201, brief=True)


def capture(ledger: Ledger, call: Call) -> Answer:
    """A capture."""
    return Answer(ledger.get("capture", call.id))


def refund_capture(ledger: Ledger, call: Call) -> Answer:
    """Give a capture back, whole or in parts, never over what was taken."""
    taken = ledger.get("capture", call.id)
    whole = kept_amount(taken)
    if taken["status"] == "REFUNDED":
        raise unprocessable("CAPTURE_FULLY_REFUNDED")
    if taken["status"] not in ("COMPLETED", "PARTIALLY_REFUNDED"):
        raise unprocessable("REFUND_NOT_ALLOWED")
    left = whole.minor - ledger.hidden(taken["id"])["refunded"]
    amount = _asked(call, Amount(left, whole.currency), mismatch="REFUND_CAPTURE_CURRENCY_MISMATCH")
    if amount.minor > left:
        raise unprocessable("REFUND_AMOUNT_EXCEEDED", field="/amount/value")
    return Answer(give_back(ledger, taken, amount, call.body), 201, brief=True)


def refund(ledger: Ledger, call: Call) -> Answer:
    """A refund."""
    return Answer(ledger.get("refund", call.id))


def _current(ledger: Ledger, authorization_id: str) -> Json:
    held = ledger.get("authorization", authorization_id)
    expired = ledger.now >= ledger.hidden(authorization_id)["expires_at"]
    return {**held, "status": "EXPIRED"} if expired and held["status"] == "CREATED" else held


def _refuse_gone(held: Json) -> None:
    if held["status"] in ("VOIDED", "EXPIRED"):
        raise unprocessable(f"AUTHORIZATION_{held['status']}")


def _asked(call: Call, otherwise: Amount, *, mismatch: str) -> Amount:
    if call.body.get("amount") is None:
        return otherwise
    amount = read_amount(call.body["amount"], "/amount")
    if amount.currency != otherwise.currency:
        raise unprocessable(mismatch, field="/amount/currency_code")
    return amount
