"""Payments v2, what moves: https://developer.paypal.com/docs/api/payments/v2/."""

from dev.sandbox.paypal.amounts import Amount
from dev.sandbox.paypal.ledger import Ledger, new_id, written
from dev.sandbox.paypal.refusals import Json, unprocessable

AUTHORISED_SECONDS = 29 * 24 * 3_600
REVIEW_SECONDS = 1.0
_NAMED = ("custom_id", "invoice_id")
_PROTECTED = {"status": "ELIGIBLE", "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"]}


def authorise(
    ledger: Ledger, unit: Json, amount: Amount, *, order_id: str, unit_name: str | None = None, again: bool = False
) -> Json:
    """Reserve an amount for 29 days; `again` marks what a reauthorisation made."""
    made = {
        **_begun(ledger, unit, amount, "CREATED", order_id),
        "expiration_time": written(ledger.now + AUTHORISED_SECONDS),
        "seller_protection": _PROTECTED,
    }
    path = f"/v2/payments/authorizations/{made['id']}"
    made["links"] = [
        ledger.link(path, "self"),
        *(ledger.link(f"{path}/{action}", action, "POST") for action in ("capture", "void", "reauthorize")),
        ledger.link(f"/v2/checkout/orders/{order_id}", "up"),
    ]
    hidden = {
        "unit": unit_name or unit["reference_id"],
        "expires_at": ledger.now + AUTHORISED_SECONDS,
        "captured": 0,
        "again": again,
    }
    ledger.add("authorization", made, parent=order_id, hidden=hidden)
    ledger.announce("PAYMENT.AUTHORIZATION.CREATED", "authorization", made, "A payment authorization was created")
    return made


def charge(
    ledger: Ledger,
    named: Json,
    amount: Amount,
    *,
    order_id: str,
    funding: str = "pays",
    final: bool,
    unit_name: str | None = None,
    authorization: str | None = None,
) -> Json:
    """Take an amount: COMPLETED, or PENDING where the bank looks at it first."""
    if named.get("invoice_id") and ledger.invoice_used(named["invoice_id"]):
        raise unprocessable("DUPLICATE_INVOICE_ID")
    reviewed = funding in ("pending", "denied")
    made = {
        **_begun(ledger, named, amount, "PENDING" if reviewed else "COMPLETED", order_id, authorization),
        "final_capture": final,
        "disbursement_mode": "INSTANT",
        "seller_protection": _PROTECTED,
        "seller_receivable_breakdown": {"gross_amount": amount.body, "net_amount": amount.body},
    }
    if reviewed:
        made["status_details"] = {"reason": "PENDING_REVIEW"}
    path = f"/v2/payments/captures/{made['id']}"
    up = f"/v2/payments/authorizations/{authorization}" if authorization else f"/v2/checkout/orders/{order_id}"
    made["links"] = [
        ledger.link(path, "self"), ledger.link(f"{path}/refund", "refund", "POST"), ledger.link(up, "up"),
    ]  # fmt: skip
    ledger.add("capture", made, parent=order_id, hidden={"unit": unit_name or named["reference_id"], "refunded": 0})
    if reviewed:
        ledger.announce("PAYMENT.CAPTURE.PENDING", "capture", made, f"Payment pending for {_said(amount)}")
        ledger.db.execute(
            "INSERT INTO paypal_settlements (capture, account, outcome, due_at) VALUES (?,?,?,?)",
            (made["id"], ledger.account, funding, ledger.now + REVIEW_SECONDS),
        )
    else:
        ledger.announce("PAYMENT.CAPTURE.COMPLETED", "capture", made, f"Payment completed for {_said(amount)}")
    return made


def settle(ledger: Ledger, capture_id: str, outcome: str) -> None:
    """The bank has looked: `pending` becomes COMPLETED, `denied` DECLINED."""
    capture = ledger.get("capture", capture_id)
    capture.pop("status_details", None)
    denied = outcome == "denied"
    capture["status"] = "DECLINED" if denied else "COMPLETED"
    ledger.save(capture)
    event = "PAYMENT.CAPTURE.DENIED" if denied else "PAYMENT.CAPTURE.COMPLETED"
    ledger.announce(event, "capture", capture, "Payment denied" if denied else "Payment completed")


def give_back(ledger: Ledger, capture: Json, amount: Amount, named: Json) -> Json:
    """Refund a part of a capture, or what is left of it."""
    hidden = ledger.hidden(capture["id"])
    refunded = hidden["refunded"] + amount.minor
    whole = Amount(_minor(ledger, capture["id"]), amount.currency)
    order_id = ledger.parent(capture["id"])
    made = {
        **_begun(
            ledger, {**named, "custom_id": named.get("custom_id") or capture.get("custom_id")}, amount, "COMPLETED"
        ),
        "seller_payable_breakdown": {
            "gross_amount": amount.body,
            "net_amount": amount.body,
            "total_refunded_amount": Amount(refunded, amount.currency).body,
        },
    }
    if named.get("note_to_payer"):
        made["note_to_payer"] = named["note_to_payer"]
    made["links"] = [
        ledger.link(f"/v2/payments/refunds/{made['id']}", "self"),
        ledger.link(f"/v2/payments/captures/{capture['id']}", "up"),
    ]
    ledger.add("refund", made, parent=order_id, hidden={"unit": hidden["unit"], "capture": capture["id"]})
    capture["status"] = "REFUNDED" if refunded == whole.minor else "PARTIALLY_REFUNDED"
    ledger.hide(capture["id"], refunded=refunded)
    ledger.save(capture)
    ledger.announce("PAYMENT.CAPTURE.REFUNDED", "refund", made, f"A {_said(amount)} capture payment was refunded")
    return made


def _begun(
    ledger: Ledger,
    named: Json,
    amount: Amount,
    status: str,
    order_id: str | None = None,
    authorization: str | None = None,
) -> Json:
    made: Json = {
        "id": new_id(),
        "status": status,
        "amount": amount.body,
        **{name: named[name] for name in _NAMED if named.get(name)},
        "create_time": written(ledger.now),
        "update_time": written(ledger.now),
    }
    if order_id is not None:
        related = {"order_id": order_id, **({"authorization_id": authorization} if authorization else {})}
        made["supplementary_data"] = {"related_ids": related}
    return made


def _minor(ledger: Ledger, object_id: str) -> int:
    row = ledger.db.execute("SELECT amount_minor FROM paypal_objects WHERE id = ?", (object_id,)).fetchone()
    return int(row["amount_minor"])


def _said(amount: Amount) -> str:
    return f"{amount.body['value']} {amount.currency}"
