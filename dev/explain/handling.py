"""Which consumer has taken which event: read from what taking it leaves behind in that service's own records.

A service notes an event by its id (sales), or by what it made of it: the reservation that `order.created` begins,
the account that `order.cancelled` closes. A row here says where that shows. It is a second opinion beside the
handlers, not their own word.
"""

from collections.abc import Callable, Mapping

from common.mongo.store import HANDLED_KEPT
from dev.explain.events import Handling, Seen
from dev.explain.records import Records

Trace = Callable[[Records, Seen], Handling]

ON_ACCOUNT = "on_account"
TAKEN = ("deducted", "restocking", "restocked")
ENDED = ("released", "failed")


def _shown(is_there: bool) -> Handling:
    return "handled" if is_there else "open"


def _in_the_order(records: Records, seen: Seen) -> Handling:
    handled = records.order.get("handled", [])
    if seen.id not in handled and len(handled) >= HANDLED_KEPT:
        return "no trace"  # its id may have made room for later ones
    return _shown(seen.id in handled)


def _in_the_account(field: str) -> Trace:
    return lambda records, seen: _shown(bool(records.account and records.account.get(field)))


def _return_in_the_account(records: Records, seen: Seen) -> Handling:
    return _shown(bool(records.account and seen.data["returnId"] in records.account["returns"]))


def _in_the_ledger(records: Records, seen: Seen) -> Handling:
    cause = f"debt:{seen.data['debtPaymentId']}"
    return _shown(any(entry["cause"] == cause for entry in records.ledger))


def _state(records: Records) -> str:
    return str((records.reservation or {}).get("state"))


def _is_reserved(records: Records, seen: Seen) -> Handling:
    return _shown(_state(records) not in ("None", "reserving"))


def _is_deducted(records: Records, seen: Seen) -> Handling:
    given_back = (records.reservation or {}).get("reason") == "cancelled"
    return _shown(_state(records) in TAKEN or given_back)


def _is_given_back(records: Records, seen: Seen) -> Handling:
    is_cancelled = (records.reservation or {}).get("reason") == "cancelled"
    return _shown(_state(records) == "restocked" or (is_cancelled and _state(records) in ENDED))


def _is_sold(records: Records, seen: Seen) -> Handling:
    return _shown(_state(records) in TAKEN)


def _is_back(records: Records, seen: Seen) -> Handling:
    name = seen.data["returnId"]
    waiting = [movement for row in records.stock for movement in row.get("movements", [])]
    return _shown(any(each["reference"]["id"] == name for each in [*records.movements, *waiting]))


def _is_owed(records: Records, seen: Seen) -> Handling:
    if records.debts:
        return "handled"
    data = seen.data
    methods = [tender["method"] for tender in data.get("tenders", [])] or [data.get("paymentMethod")]
    return "open" if ON_ACCOUNT in methods and data.get("paymentStatus") != "paid" else "nothing to do"


def _is_owed_no_more(records: Records, seen: Seen) -> Handling:
    if records.debts:
        return _shown(all(debt["status"] in ("written_off", "paid") for debt in records.debts))
    owed = seen.data["wasConfirmed"] and seen.data.get("paymentMethod") == ON_ACCOUNT
    return "open" if owed else "nothing to do"


def _is_owed_less(records: Records, seen: Seen) -> Handling:
    if ON_ACCOUNT not in [tender["method"] for tender in seen.data["tenders"]]:
        return "nothing to do"
    return _shown(any(seen.data["returnId"] in debt["returns"] for debt in records.debts))


def _is_told(records: Records, seen: Seen) -> Handling:
    """Messages name their event. Who may be reached by nothing, or wants nothing, leaves none."""
    name = f"{records.order_id}:delivered" if seen.type == "order.status_changed" else seen.id
    if any(message["eventId"] == name for message in records.messages):
        return "handled"
    if not (records.order["email"] or records.order["customerId"]) or seen.data.get("final"):
        return "nothing to do"  # a final decline is told by the cancellation that follows
    if seen.type == "order.status_changed" and seen.data["fulfilmentStatus"] != "delivered":
        return "nothing to do"
    return "no trace"


def _cart_is_empty(records: Records, seen: Seen) -> Handling:
    if records.cart is None:
        return "nothing to do"
    return _shown(seen.id in records.cart.get("handled", []))


TRACES: Mapping[tuple[str, str], Trace] = {
    **{
        ("sales", kind): _in_the_order
        for kind in (
            "inventory.reserved",
            "inventory.reservation_failed",
            *(f"payment.{what}" for what in ("authorized", "succeeded", "failed", "expired", "requires_action")),
            *(f"payment.{what}" for what in ("voided", "refunded")),
            "debt.settled",
        )
    },
    ("payment", "order.created"): _in_the_account("known"),
    ("payment", "inventory.reserved"): _in_the_account("reserved"),
    ("payment", "order.cancelled"): _in_the_account("ended"),
    ("payment", "sale.completed"): _in_the_account("known"),
    ("payment", "sale.returned"): _return_in_the_account,
    ("payment", "debt.payment_recorded"): _in_the_ledger,
    ("inventory", "order.created"): _is_reserved,
    ("inventory", "order.confirmed"): _is_deducted,
    ("inventory", "order.cancelled"): _is_given_back,
    ("inventory", "sale.completed"): _is_sold,
    ("inventory", "sale.returned"): _is_back,
    ("debt", "order.confirmed"): _is_owed,
    ("debt", "sale.completed"): _is_owed,
    ("debt", "sale.returned"): _is_owed_less,
    ("debt", "order.cancelled"): _is_owed_no_more,
    ("catalog", "order.created"): _cart_is_empty,
    **{
        ("notification", kind): _is_told
        for kind in (
            "order.confirmed",
            "order.cancelled",
            "order.fulfilled",
            "order.status_changed",
            "payment.refunded",
            "payment.failed",
            "sale.receipt_requested",
        )
    },
}
"""By consumer and event type, where it shows that the event was taken."""


def note_handling(events: list[Seen], records: Records, consumers: Mapping[str, set[str]], counted: set[str]) -> None:
    """Note at each event what its consumers made of it. ``counted``: the ids that analytics has taken."""
    for seen in events:
        for service, types in consumers.items():
            if seen.type in types:
                seen.consumers[service] = _made_of(service, seen, records, counted)


def _made_of(service: str, seen: Seen, records: Records, counted: set[str]) -> Handling:
    if service == "audit":
        return _shown(seen.is_audited)
    if service == "analytics":
        return _shown(seen.id in counted)
    trace = TRACES.get((service, seen.type))
    return trace(records, seen) if trace is not None else "no trace"
