"""Stock flags: what inventory last announced of each SKU and warehouse, and what shoppers make of it."""

from collections.abc import Iterable
from typing import Literal

from common.aggregate import Part

StockStatus = Literal["in_stock", "low_stock", "out_of_stock"]


class StockFlag(Part):
    """The announced status of one SKU at one warehouse; ``sequence`` orders the announcements."""

    sku: str
    warehouse_id: str
    status: StockStatus
    sequence: int


def status_of(flags: Iterable[StockFlag], skus: Iterable[str]) -> StockStatus:
    """The best status over all warehouses and ``skus``: out only when every one of them is, or none is known."""
    wanted = set(skus)
    found = {flag.status for flag in flags if flag.sku in wanted}
    if "in_stock" in found:
        return "in_stock"
    return "low_stock" if "low_stock" in found else "out_of_stock"
