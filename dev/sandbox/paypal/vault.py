"""Saved PayPal wallets: https://developer.paypal.com/docs/api/payment-tokens/v3/."""

from dev.sandbox.paypal.ledger import Answer, Call, Ledger, new_id, written
from dev.sandbox.paypal.refusals import Json, invalid, unprocessable

BUYER: Json = {
    "name": {"given_name": "Test", "surname": "Buyer"},
    "email_address": "buyer@sandbox.markethall.test",
    "payer_id": "SANDBOXBUYER1",
    "address": {"country_code": "GB"},
}


def wallet() -> Json:
    """The buyer's wallet as an order shows it."""
    return {
        "email_address": BUYER["email_address"],
        "account_id": BUYER["payer_id"],
        "account_status": "VERIFIED",
        "name": BUYER["name"],
        "address": BUYER["address"],
    }


def save_wallet(ledger: Ledger, order: Json) -> None:
    """Keep the wallet of a paid order whose maker asked for `store_in_vault: ON_SUCCESS`."""
    hidden = ledger.hidden(order["id"])
    if not hidden.get("store"):
        return
    token = _keep(ledger, hidden.get("customer") or new_id(10), funding=hidden.get("funding", "pays"))
    saved = {"id": token["id"], "status": "VAULTED", "customer": token["customer"], "links": token["links"]}
    order["payment_source"]["paypal"]["attributes"] = {"vault": saved}


def find(ledger: Ledger, token_id: object) -> Json:
    """A saved wallet; raises Refusal (TOKEN_ID_NOT_FOUND)."""
    found = ledger.find("token", token_id) if isinstance(token_id, str) else None
    if found is None:
        raise unprocessable("TOKEN_ID_NOT_FOUND", field="/payment_source")
    return found


def retrieve(ledger: Ledger, call: Call) -> Answer:
    """One saved wallet."""
    return Answer(ledger.get("token", call.id))


def listing(ledger: Ledger, call: Call) -> Answer:
    """The saved wallets of `customer_id`."""
    customer = call.query.get("customer_id")
    if not customer:
        raise invalid("MISSING_REQUIRED_PARAMETER", "customer_id")
    tokens = ledger.children("token", customer)
    return Answer(
        {"customer": {"id": customer}, "payment_tokens": tokens, "total_items": len(tokens), "total_pages": 1}
    )


def remove(ledger: Ledger, call: Call) -> Answer:
    """Forget a saved wallet; there need not be one."""
    if ledger.find("token", call.id) is not None:
        ledger.remove(call.id)
    return Answer(None, 204)


def _keep(ledger: Ledger, customer: str, *, funding: str) -> Json:
    token_id = new_id(17).lower()
    token: Json = {
        "id": token_id,
        "customer": {"id": customer},
        "payment_source": {"paypal": {**wallet(), "permit_multiple_payment_tokens": False}},
        "links": [
            ledger.link(f"/v3/vault/payment-tokens/{token_id}", "self"),
            ledger.link(f"/v3/vault/payment-tokens/{token_id}", "delete", "DELETE"),
        ],
    }
    ledger.add("token", token, parent=customer, hidden={"funding": funding})
    ledger.announce("VAULT.PAYMENT-TOKEN.CREATED", "payment_token", token, f"Saved at {written(ledger.now)}")
    return token
