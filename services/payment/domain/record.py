"""What is stored of a payment, and which moves its status may make."""

from datetime import datetime
from typing import Literal

from common.aggregate import Aggregate, Part
from common.errors import InvalidTransition
from common.money import Money
from services.payment.domain.outcome import Failure, NextAction

Status = Literal[
    "pending",
    "processing",
    "requires_action",
    "authorized",
    "succeeded",
    "failed",
    "expired",
    "voided",
    "partially_refunded",
    "refunded",
]
RefundStatus = Literal["pending", "succeeded", "failed"]

# Money that the provider reports as captured is a fact, so whatever had been given up may still succeed.
MOVES: dict[Status, frozenset[Status]] = {
    "pending": frozenset({"processing", "succeeded", "failed", "expired", "voided", "partially_refunded", "refunded"}),
    "processing": frozenset({"requires_action", "authorized", "succeeded", "failed", "expired", "voided"}),
    "requires_action": frozenset({"authorized", "succeeded", "failed", "expired", "voided"}),
    "authorized": frozenset({"succeeded", "expired", "voided"}),
    "failed": frozenset({"succeeded"}),
    "expired": frozenset({"succeeded"}),
    "voided": frozenset({"succeeded"}),
    "succeeded": frozenset({"partially_refunded", "refunded"}),
    "partially_refunded": frozenset({"succeeded", "refunded"}),
    "refunded": frozenset({"partially_refunded", "succeeded"}),
}
UNDER_WAY: tuple[Status, ...] = ("processing", "requires_action", "authorized")
WAITING: tuple[Status, ...] = ("processing", "requires_action")
GIVEN_UP: tuple[Status, ...] = ("failed", "expired", "voided")
CaptureMethod = Literal["automatic", "manual"]
PLATFORM = "platform"
"""The name of the suite's own account at a provider."""

CALL_SECONDS = 15
"""How long a provider call is left alone before a sweeper repeats it with the same key."""
POLL_SECONDS = 30


class Refund(Part):
    """Money on its way back, embedded in its payment: the sum is checked where it is stored.

    ``handed``: by whom it is given where that is not how it came, such as ``cash`` for what a card had paid.
    """

    id: str
    amount: Money
    reason: str
    status: RefundStatus = "pending"
    reference: str | None = None
    handed: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime


class PaymentRecord(Aggregate):
    """``automatic``: the order itself carried it, so its failure ends the order. ``instrument`` is sealed.

    ``account_id``: whose account at the provider it goes to. ``payer_reference``: the provider's name for the
    customer that a kept method belongs to. ``capturing``: the part of an authorisation that is being taken.
    ``request_id``: the request that captured it or took it in cash; the same again finds what it did.
    ``tried_from``: where a decline of it counts.
    ``due_at``: when a sweeper must look at it next; null when nobody waits for anything.
    """

    order_id: str
    shop_id: str | None = None
    customer_id: str | None = None
    method: str
    provider: str
    account_id: str = PLATFORM
    tried_from: list[str] = []
    status: Status = "pending"
    amount: Money
    capture_method: CaptureMethod = "automatic"
    authorized: Money | None = None
    authorization_expires_at: datetime | None = None
    capturing: int | None = None
    request_id: str | None = None
    captured: Money
    refunded: Money
    fee: int = 0
    next_action: NextAction | None = None
    failure: Failure | None = None
    refunds: list[Refund] = []
    automatic: bool = False
    instrument: str | None = None
    payer_reference: str | None = None
    reference: str | None = None
    charge_reference: str | None = None
    attempts: int = 0
    deadline_at: datetime
    due_at: datetime | None = None

    def _move(self, to: Status) -> None:
        if to not in MOVES[self.status]:
            raise InvalidTransition(f"A {self.status} payment cannot become {to}.")
        self.status = to
