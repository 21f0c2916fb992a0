"""Pieces on hand, held and sold."""

from collections import Counter

from dev.prove.checker.orders import basket_of
from dev.prove.checker.records import Document, Records

ENDED_STATES = {"confirmed": ("deducted",), "cancelled": ("released", "failed", "restocked")}


def none_negative(records: Records) -> list[str]:
    """No row below zero, none promised beyond what is there."""
    return [
        f"{row['sku']} at {row['warehouseId']}: {row['onHand']} on hand, {row['reserved']} reserved"
        for row in records.stock
        if row["onHand"] < 0 or row["reserved"] < 0 or row["reserved"] > row["onHand"]
    ]


def nothing_held(records: Records) -> list[str]:
    """When every order has ended, no piece is held for one; what is reserved is the sum of the holds."""
    return [
        f"{row['sku']} at {row['warehouseId']}: {row['reserved']} reserved, holds {row['holds']}"
        for row in records.stock
        if row["reserved"] or row["holds"]
    ]


def movements_explain(records: Records) -> list[str]:
    """On hand is the sum of all movements, the opening among them, and of those that wait in the row itself."""
    sums: Counter[str] = Counter()
    for movement in all_movements(records):
        sums[movement["stockId"]] += movement["delta"]
    return [
        f"{row['sku']} at {row['warehouseId']}: {row['onHand']} on hand, movements sum to {sums[row['_id']]}"
        for row in records.stock
        if row["onHand"] != sums[row["_id"]]
    ]


def taken_once(records: Records) -> list[str]:
    """A confirmed order moved exactly its pieces out, less what came back; a cancelled one nothing in the end."""
    moved: dict[str, Counter[str]] = {}
    for movement in all_movements(records):
        reference = movement.get("reference") or {}
        if reference.get("type") == "order":
            moved.setdefault(reference["id"], Counter())[movement["sku"]] += movement["delta"]
    violations = [f"{name} moved stock and is no order" for name in moved if name not in records.orders]
    for name, order in records.orders.items():
        out = Counter({sku: -delta for sku, delta in moved.get(name, Counter()).items() if delta})
        returned = Counter({item["sku"]: item.get("returnedQuantity", 0) for item in order["items"]})
        wanted = Counter(dict(basket_of(order))) if order in records.confirmed else Counter()
        if any(not wanted[sku] - returned[sku] <= out[sku] <= wanted[sku] for sku in wanted | out):
            violations.append(f"{name} ({order['status']}) took {dict(out)}, ordered {dict(wanted)}")
    return violations


def reservations_ended(records: Records) -> list[str]:
    """Each order's reservation came to the end that its order came to."""
    violations = []
    for name, order in records.orders.items():
        ending = "cancelled" if order["status"] == "cancelled" else "confirmed"
        reservation = records.reservations.get(name)
        state = reservation["state"] if reservation else None
        # A cancelled order's may be none: cancelled before anybody began with it.
        if state not in ENDED_STATES[ending] and not (ending == "cancelled" and state is None):
            violations.append(f"{name} is {order['status']}, its reservation {state}")
    return violations


def all_movements(records: Records) -> list[Document]:
    """The ledger's movements and those that still wait in their rows, each once."""
    waiting = [
        {"stockId": row["_id"], "sku": row["sku"], **movement}
        for row in records.stock
        for movement in row.get("movements", [])
    ]
    found = {movement.get("_id", movement.get("id")): movement for movement in waiting}
    return list((found | {movement["_id"]: movement for movement in records.movements}).values())
