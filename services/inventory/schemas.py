"""Requests and answers of the inventory service."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, field_validator

from common.web.schema import Code, Identifier, In, LongText, Out, PatchIn, Resource, Text
from services.inventory.domain.explanation import Explanation
from services.inventory.domain.ledger import Reason
from services.inventory.domain.stock import SkuStock, Status
from services.inventory.domain.warehouse import WarehouseStatus

BATCH_LIMIT = 500

Priority = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Threshold = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Delta = Annotated[int, Field(strict=True, ge=-1_000_000, le=1_000_000)]


class WarehouseIn(In):
    """A new warehouse. A lower ``priority`` is asked first for goods."""

    name: Text
    code: Code
    shop_id: Identifier | None = None
    priority: Priority | None = None


class WarehousePatch(PatchIn):
    """Changes to a warehouse; its code and shop are fixed."""

    IMMUTABLE = (*PatchIn.IMMUTABLE, "code", "shopId", "shop_id")

    name: Text = ""
    priority: Priority = 0
    status: WarehouseStatus = "active"


class WarehouseOut(Resource):
    """A warehouse."""

    name: str
    code: str
    shop_id: str | None
    priority: int
    is_default: bool
    status: WarehouseStatus


class AdjustmentIn(In):
    """An entry of the ledger. ``delta`` in pieces, not 0."""

    warehouse_id: Identifier
    sku: Code
    delta: Delta
    reason: Reason
    note: LongText | None = None

    @field_validator("delta")
    @classmethod
    def _moves_something(cls, delta: int) -> int:
        if delta == 0:
            raise ValueError("must not be 0")
        return delta


class AdjustmentsIn(In):
    """Up to 500 adjustments; each is judged on its own."""

    adjustments: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=BATCH_LIMIT)]


class ReferenceOut(Out):
    """What a movement belongs to."""

    type: str
    id: str


class MovementOut(Resource):
    """An entry of the stock ledger."""

    warehouse_id: str
    sku: str
    delta: int
    on_hand_after: int
    reason: str
    note: str | None
    reference: ReferenceOut | None
    at: datetime
    actor: ReferenceOut

    @field_validator("actor", mode="before")
    @classmethod
    def _split(cls, actor: Any) -> Any:
        if not isinstance(actor, str):
            return actor
        kind, _, name = actor.partition(":")
        return {"type": kind, "id": name}


class AdjustmentResult(Out):
    """What came of one adjustment of a batch: ``status`` is accepted, replayed or rejected."""

    index: int
    status: str
    result: MovementOut | None
    problem: dict[str, Any] | None


class AdjustmentsOut(Out):
    """A result a row, in the order sent."""

    results: list[AdjustmentResult]
    accepted: int
    replayed: int
    rejected: int


class StockOut(Resource):
    """One SKU in one warehouse, in pieces. ``lowStockThreshold`` null: the company's, shown as ``threshold``."""

    sku: str
    product_id: str | None
    variant_id: str | None
    warehouse_id: str
    on_hand: int
    reserved: int
    available: int
    incoming: int
    low_stock_threshold: int | None
    threshold: int
    status: Status


class SkuOut(Out):
    """One SKU over all warehouses."""

    sku: str
    on_hand: int
    reserved: int
    available: int
    incoming: int
    warehouses: list[StockOut]

    @classmethod
    def of(cls, stock: SkuStock) -> "SkuOut":
        """The sums and the rows."""
        sums = {name: stock.total(name) for name in ("on_hand", "reserved", "available", "incoming")}
        return cls(sku=stock.sku, warehouses=[StockOut.model_validate(row) for row in stock.warehouses], **sums)


class ReasonSumOut(Out):
    """All movements of one reason, in pieces."""

    reason: str
    delta: int
    entries: int


class WarehouseExplanationOut(Out):
    """On hand in one warehouse, and the sum of its movements, which are the same."""

    warehouse_id: str
    on_hand: int
    ledger: int
    is_explained: bool
    reasons: list[ReasonSumOut]


class ExplanationOut(Out):
    """Why so much of a SKU is on hand."""

    sku: str
    on_hand: int
    ledger: int
    is_explained: bool
    warehouses: list[WarehouseExplanationOut]

    @classmethod
    def of(cls, sku: str, parts: list[Explanation]) -> "ExplanationOut":
        """The sums and the warehouses."""
        return cls(
            sku=sku,
            on_hand=sum(part.on_hand for part in parts),
            ledger=sum(part.ledger for part in parts),
            is_explained=all(part.is_explained for part in parts),
            warehouses=[WarehouseExplanationOut.model_validate(part) for part in parts],
        )


class ThresholdPatch(PatchIn):
    """The low-stock threshold in pieces, of one warehouse or of all; null leaves it to the company."""

    warehouse_id: Identifier | None = None
    low_stock_threshold: Threshold | None


class StockLineOut(Out):
    """A quantity of one SKU at one warehouse."""

    sku: str
    warehouse_id: str
    quantity: int


class ShortageOut(Out):
    """A SKU of which there was too little."""

    sku: str
    requested: int
    available: int


class ReservationOut(Resource):
    """What an order holds or took."""

    order_id: str
    shop_id: str | None
    status: Annotated[str, Field(validation_alias="state")]
    reason: str | None
    lines: list[StockLineOut]
    shortages: list[ShortageOut]
    expires_at: datetime | None


class AvailableOut(Out):
    """What other services may ask of a SKU."""

    sku: str
    available: int


class StockFacts(Out):
    """Availability of several SKUs."""

    items: list[AvailableOut]
