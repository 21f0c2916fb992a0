"""Stock of one SKU in one warehouse: its status, and the events of crossing a threshold."""

from dataclasses import dataclass
from typing import Literal

from common.aggregate import Aggregate
from common.events.stock import BackInStock, LowStock, OutOfStock, StockFact

Status = Literal["in_stock", "low_stock", "out_of_stock"]

USUAL_THRESHOLD = 5
"""Where a company has not said otherwise, in pieces."""

_FACTS: dict[Status, type[StockFact]] = {
    "in_stock": BackInStock,
    "low_stock": LowStock,
    "out_of_stock": OutOfStock,
}


class StockRow(Aggregate):
    """Quantities in pieces. ``low_stock_threshold`` null: the company's, which ``threshold`` repeats.

    ``announced`` is the status that the last event told; null before the first.
    """

    sku: str
    warehouse_id: str
    shop_id: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    on_hand: int = 0
    reserved: int = 0
    incoming: int = 0
    low_stock_threshold: int | None = None
    threshold: int = USUAL_THRESHOLD
    announced: Status | None = None

    @property
    def available(self) -> int:
        """What can still be promised; below zero only after a till sold more than the books had."""
        return self.on_hand - self.reserved

    @property
    def status(self) -> Status:
        """As it is now, announced or not."""
        return status_of(self.available, self.threshold)

    def crossing(self, *, missed: bool = False) -> StockFact | None:
        """The fact to announce, if any. ``missed``: an order just failed on this row."""
        model = crossing(self.announced, self.status, missed=missed)
        if model is None:
            return None
        return model(
            stock_id=self.id,
            sku=self.sku,
            product_id=self.product_id,
            variant_id=self.variant_id,
            warehouse_id=self.warehouse_id,
            shop_id=self.shop_id,
            available=self.available,
            threshold=self.threshold,
        )


@dataclass(frozen=True, slots=True)
class SkuStock:
    """One SKU over several warehouses."""

    sku: str
    warehouses: list[StockRow]

    def total(self, field: str) -> int:
        """The sum of a quantity over the warehouses, in pieces."""
        return sum(int(getattr(row, field)) for row in self.warehouses)


def status_of(available: int, threshold: int) -> Status:
    """The status of a quantity, in pieces."""
    if available <= 0:
        return "out_of_stock"
    return "low_stock" if available <= threshold else "in_stock"


def crossing(announced: Status | None, status: Status, *, missed: bool = False) -> type[StockFact] | None:
    """What to announce when ``announced`` was told last. A new row's stock of 0 is told when it is missed."""
    if announced is None and status == "out_of_stock":
        return OutOfStock if missed else None
    return None if announced == status else _FACTS[status]
