"""What a run must have left behind. Amounts in minor units of the company's currency."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PaymentTotal:
    """How many payments of a kind there are, and their sum."""

    count: int
    amount: int

    def plus(self, amount: int) -> "PaymentTotal":
        """One more."""
        return PaymentTotal(self.count + 1, self.amount + amount)


@dataclass(slots=True)
class Expected:
    """The figures of one company's trade. ``totals`` by order id; ``on_hand`` by SKU; ``messages`` by type."""

    currency: str
    from_day: str
    to_day: str
    confirmed: int = 0
    cancelled: dict[str, int] = field(default_factory=dict)
    revenue_by_month: dict[str, int] = field(default_factory=dict)
    units: int = 0
    revenue_orders: int = 0
    totals: dict[str, int] = field(default_factory=dict)
    payments: dict[str, PaymentTotal] = field(default_factory=dict)
    debts: PaymentTotal = field(default_factory=lambda: PaymentTotal(0, 0))
    on_hand: dict[str, int] = field(default_factory=dict)
    alerted: set[str] = field(default_factory=set)
    messages: dict[str, int] = field(default_factory=dict)
    live: dict[str, int] = field(default_factory=dict)

    def count_cancelled(self, reason: str) -> None:
        """One more order that ended without a sale."""
        self.cancelled[reason] = self.cancelled.get(reason, 0) + 1

    def count_payment(self, method: str, status: str, amount: int) -> None:
        """One more payment record of this method that ends in this status."""
        kind = f"{method} {status}"
        self.payments[kind] = self.payments.get(kind, PaymentTotal(0, 0)).plus(amount)

    def count_message(self, message_type: str) -> None:
        """One more message to a customer."""
        self.messages[message_type] = self.messages.get(message_type, 0) + 1
