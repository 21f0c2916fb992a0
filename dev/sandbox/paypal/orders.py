"""Orders v2: https://developer.paypal.com/docs/api/orders/v2/."""

from typing import Any

from dev.sandbox.paypal import vault
from dev.sandbox.paypal.amounts import Amount, read_amount
from dev.sandbox.paypal.ledger import Answer, Call, Ledger, new_id, written
from dev.sandbox.paypal.payments import authorise, charge
from dev.sandbox.paypal.refusals import Json, invalid, unprocessable

INTENTS = ("CAPTURE", "AUTHORIZE")
UNIT_LIMIT = 10
WAITING = ("CREATED", "PAYER_ACTION_REQUIRED")
_UNIT_FIELDS = ("reference_id", "description", "custom_id", "invoice_id", "soft_descriptor", "items", "shipping")
_PATCHED = ("amount", "description", "custom_id", "invoice_id", "items", "shipping", "soft_descriptor")
_TEXT_LIMITS = {"custom_id": 255, "invoice_id": 127, "reference_id": 256, "description": 3_000}


def create(ledger: Ledger, call: Call) -> Answer:
    """A new order; with a saved wallet it is paid at once."""
    intent = call.body.get("intent")
    if intent not in INTENTS:
        raise invalid("INVALID_PARAMETER_VALUE" if intent else "MISSING_REQUIRED_PARAMETER", "/intent")
    order: Json = {
        "id": new_id(),
        "intent": intent,
        "status": "CREATED",
        "purchase_units": _units(call.body.get("purchase_units")),
        "create_time": written(ledger.now),
        "update_time": written(ledger.now),
    }
    context = call.body.get("application_context") or {}
    ledger.add(
        "order", order, hidden={"return_url": context.get("return_url"), "cancel_url": context.get("cancel_url")}
    )
    source = call.body.get("payment_source")
    if source:
        _take_source(ledger, order, source)
        if order["status"] == "APPROVED":
            _pay(ledger, order)
    return Answer(_with_links(ledger, order), 200 if source else 201, brief=True)


def retrieve(ledger: Ledger, call: Call) -> Answer:
    """An order with its payments."""
    return Answer(_with_links(ledger, ledger.get("order", call.id)))


def update(ledger: Ledger, call: Call) -> Answer:
    """JSON Patch on what PayPal lets change before the payment."""
    order = ledger.get("order", call.id)
    if order["status"] not in (*WAITING, "APPROVED"):
        raise unprocessable("ORDER_ALREADY_COMPLETED")
    for number, patch in enumerate(call.body.get("patches", [])):
        _patch(order, patch, number)
    ledger.save(order)
    return Answer(None, 204)


def confirm(ledger: Ledger, call: Call) -> Answer:
    """Name the payment source of an order that was made without."""
    order = ledger.get("order", call.id)
    if order["status"] not in WAITING:
        raise unprocessable("ORDER_ALREADY_CAPTURED")
    _take_source(ledger, order, call.body.get("payment_source") or {})
    return Answer(_with_links(ledger, ledger.save(order)), brief=True)


def capture(ledger: Ledger, call: Call) -> Answer:
    """Take the money of an approved order."""
    return _complete(ledger, call, "CAPTURE")


def authorize(ledger: Ledger, call: Call) -> Answer:
    """Reserve the money of an approved order."""
    return _complete(ledger, call, "AUTHORIZE")


def approve(ledger: Ledger, order_id: str, *, funding: str) -> Json:
    """The buyer agrees; `funding` says how the bank will answer: pays, declined, pending, denied."""
    order = ledger.get("order", order_id)
    if not can_be_approved(ledger, order):
        raise unprocessable("ORDER_ALREADY_COMPLETED")
    order["status"] = "APPROVED"
    order["payer"] = dict(vault.BUYER)
    order["payment_source"] = {"paypal": vault.wallet()}
    ledger.hide(order_id, funding=funding)
    ledger.save(order)
    ledger.announce(
        "CHECKOUT.ORDER.APPROVED", "order", _with_links(ledger, order), "An order has been approved by buyer"
    )
    return order


def can_be_approved(ledger: Ledger, order: Json) -> bool:
    """Before the payment; again after the chosen instrument was declined."""
    declined = order["status"] == "APPROVED" and ledger.hidden(order["id"]).get("funding") == "declined"
    return order["status"] in WAITING or declined


def _complete(ledger: Ledger, call: Call, intent: str) -> Answer:
    order = ledger.get("order", call.id)
    if order["intent"] != intent:
        raise unprocessable("ACTION_DOES_NOT_MATCH_INTENT")
    if order["status"] == "COMPLETED":
        raise unprocessable("ORDER_ALREADY_CAPTURED" if intent == "CAPTURE" else "ORDER_ALREADY_AUTHORIZED")
    if call.body.get("payment_source"):
        _take_source(ledger, order, call.body["payment_source"])
    if order["status"] == "PAYER_ACTION_REQUIRED":
        raise unprocessable("PAYER_ACTION_REQUIRED", links=[_page(ledger, order, "payer-action")])
    if order["status"] != "APPROVED":
        raise unprocessable("ORDER_NOT_APPROVED")
    _pay(ledger, order)
    return Answer(_with_links(ledger, order), 201, brief=True)


def _pay(ledger: Ledger, order: Json) -> None:
    funding = ledger.hidden(order["id"]).get("funding", "pays")
    if funding == "declined":
        raise unprocessable("INSTRUMENT_DECLINED", links=[_page(ledger, order, "redirect")])
    for unit in order["purchase_units"]:
        amount = read_amount(unit["amount"], "amount")
        if order["intent"] == "CAPTURE":
            charge(ledger, unit, amount, order_id=order["id"], funding=funding, final=True)
        else:
            authorise(ledger, unit, amount, order_id=order["id"])
    order["status"] = "COMPLETED"
    vault.save_wallet(ledger, order)
    ledger.save(order)


