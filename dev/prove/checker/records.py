"""Everything one company left behind."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

WAITING = ("pending", "on_hold")
"""What an order that has not ended is."""

LIVE = ("pending", "processing", "requires_action", "authorized", "succeeded", "partially_refunded", "refunded")
"""What a payment is that took money, or still may."""


@dataclass(slots=True)
class Answers:
    """What the clients sent of one company, and were answered, by the key of the request."""

    sent: dict[str, Document] = field(default_factory=dict)
    accepted: dict[str, list[Document]] = field(default_factory=lambda: defaultdict(list))
    refused: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Unsent:
    """An event that waits in an aggregate's outbox."""

    database: str
    collection: str
    aggregate_id: str
    event: Document


@dataclass(slots=True)
class Records:
    """The documents of one company, as they were read; amounts in minor units."""

    company_id: str
    answers: Answers
    orders: dict[str, Document]
    payments: list[Document]
    accounts: list[Document]
    ledger: list[Document]
    stock: list[Document]
    movements: list[Document]
    reservations: dict[str, Document]
    debts: list[Document]
    messages: list[Document]
    audit: list[Document]
    sent: list[Document]
    unsent: list[Unsent]
    days: list[Document]
    day_products: list[Document]
    charges: list[Document]
    given_back: list[Document]
    """What a provider held for orders that a restored database had forgotten, and had to let go of."""
    mails: list[Document]

    @property
    def confirmed(self) -> list[Document]:
        """The orders that were accepted for good."""
        return [order for order in self.orders.values() if order["status"] not in (*WAITING, "cancelled")]

    @property
    def cancelled(self) -> list[Document]:
        """The orders that came to nothing."""
        return [order for order in self.orders.values() if order["status"] == "cancelled"]

    def payments_of(self) -> Mapping[str, list[Document]]:
        """Payments by order."""
        return by(self.payments, "orderId")


def by(documents: Iterable[Document], name: str) -> Mapping[str, list[Document]]:
    """Documents by one of their fields; an absent key has none."""
    found: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        found[document[name]].append(document)
    return found


def amount(money: Document | None) -> int:
    """The minor units of an amount; 0 where there is none."""
    return int(money["amount"]) if money else 0


def total(order: Document) -> int:
    """What an order costs, in minor units."""
    return amount(order["totals"]["grandTotal"])
