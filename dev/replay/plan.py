"""From invoices to orders: who pays how, what is short, and what must come of it. No suite involved."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from dev.reconcile import Expected, PaymentTotal
from dev.replay.rows import Invoice, fixed_hash

CARD_SHARE = 70
CASH_ON_DELIVERY_SHARE = 15
DECLINED_SHARE = 5
"""Per cent of the card orders whose card is declined."""

RARELY_SOLD = 3
THRESHOLD = 5
GOOD_CARD = "pm_card_visa"
BAD_CARD = "pm_card_visa_chargeDeclined"


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One invoice as an order, and how it must end: None for confirmed, else the reason of cancellation."""

    invoice: Invoice
    method: str
    is_declined: bool
    cancelled_for: str | None

    @property
    def payment(self) -> dict[str, Any]:
        """The order's ``payment`` member."""
        if self.method != "card":
            return {"method": self.method}
        return {"method": "card", "paymentMethodToken": BAD_CARD if self.is_declined else GOOD_CARD}


@dataclass(slots=True)
class Plan:
    """All orders, the opening stock by code, and the figures that follow; order ids come with the answers."""

    orders: list[PlannedOrder]
    opening: dict[str, int]
    expected: Expected


def make_plan(invoices: list[Invoice]) -> Plan:
    """Decide everything by fixed hashes, so that two runs are the same."""
    demand: Counter[str] = Counter()
    orders_of_code: Counter[str] = Counter()
    for invoice in invoices:
        orders_of_code.update({line.code for line in invoice.lines})
        for line in invoice.lines:
            demand[line.code] += line.quantity
    empty = _codes_without_stock(orders_of_code)
    opening = {code: 0 if code in empty else pieces for code, pieces in demand.items()}
    orders = [_plan_order(invoice, empty) for invoice in invoices]
    return Plan(orders, opening, _expect(orders, opening))


def _codes_without_stock(orders_of_code: Counter[str]) -> set[str]:
    """One per cent of the codes, those with the lowest hash among the rarely sold."""
    rare = [code for code, count in orders_of_code.items() if count <= RARELY_SOLD]
    wanted = max(1, len(orders_of_code) // 100)
    return set(sorted(rare, key=lambda code: fixed_hash(f"empty:{code}"))[:wanted])


def _plan_order(invoice: Invoice, empty: set[str]) -> PlannedOrder:
    share = invoice.share("method")
    method = "on_account"
    if share < CARD_SHARE:
        method = "card"
    elif share < CARD_SHARE + CASH_ON_DELIVERY_SHARE:
        method = "cash_on_delivery"
    is_declined = method == "card" and invoice.share("declined") < DECLINED_SHARE
    reason = None
    if any(line.code in empty for line in invoice.lines):
        reason = "out_of_stock"
    elif is_declined:
        reason = "payment_failed"
    return PlannedOrder(invoice, method, is_declined, reason)


def _expect(orders: list[PlannedOrder], opening: dict[str, int]) -> Expected:
    days = sorted(order.invoice.placed_at.date().isoformat() for order in orders)
    expected = Expected("GBP", days[0], days[-1])
    sold: Counter[str] = Counter()
    for order in orders:
        _expect_one(expected, order)
        if order.cancelled_for is None:
            for line in order.invoice.lines:
                sold[line.code] += line.quantity
    expected.on_hand = {code: pieces - sold[code] for code, pieces in opening.items()}
    expected.alerted = {code for code, pieces in expected.on_hand.items() if pieces <= THRESHOLD}
    expected.live = {
        "order.created": len(orders),
        "order.confirmed": expected.confirmed,
        "order.cancelled": sum(expected.cancelled.values()),
    }
    return expected


def _expect_one(expected: Expected, order: PlannedOrder) -> None:
    total = order.invoice.total
    if order.cancelled_for is not None:
        expected.count_cancelled(order.cancelled_for)
        expected.count_message("order_cancelled")
        if order.cancelled_for == "payment_failed":
            expected.count_payment("card", "failed", total)
        else:
            expected.count_payment(order.method, "voided", total)
        return
    expected.confirmed += 1
    expected.revenue_orders += 1
    expected.units += order.invoice.units
    month = order.invoice.month
    expected.revenue_by_month[month] = expected.revenue_by_month.get(month, 0) + total
    expected.count_message("order_confirmation")
    if order.method == "card":
        expected.count_payment("card", "succeeded", total)
    else:
        expected.count_payment(order.method, "pending", total)
    if order.method == "on_account":
        expected.debts = PaymentTotal(expected.debts.count + 1, expected.debts.amount + total)
