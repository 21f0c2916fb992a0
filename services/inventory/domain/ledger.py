"""The stock ledger: movements are appended and never rewritten; their sum is what is on hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args

from common.aggregate import Aggregate, Part

Reason = Literal["opening", "received", "sold", "returned", "damaged", "lost", "found", "correction", "transfer"]
REASONS: tuple[str, ...] = get_args(Reason)


class Reference(Part):
    """What a movement belongs to, such as an order."""

    type: str
    id: str


class Movement(Aggregate):
    """One entry of the ledger. ``delta`` in pieces; ``on_hand_after`` is the row's balance behind it."""

    stock_id: str
    warehouse_id: str
    sku: str
    delta: int
    on_hand_after: int
    reason: Reason
    note: str | None = None
    reference: Reference | None = None
    actor: str
    at: datetime


def with_balances(on_hand: int, pending: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pending movements with ``onHandAfter``, counted back from what is on hand behind the last of them.

    Whoever counts, and whenever, finds the same: a movement leaves a row only together with those before it.
    """
    balanced: list[dict[str, Any]] = []
    after = on_hand
    for movement in reversed(pending):
        balanced.append({**movement, "onHandAfter": after})
        after -= movement["delta"]
    return balanced[::-1]
