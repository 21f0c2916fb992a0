"""What the demo's traders did, and what must have come of it; kept apart from the suite."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from dev.demo.goods import Good
from dev.reconcile import Expected, PaymentTotal

THRESHOLD = 5


@dataclass(frozen=True, slots=True)
class Deal:
    """One order or sale that was accepted, and how it must end."""

    order_id: str
    total: int
    pieces: dict[str, int]
    method: str
    month: str
    cancelled_for: str | None = None
    was_confirmed: bool = True
    has_email: bool = True
    is_till: bool = False


@dataclass(slots=True)
class Journal:
    """Everything accepted in one company."""

    currency: str
    deals: list[Deal] = field(default_factory=list)
    scarce_orders: list[dict[str, Any]] = field(default_factory=list)

    def expect(self, goods: list[Good], scarce: Good, from_day: str, to_day: str) -> Expected:
        """The figures that follow from the deals."""
        expected = Expected(self.currency, from_day, to_day)
        sold: Counter[str] = Counter()
        for deal in (*self.deals, *self._scarce_deals(scarce)):
            _count(expected, deal, sold)
        expected.on_hand = {good.sku: good.opening - sold[good.sku] for good in (*goods, scarce)}
        expected.alerted = {sku for sku, pieces in expected.on_hand.items() if pieces <= THRESHOLD}
        expected.live = {
            "order.created": sum(not deal.is_till for deal in self.deals) + len(self.scarce_orders),
            "order.confirmed": expected.messages.get("order_confirmation", 0),
            "order.cancelled": sum(expected.cancelled.values()),
            "sale.completed": sum(deal.is_till for deal in self.deals),
        }
        return expected

    def _scarce_deals(self, scarce: Good) -> list[Deal]:
        """Orders for what ran out: as many are confirmed as there were pieces, whoever they are."""
        deals = []
        for number, order in enumerate(self.scarce_orders):
            lost = number >= scarce.opening
            deals.append(
                Deal(
                    order_id=order["id"],
                    total=scarce.price,
                    pieces={scarce.sku: 1},
                    method="card",
                    month=order["placedAt"][:7],
                    cancelled_for="out_of_stock" if lost else None,
                    was_confirmed=not lost,
                )
            )
        return deals


def _count(expected: Expected, deal: Deal, sold: Counter[str]) -> None:
    expected.totals[deal.order_id] = deal.total
    if deal.was_confirmed and deal.has_email:
        expected.count_message("order_confirmation")
    if deal.cancelled_for:
        _count_cancelled(expected, deal)
        return
    expected.confirmed += 1
    expected.revenue_orders += 1
    expected.units += sum(deal.pieces.values())
    expected.revenue_by_month[deal.month] = expected.revenue_by_month.get(deal.month, 0) + deal.total
    sold.update(deal.pieces)
    paid_now = deal.method in ("card", "cash")
    expected.count_payment(deal.method, "succeeded" if paid_now else "pending", deal.total)
    if deal.method == "on_account":
        expected.debts = PaymentTotal(expected.debts.count + 1, expected.debts.amount + deal.total)


def _count_cancelled(expected: Expected, deal: Deal) -> None:
    assert deal.cancelled_for is not None
    expected.count_cancelled(deal.cancelled_for)
    if deal.has_email:
        expected.count_message("order_cancelled")
    if deal.cancelled_for == "payment_failed":
        expected.count_payment(deal.method, "failed", deal.total)
    elif deal.was_confirmed and deal.method == "card":
        expected.count_payment(deal.method, "refunded", deal.total)
    else:
        expected.count_payment(deal.method, "voided", deal.total)
