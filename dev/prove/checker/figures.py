"""What analytics counted; what customers were told."""

from collections import Counter

from dev.prove.checker.records import Records, by, total

TOLD = {"confirmed": "order_confirmation", "cancelled": "order_cancelled"}
"""What a customer hears of the end of an order."""

SENT = "sent"
EMAIL = "email"


def sales_counted(records: Records) -> list[str]:
    """Orders and revenue are those of the confirmed orders; refunds are those of the payments."""
    seen = {name: sum(day[name] for day in records.days) for name in ("orders", "revenue")}
    wanted = {"orders": len(records.confirmed), "revenue": sum(total(order) for order in records.confirmed)}
    return [f"{name}: {wanted[name]} sold, {seen[name]} counted" for name in wanted if wanted[name] != seen[name]]


def pieces_counted(records: Records) -> list[str]:
    """Pieces by SKU are those of the confirmed orders."""
    seen: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for product in records.day_products:
        seen[product["sku"]] += product["units"]
    for order in records.confirmed:
        for item in order["items"]:
            wanted[item["sku"]] += item["quantity"]
    return [f"{sku}: {wanted[sku]} sold, {seen[sku]} counted" for sku in wanted | seen if wanted[sku] != seen[sku]]


def told_once(records: Records) -> list[str]:
    """One mail of the end of each order that has an address; none of an end that it did not come to."""
    told: Counter[tuple[str, str]] = Counter()
    for message in records.messages:
        if message["channel"] == EMAIL and message["type"] in TOLD.values():
            told[message["reference"]["id"], message["type"]] += 1
    violations = []
    for name, order in records.orders.items():
        if order.get("email"):
            ending = "cancelled" if order["status"] == "cancelled" else "confirmed"
            count = told.pop((name, TOLD[ending]), 0)
            # Whoever cancels a confirmed order was told of both.
            told.pop((name, TOLD["confirmed"]), 0) if ending == "cancelled" else None
            if count != 1 and order["channel"] == "web":
                violations.append(f"{name} ({ending}) was told {count} times")
    return violations + [f"{kind} of {name} was told {count} times" for (name, kind), count in told.items()]


def mailed_once(records: Records) -> list[str]:
    """Every fact makes one message a person and way; each that left by mail is one letter to that address."""
    facts = Counter((each["eventId"], each["type"], each["recipientKey"], each["channel"]) for each in records.messages)
    violations = [f"{fact} is {count} messages" for fact, count in facts.items() if count > 1]
    letters = by(({**mail, "message": _message_of(mail)} for mail in records.mails), "message")
    for message in records.messages:
        if message["channel"] != EMAIL:
            continue
        found = letters[message["_id"]]
        if message["status"] == SENT and not found:
            violations.append(f"{message['_id']} ({message['type']}) was sent and did not arrive")
        elif any(message["recipient"]["address"] not in mail["to"] for mail in found):
            violations.append(f"{message['_id']} went to {[mail['to'] for mail in found]}")
        elif message["status"] not in (SENT, "suppressed"):
            violations.append(f"{message['_id']} ({message['type']}) is {message['status']}")
    return violations


def _message_of(mail: dict[str, str]) -> str:
    return mail["messageId"].strip("<>").partition("@")[0]
