"""Why so much of a SKU is on hand: its movements added up by reason."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.inventory.domain.stock import StockRow


@dataclass(frozen=True, slots=True)
class ReasonSum:
    """All movements of one reason in one warehouse, in pieces."""

    reason: str
    delta: int
    entries: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """One SKU in one warehouse: what is on hand, and the movements that made it so."""

    warehouse_id: str
    on_hand: int
    reasons: list[ReasonSum]

    @property
    def ledger(self) -> int:
        """The sum of all movements, in pieces."""
        return sum(one.delta for one in self.reasons)

    @property
    def is_explained(self) -> bool:
        """Whether the ledger comes to what is on hand, as it always must."""
        return self.ledger == self.on_hand


def explain(rows: Iterable[StockRow], sums: Iterable[tuple[str, str, int, int]]) -> list[Explanation]:
    """An explanation a row, from sums of (warehouse id, reason, delta, entries)."""
    by_place: dict[str, list[ReasonSum]] = {}
    for place, reason, delta, entries in sums:
        by_place.setdefault(place, []).append(ReasonSum(reason, delta, entries))
    return [Explanation(row.warehouse_id, row.on_hand, by_place.get(row.warehouse_id, [])) for row in rows]
