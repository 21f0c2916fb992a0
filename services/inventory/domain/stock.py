"""Stock of one SKU in one warehouse: its status, and the events of crossing a threshold."""

from dataclasses import dataclass
from typing import Literal

from common.aggregate import Aggregate
from common.events.stock import BackInStock, LowStock, OutOfStock, StockFact

Status = Literal["in_stock", "low_stock", "out_of_stock"]

USUAL_THRESHOLD = 5
"""Where a company has not said otherwise, in pieces."""

MARGIN_PART = 10

_FACTS: dict[Status, type[StockFact]] = {
    "in_stock": BackInStock,
    "low_stock": LowStock,
    "out_of_stock": OutOfStock,
}


class StockRow(Aggregate):
    """Quantities in pieces. ``low_stock_threshold`` null: the company's, which ``threshold`` repeats.

    ``announced`` is the status that the last event told; null before the first. ``level`` is the status as stored
    for lists: whoever changes a quantity so that it is another sees to it before he answers.
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
    level: Status = "out_of_stock"

    @property
    def available(self) -> int:
        """What can still be promised; below zero only after a till sold more than the books had."""
        return self.on_hand - self.reserved

    @property
    def status(self) -> Status:
        """As it is now, announced or not."""
        return status_of(self.available, self.threshold)

    @property
    def steady_status(self) -> Status:
        """The status to announce: the last one announced, until it is left for good."""
        return steady_status(self.announced, self.available, self.threshold)

    def crossings(self, *, missed: bool = False) -> list[StockFact]:
        """The facts to announce, in order, mostly none. ``missed``: an order just failed on this row."""
        return [
            model(
                stock_id=self.id,
                sku=self.sku,
                product_id=self.product_id,
                variant_id=self.variant_id,
                warehouse_id=self.warehouse_id,
                shop_id=self.shop_id,
                available=self.available,
                threshold=self.threshold,
                previous=self.announced,
            )
            for model in crossings(self.announced, self.steady_status, missed=missed)
        ]


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


def margin_of(threshold: int) -> int:
    """How far above its threshold a SKU that was told to be low must rise until it is told not to be, in pieces."""
    return max(1, threshold // MARGIN_PART)


def steady_status(announced: Status | None, available: int, threshold: int) -> Status:
    """The status to announce where ``announced`` was told last: low ends only above the threshold and its margin."""
    status = status_of(available, threshold)
    if announced == "low_stock" and status == "in_stock" and available <= threshold + margin_of(threshold):
        return "low_stock"
    return status


def crossings(announced: Status | None, status: Status, *, missed: bool = False) -> list[type[StockFact]]:
    """What to announce when ``announced`` was told last. A new row's stock of 0 is told when it is missed.

    Who was told that nothing is left is told that there is something again, however little it is.
    """
    if announced is None and status == "out_of_stock":
        return [OutOfStock] if missed else []
    if announced == status:
        return []
    if announced == "out_of_stock" and status == "low_stock":
        return [BackInStock, LowStock]
    return [_FACTS[status]]
