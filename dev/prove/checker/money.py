"""Payments, what the provider says of them, the ledger, debts. Amounts in minor units."""

from collections import Counter

from dev.prove.checker.records import LIVE, Document, Records, amount, by, total

AT_A_PROVIDER = ("card", "paypal")
"""Methods whose confirmed orders have been paid; cash and accounts are settled later."""

ON_ACCOUNT = "on_account"
INCOME = "income:orders"
STRIPE = "stripe"


def one_live_payment(records: Records) -> list[str]:
    """Never two payments of one order that took money or still may; a till's tenders are parts of one."""
    violations = []
    for name, payments in records.payments_of().items():
        live = [payment for payment in payments if payment["status"] in LIVE]
        order = records.orders.get(name)
        if order is None:
            violations.append(f"{name} has payments and is no order")
        elif len(live) > 1 and order["channel"] == "web":
            violations.append(f"{name} has {len(live)}: {_told(live)}")
        elif sum(amount(payment["captured"]) for payment in live) > total(order):
            violations.append(f"{name} costs {total(order)}, taken: {_told(live)}")
    return violations


def confirmed_paid(records: Records) -> list[str]:
    """What was captured, or is held to be, is the total; the order says the same as its payments."""
    violations = []
    payments = records.payments_of()
    for order in records.confirmed:
        name, method = order["_id"], (order.get("payment") or {}).get("method")
        taken = sum(amount(payment["captured"]) for payment in payments[name])
        held = sum(amount(payment["authorized"]) for payment in payments[name] if payment["status"] == "authorized")
        wanted = (total(order),) if method in AT_A_PROVIDER else (0, total(order))
        if taken + held not in wanted:
            violations.append(f"{name} ({method}) costs {total(order)}, captured {taken}, held {held}")
        elif amount(order.get("paid")) != taken:
            violations.append(f"{name} says {amount(order.get('paid'))} are paid, captured {taken}")
    return violations


def cancelled_hold_nothing(records: Records) -> list[str]:
    """Whatever was taken for a cancelled order has gone back, and nothing may still be taken."""
    violations = []
    payments = records.payments_of()
    for order in records.cancelled:
        for payment in payments[order["_id"]]:
            kept = amount(payment["captured"]) - amount(payment["refunded"])
            open_still = payment["status"] in ("pending", "processing", "requires_action", "authorized")
            if kept or open_still:
                violations.append(f"{order['_id']} keeps {kept} by {payment['_id']}, which is {payment['status']}")
    return violations


def refunds_within_captured(records: Records) -> list[str]:
    """Never more back than in; what the refunds say one by one is what the payment says."""
    violations = []
    for payment in records.payments:
        gone = sum(amount(each["amount"]) for each in payment["refunds"] if each["status"] == "succeeded")
        captured, refunded = amount(payment["captured"]), amount(payment["refunded"])
        if not 0 <= refunded <= captured or gone > refunded:
            violations.append(f"{payment['_id']}: captured {captured}, refunded {refunded}, in parts {gone}")
    return violations


def one_charge(records: Records) -> list[str]:
    """One charge that succeeded for an order, however often it was asked for."""
    charges: Counter[str] = Counter()
    for intent in records.charges:
        succeeded = [charge for charge in intent["charges"] if charge["status"] == "succeeded"]
        charges[intent["metadata"].get("orderId", intent["id"])] += len(succeeded)
    tries = Counter(intent["metadata"].get("paymentId", intent["id"]) for intent in records.charges)
    return [f"{name} was charged {count} times" for name, count in charges.items() if count > 1] + [
        f"{name} is {count} payments at the provider" for name, count in tries.items() if count > 1
    ]


