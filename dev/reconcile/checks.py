"""Asks every service through the gateway and lays its figures beside the expected ones."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from dev.reconcile.expected import Expected, PaymentTotal
from dev.reconcile.report import Check
from dev.trading import Api

WAITING = ("pending", "on_hold")
LEDGER_SAMPLE = 25


async def wait_until_ended(
    api: Api, deadline_seconds: float, progress: Callable[[int], None] = lambda waiting: None
) -> bool:
    """Wait until no order waits any more, or give up. ``progress`` hears how many still do (100: or more)."""
    until = time.monotonic() + deadline_seconds
    while time.monotonic() < until:
        waiting = 0
        for status in WAITING:
            waiting += len((await api.get("/api/orders", status=status, limit=100))["items"])
        progress(waiting)
        if waiting == 0:
            return True
        await asyncio.sleep(0.5)
    return False


async def reconcile(
    api: Api,
    expected: Expected,
    *,
    live: Mapping[str, int] | None = None,
    settle_seconds: float = 120.0,
) -> list[Check]:
    """All checks; repeated until they agree or the watchers have had ``settle_seconds`` to catch up."""
    until = time.monotonic() + settle_seconds
    while True:
        checks = [
            *await _orders(api, expected),
            *await _payments(api, expected),
            *await _debts(api, expected),
            *await _stock(api, expected),
            *await _dashboard(api, expected),
            *await _messages(api, expected),
            *await _audit(api),
        ]
        if live is not None:
            checks += [
                Check(f"realtime: {kind} events", count, live.get(kind, 0)) for kind, count in expected.live.items()
            ]
        if all(check.ok for check in checks) or time.monotonic() > until:
            return checks
        await asyncio.sleep(2)


async def _orders(api: Api, expected: Expected) -> list[Check]:
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    differing: list[str] = []
    seen: set[str] = set()
    async for order in api.every("/api/orders"):
        if order["id"] not in expected.totals:
            continue
        seen.add(order["id"])
        ended = "cancelled" if order["status"] == "cancelled" else "confirmed"
        statuses[order["status"] if order["status"] in WAITING else ended] += 1
        if ended == "cancelled":
            reasons[str(order["cancelReason"])] += 1
        total = order["totals"]["grandTotal"]
        if total != {"amount": expected.totals[order["id"]], "currency": expected.currency}:
            differing.append(order["number"])
    return [
        Check("sales: orders", len(expected.totals), len(seen)),
        Check("sales: confirmed", expected.confirmed, statuses["confirmed"]),
        Check("sales: still waiting", 0, statuses["pending"] + statuses["on_hold"]),
        *(
            Check(f"sales: cancelled, {reason}", expected.cancelled.get(reason, 0), reasons[reason])
            for reason in sorted(set(expected.cancelled) | set(reasons))
        ),
        Check("sales: orders with another total", [], differing[:5]),
    ]


async def _payments(api: Api, expected: Expected) -> list[Check]:
    found: dict[str, PaymentTotal] = {}
    async for payment in api.every("/api/payments"):
        kind = f"{payment['method']} {payment['status']}"
        found[kind] = found.get(kind, PaymentTotal(0, 0)).plus(payment["amount"]["amount"])
    none = PaymentTotal(0, 0)
    checks = []
    for kind in sorted(set(expected.payments) | set(found)):
        wanted, got = expected.payments.get(kind, none), found.get(kind, none)
        checks.append(Check(f"payment: {kind}", wanted.count, got.count))
        checks.append(Check(f"payment: {kind}, amount", wanted.amount, got.amount))
    balances = await api.get("/api/payments/ledger/balances")
    sums: Counter[str] = Counter()
    for line in balances["items"]:
        sums[line["balance"]["currency"]] += line["balance"]["amount"]
    checks.append(Check("payment: ledger sum per currency", {}, {c: s for c, s in sums.items() if s}))
    return checks


async def _debts(api: Api, expected: Expected) -> list[Check]:
    count = outstanding = 0
    async for debt in api.every("/api/debts"):
        if debt["orderId"] and debt["status"] != "written_off":
            count += 1
            outstanding += debt["outstanding"]["amount"]
    return [
        Check("debt: debts of orders", expected.debts.count, count),
        Check("debt: outstanding", expected.debts.amount, outstanding),
    ]


async def _stock(api: Api, expected: Expected) -> list[Check]:
    on_hand: Counter[str] = Counter()
    reserved = 0
    async for row in api.every("/api/inventory/v1/products"):
        on_hand[row["sku"]] += row["onHand"]
        reserved += row["reserved"]
    wrong = [sku for sku, wanted in sorted(expected.on_hand.items()) if on_hand[sku] != wanted]
    checks = [
        Check("inventory: pieces on hand", sum(expected.on_hand.values()), sum(on_hand[s] for s in expected.on_hand)),
        Check("inventory: codes with another count", [], wrong[:5]),
        Check("inventory: reserved", 0, reserved),
    ]
    unexplained = []
    for sku in sorted(expected.on_hand)[:: max(1, len(expected.on_hand) // LEDGER_SAMPLE)]:
        moved = 0
        async for movement in api.every("/api/inventory/v1/movements", sku=sku):
            moved += movement["delta"]
        if moved != on_hand[sku]:
            unexplained.append(sku)
    checks.append(Check("inventory: sampled codes whose movements do not sum up", [], unexplained))
    return checks


async def _dashboard(api: Api, expected: Expected) -> list[Check]:
    query = {"from": expected.from_day, "to": expected.to_day}
    board: dict[str, Any] = await api.get("/api/analytics/dashboard", **query)
    by_month: Counter[str] = Counter()
    for day in board["byDay"]:
        by_month[day["date"][:7]] += day["revenue"]["amount"]
    months = sorted(set(expected.revenue_by_month) | {month for month, amount in by_month.items() if amount})
    return [
        Check("analytics: orders", expected.revenue_orders, board["orders"]),
        Check("analytics: units", expected.units, board["units"]),
        Check("analytics: revenue", sum(expected.revenue_by_month.values()), board["revenue"]["amount"]),
        *(Check(f"analytics: revenue {m}", expected.revenue_by_month.get(m, 0), by_month[m]) for m in months),
    ]


async def _messages(api: Api, expected: Expected) -> list[Check]:
    checks = []
    for message_type, wanted in sorted(expected.messages.items()):
        sent = 0
        async for message in api.every("/api/notifications", type=message_type, status="sent"):
            sent += message["channel"] == "email"
        checks.append(Check(f"notification: {message_type} sent", wanted, sent))
    alerted: set[str] = set()
    async for alert in api.every("/api/notifications", type="stock_alert"):
        alerted.add(alert["reference"]["id"])
    missing = sorted(expected.alerted - alerted)
    checks.append(Check("notification: codes at or below their threshold without alert", [], missing[:5]))
    return checks


async def _audit(api: Api) -> list[Check]:
    verdict = await api.get("/api/audit/verify")
    return [Check("audit: chain verified", True, verdict["ok"])]