def _take_source(ledger: Ledger, order: Json, source: Json) -> None:
    wallet = source.get("paypal")
    token = source.get("token")
    if isinstance(wallet, dict):
        saved = wallet.get("vault_id")
        context = wallet.get("experience_context") or {}
        ledger.hide(order["id"], store=(wallet.get("attributes") or {}).get("vault"))
        ledger.hide(order["id"], customer=((wallet.get("attributes") or {}).get("customer") or {}).get("id"))
        for name in ("return_url", "cancel_url"):
            if context.get(name):
                ledger.hide(order["id"], **{name: context[name]})
    elif isinstance(token, dict):
        saved = token.get("id")
    else:
        raise invalid("INVALID_PARAMETER_VALUE", "/payment_source")
    if saved is None:
        order["status"] = "PAYER_ACTION_REQUIRED"
        order["payment_source"] = {"paypal": {}}
    else:
        kept = vault.find(ledger, saved)
        order["status"] = "APPROVED"
        order["payer"] = dict(vault.BUYER)
        order["payment_source"] = {"paypal": vault.wallet()}
        ledger.hide(order["id"], funding=ledger.hidden(kept["id"]).get("funding", "pays"))
    ledger.save(order)


def _units(asked: Any) -> list[Json]:
    if not isinstance(asked, list) or not 1 <= len(asked) <= UNIT_LIMIT:
        raise invalid("MISSING_REQUIRED_PARAMETER", "/purchase_units")
    units = []
    for number, unit in enumerate(asked):
        field = f"/purchase_units/{number}"
        if not isinstance(unit, dict):
            raise invalid("INVALID_PARAMETER_SYNTAX", field)
        amount = read_amount(unit.get("amount"), f"{field}/amount")
        _check_breakdown(unit["amount"], amount, field)
        kept = {name: unit[name] for name in _UNIT_FIELDS if unit.get(name) is not None}
        _check_texts(kept, field)
        units.append({"reference_id": "default", **kept, "amount": {**unit["amount"], **amount.body}})
    names = [unit["reference_id"] for unit in units]
    if len(set(names)) != len(names):
        raise unprocessable("DUPLICATE_REFERENCE_ID", field="/purchase_units")
    return units


def _check_texts(kept: Json, field: str) -> None:
    for name, limit in _TEXT_LIMITS.items():
        if name in kept and (not isinstance(kept[name], str) or not 1 <= len(kept[name]) <= limit):
            raise invalid("INVALID_STRING_LENGTH", f"{field}/{name}")


def _check_breakdown(body: Json, amount: Amount, field: str) -> None:
    """Where the parts are given they must make the whole: AMOUNT_MISMATCH."""
    parts = body.get("breakdown")
    if not parts:
        return
    total = 0
    for name, part in parts.items():
        if part is None or not any(digit in "123456789" for digit in str(part.get("value", ""))):
            continue
        read = read_amount(part, f"{field}/amount/breakdown/{name}")
        total += -read.minor if name in ("discount", "shipping_discount") else read.minor
    if total != amount.minor:
        raise unprocessable("AMOUNT_MISMATCH", field=f"{field}/amount/value")


def _patch(order: Json, patch: Json, number: int) -> None:
    path = str(patch.get("path", ""))
    if path == "/intent" and patch.get("value") in INTENTS:
        order["intent"] = patch["value"]
        return
    unit = next((each for each in order["purchase_units"] if path.startswith(_unit_path(each))), None)
    name = path.rpartition("/")[2]
    if unit is None or name not in _PATCHED or patch.get("op") not in ("add", "replace", "remove"):
        raise unprocessable("NOT_PATCHABLE", field=f"/{number}/path")
    if patch["op"] == "remove":
        unit.pop(name, None)
    elif name == "amount":
        unit["amount"] = {**patch["value"], **read_amount(patch["value"], f"/{number}/value").body}
    else:
        unit[name] = patch["value"]


def _unit_path(unit: Json) -> str:
    return f"/purchase_units/@reference_id=='{unit['reference_id']}'/"


def _page(ledger: Ledger, order: Json, rel: str) -> Json:
    return ledger.link(f"/checkoutnow?token={order['id']}", rel)


def _with_links(ledger: Ledger, order: Json) -> Json:
    """The order as it is answered: its payments in each unit, and where to go from here."""
    path = f"/v2/checkout/orders/{order['id']}"
    links = [ledger.link(path, "self")]
    if order["status"] in (*WAITING, "APPROVED"):
        if order["status"] == "PAYER_ACTION_REQUIRED":
            links.append(_page(ledger, order, "payer-action"))
        else:
            links.append(_page(ledger, order, "approve"))
        action = order["intent"].lower()
        links += [ledger.link(path, "update", "PATCH"), ledger.link(f"{path}/{action}", action, "POST")]
    return {
        **order,
        "purchase_units": [_with_payments(ledger, order, unit) for unit in order["purchase_units"]],
        "links": links,
    }


def _with_payments(ledger: Ledger, order: Json, unit: Json) -> Json:
    payments: Json = {}
    for kind, name in (("authorization", "authorizations"), ("capture", "captures"), ("refund", "refunds")):
        found = [
            each for each in ledger.children(kind, order["id"])
            if ledger.hidden(each["id"])["unit"] == unit["reference_id"]
        ]  # fmt: skip
        if found:
            payments[name] = found
    return {**unit, "payments": payments} if payments else unit
