"""Facts of the inventory service."""

from datetime import datetime
from typing import ClassVar

from common.events.base import EventData
from common.events.parts import ChangeData, Shortage, StockLine


class WarehouseCreated(EventData):
    """A warehouse exists; ``shop_id`` names the shop whose default it is, if any."""

    TYPE: ClassVar[str] = "warehouse.created"
    PRODUCER: ClassVar[str] = "inventory"
    warehouse_id: str
    name: str
    code: str
    shop_id: str | None = None
    priority: int


class StockAdjusted(EventData):
    """A movement was entered by hand. ``delta`` in pieces; ``on_hand`` is what is there after it."""

    TYPE: ClassVar[str] = "stock.adjusted"
    PRODUCER: ClassVar[str] = "inventory"
    movement_id: str
    warehouse_id: str
    sku: str
    delta: int
    reason: str
    on_hand: int


class InventoryReserved(EventData):
    """All lines of an order are held until ``expires_at``."""

    TYPE: ClassVar[str] = "inventory.reserved"
    PRODUCER: ClassVar[str] = "inventory"
    order_id: str
    shop_id: str | None = None
    lines: list[StockLine]
    expires_at: datetime


class ReservationFailed(EventData):
    """Some lines fell short, so nothing is held."""

    TYPE: ClassVar[str] = "inventory.reservation_failed"
    PRODUCER: ClassVar[str] = "inventory"
    order_id: str
    shop_id: str | None = None
    shortages: list[Shortage]


class InventoryReleased(EventData):
    """What was held for an order is free again. ``reason``: cancelled or expired."""

    TYPE: ClassVar[str] = "inventory.released"
    PRODUCER: ClassVar[str] = "inventory"
    order_id: str
    shop_id: str | None = None
    reason: str
    lines: list[StockLine]


class InventoryDeducted(EventData):
    """Goods of a confirmed order or a till sale left the stock."""

    TYPE: ClassVar[str] = "inventory.deducted"
    PRODUCER: ClassVar[str] = "inventory"
    order_id: str
    shop_id: str | None = None
    lines: list[StockLine]


class InventoryRestocked(EventData):
    """Deducted goods of a cancelled order are back on the shelf."""

    TYPE: ClassVar[str] = "inventory.restocked"
    PRODUCER: ClassVar[str] = "inventory"
    order_id: str
    shop_id: str | None = None
    lines: list[StockLine]


class StockDiscrepancyFound(EventData):
    """A till sold more than the books had: the sale stands, the books are short."""

    TYPE: ClassVar[str] = "inventory.discrepancy_found"
    PRODUCER: ClassVar[str] = "inventory"
    order_id: str
    shop_id: str | None = None
    shortages: list[Shortage]


class StockFact(EventData):
    """Base of the SKU events, raised only when a threshold is crossed. Quantities in pieces.

    ``previous``: the status told before (in_stock, low_stock, out_of_stock), null for a row's first.
    """

    stock_id: str
    sku: str
    product_id: str | None = None
    variant_id: str | None = None
    warehouse_id: str
    shop_id: str | None = None
    available: int
    threshold: int
    previous: str | None = None


class LowStock(StockFact):
    """Available fell to the threshold or below, and is not zero."""

    TYPE: ClassVar[str] = "inventory.low_stock"
    PRODUCER: ClassVar[str] = "inventory"


class OutOfStock(StockFact):
    """Nothing is available any more."""

    TYPE: ClassVar[str] = "inventory.out_of_stock"
    PRODUCER: ClassVar[str] = "inventory"


class BackInStock(StockFact):
    """Available rose above zero after nothing was left, or above the threshold and its margin after it was low."""

    TYPE: ClassVar[str] = "inventory.back_in_stock"
    PRODUCER: ClassVar[str] = "inventory"


class WarehouseUpdated(ChangeData):
    """A warehouse was renamed or moved in the order in which warehouses are asked."""

    TYPE: ClassVar[str] = "warehouse.updated"
    PRODUCER: ClassVar[str] = "inventory"
    warehouse_id: str = ""
    name: str = ""
    priority: int = 0

    def subject_id(self) -> str:
        return self.warehouse_id


class StockThresholdChanged(ChangeData):
    """The threshold below which a SKU in a warehouse counts as low was set or, with null, left to the company."""

    TYPE: ClassVar[str] = "stock.threshold_changed"
    PRODUCER: ClassVar[str] = "inventory"
    stock_id: str = ""
    sku: str = ""
    warehouse_id: str = ""
    shop_id: str | None = None

    def subject_id(self) -> str:
        return self.stock_id