def provider_agrees(records: Records) -> list[str]:
    """What the provider took, holds and gave back for each payment is what we say; others it let go of entirely."""
    named = [{**intent, "paymentId": intent["metadata"].get("paymentId")} for intent in records.charges]
    intents = by(named, "paymentId")
    ours = {payment["_id"]: payment for payment in records.payments if payment["provider"] == STRIPE}
    given_back = {each["paymentId"] for each in records.given_back}
    strange = [name for name in intents if name not in ours and name not in given_back]
    violations = [f"the provider has a payment {name} that we do not" for name in strange]
    violations += [f"{name} was given back and is ours" for name in given_back & ours.keys()]
    violations += [
        f"{name} was to be given back: {_taken(intents[name])}"
        for name in sorted(given_back)
        if any(_kept(each) for each in intents[name])
    ]
    for name, payment in ours.items():
        theirs = _taken(intents[name])
        held = sum(intent["amount_capturable"] for intent in intents[name])
        own = (amount(payment["captured"]), amount(payment["refunded"]))
        if theirs != own or (held and payment["status"] != "authorized"):
            violations.append(f"{name}: captured and refunded {own} here, {theirs} there, {held} held there")
    return violations


def ledger_balanced(records: Records) -> list[str]:
    """Zero in each entry, and over all of them in each currency; no cause entered twice."""
    sums: Counter[str] = Counter()
    violations = []
    for entry in records.ledger:
        own: Counter[str] = Counter()
        for line in entry["lines"]:
            own[line["currency"]] += line["amount"]
        sums.update(own)
        if any(own.values()):
            violations.append(f"{entry['cause']} sums to {dict(own)}")
    violations += [f"{currency} sums to {left}" for currency, left in sums.items() if left]
    causes = Counter(entry["cause"] for entry in records.ledger)
    return violations + [f"{cause} is entered {count} times" for cause, count in causes.items() if count > 1]


def ledger_explains(records: Records) -> list[str]:
    """The books say of each payment what the payment says of itself: captured, less what went back."""
    booked: Counter[str] = Counter()
    for entry in records.ledger:
        booked[entry["paymentId"]] -= sum(line["amount"] for line in entry["lines"] if line["account"] == INCOME)
    violations = []
    for payment in records.payments:
        moved = amount(payment["captured"]) - amount(payment["refunded"])
        if booked.pop(payment["_id"], 0) != moved:
            violations.append(f"{payment['_id']} moved {moved}, the ledger says otherwise")
    strange = [name for name, left in booked.items() if left and name.startswith("pay_")]
    return violations + [f"the ledger knows {name}, which is no payment" for name in strange]


def debts_agree(records: Records) -> list[str]:
    """One debt for each confirmed order on account, of its total; none that still stands for any other."""
    debts = by([debt for debt in records.debts if debt["orderId"]], "orderId")
    violations = []
    wanted = [order for order in records.confirmed if (order.get("payment") or {}).get("method") == ON_ACCOUNT]
    for order in wanted:
        owed = [amount(debt["principal"]) for debt in debts[order["_id"]]]
        if owed != [total(order)]:
            violations.append(f"{order['_id']} on account costs {total(order)}, debts {owed}")
    may_owe = {order["_id"] for order in wanted}
    may_owe |= {order["_id"] for order in records.confirmed if order["channel"] == "pos"}
    for name, found in debts.items():
        if name not in may_owe and any(debt["status"] != "written_off" for debt in found):
            violations.append(f"{name} is owed for and should not be")
    return violations


def _taken(intents: list[Document]) -> tuple[int, int]:
    """Captured and refunded, as the provider says."""
    received = sum(intent["amount_received"] for intent in intents)
    return received, sum(charge["amount_refunded"] for intent in intents for charge in intent["charges"])


def _kept(intent: Document) -> bool:
    """Whether the provider has or may still take anything."""
    received, refunded = _taken([intent])
    return received != refunded or intent["status"] not in ("succeeded", "canceled")


def _told(payments: list[Document]) -> list[str]:
    return [f"{each['_id']} {each['status']} {amount(each['captured'])}" for each in payments]
