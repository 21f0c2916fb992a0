"""Adjustments by hand, alone or hundreds at once, and thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common import context
from common.clock import Clock
from common.errors import Conflict, DomainError, NotFound
from common.events.stock import StockAdjusted, StockThresholdChanged
from common.identity.principal import Principal
from services.inventory.domain.derived import stock_id
from services.inventory.domain.ledger import Movement, Reason
from services.inventory.domain.stock import StockRow
from services.inventory.domain.warehouse import Warehouse
from services.inventory.service.announcing import Announcing
from services.inventory.service.knowing import Knowing
from services.inventory.service.shelving import Shelving
from services.inventory.store.adjustments import Adjustments, Entry
from services.inventory.store.ledger import MovementRelay
from services.inventory.store.stock import Stock
from services.inventory.store.warehouses import Warehouses


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What somebody wants entered. ``delta`` in pieces; ``movement_id`` the same again when asked again."""

    movement_id: str
    warehouse_id: str
    sku: str
    delta: int
    reason: Reason
    note: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one adjustment. ``replayed``: it had been entered before."""

    movement: Movement | None
    refusal: DomainError | None = None
    replayed: bool = False


class Adjusting:
    """Entries of the ledger that people make. Nothing falls below what is promised to orders."""

    def __init__(
        self,
        warehouses: Warehouses,
        stock: Stock,
        knowing: Knowing,
        relay: MovementRelay,
        shelving: Shelving,
        announcing: Announcing,
        clock: Clock,
    ) -> None:
        self._warehouses = warehouses
        self._stock = stock
        self._knowing = knowing
        self._relay = relay
        self._shelving = shelving
        self._announcing = announcing
        self._clock = clock

    async def adjust(self, who: Principal, adjustment: Adjustment) -> Movement:
        """Enter one. Raises NotFound for a warehouse or a SKU, Conflict ``insufficient_stock``."""
        (outcome,) = await self.adjust_all(who, [adjustment])
        if outcome.refusal is not None:
            raise outcome.refusal
        assert outcome.movement is not None
        return outcome.movement

    async def adjust_all(self, who: Principal, adjustments: Sequence[Adjustment]) -> list[Outcome]:
        """Enter each that can be; an outcome for each, in their order."""
        company_id = who.tenant
        warehouses = {place.id: place for place in await self._warehouses.for_company(company_id).all()}
        placed = [
            wanted
            for wanted in adjustments
            if wanted.warehouse_id in warehouses and _may_touch(who, warehouses[wanted.warehouse_id])
        ]
        known = await self._knowing.skus(company_id, [wanted.sku for wanted in placed]) if placed else {}
        entries = {
            wanted.movement_id: self._entry(who, wanted, warehouses[wanted.warehouse_id])
            for wanted in placed
            if wanted.sku in known
        }
        nowhere = {wanted.movement_id for wanted in adjustments} - {wanted.movement_id for wanted in placed}
        rows = list({entry.row: None for entry in entries.values()})
        before = await self._relay.entered(company_id, list(entries), rows)
        await self._enter(company_id, [entry for key, entry in entries.items() if key not in before])
        after = before | await self._relay.entered(company_id, [key for key in entries if key not in before], rows)
        self._relay.wake(rows)
        await self._announcing.settle(company_id, rows)
        refused = [entry.row for key, entry in entries.items() if key not in after]
        left = {row.id: row.available for row in await self._stock.for_company(company_id).rows(refused)}
        return [
            Outcome(None, NotFound("warehouse"))
            if wanted.movement_id in nowhere
            else _outcome(wanted, entries, before, after, left)
            for wanted in adjustments
        ]

    async def _enter(self, company_id: str, entries: Sequence[Entry]) -> None:
        """Write the entries, making the rows that are missing."""
        stock = self._stock.for_company(company_id)
        places = {entry.row: (entry.movement["warehouseId"], entry.movement["sku"]) for entry in entries}
        there = {row.id for row in await stock.rows(list(places))}
        await self._shelving.open_rows(company_id, [place for key, place in places.items() if key not in there])
        await Adjustments(stock).enter(entries)

    def _entry(self, who: Principal, wanted: Adjustment, warehouse: Warehouse) -> Entry:
        now, key = self._clock.now(), stock_id(who.tenant, warehouse.id, wanted.sku)
        event = StockAdjusted(
            movement_id=wanted.movement_id,
            warehouse_id=warehouse.id,
            sku=wanted.sku,
            delta=wanted.delta,
            reason=wanted.reason,
            on_hand=0,
        )
        (sealed,) = self._stock.ground.outbox.seal(
            [event], company_id=who.tenant, sequence=0, shop_id=warehouse.shop_id
        )
        movement = {
            "_id": wanted.movement_id,
            "companyId": who.tenant,
            "stockId": key,
            "warehouseId": warehouse.id,
            "sku": wanted.sku,
            "delta": wanted.delta,
            "reason": wanted.reason,
            "note": wanted.note,
            "reference": None,
            "actor": context.current().actor,
            "at": now,
            "version": 1,
            "sequence": 0,
            "createdAt": now,
            "updatedAt": now,
        }
        return Entry(movement, sealed)

    async def set_threshold(self, who: Principal, sku: str, warehouse_id: str | None, own: int | None) -> None:
        """Set the low-stock threshold in pieces, in one warehouse or all; null leaves it to the company.

        Raises NotFound for a SKU that the company does not have, and where the caller may see no warehouse.
        """
        await self._knowing.require_sku(who.tenant, sku)
        places = [
            place.id
            for place in await self._warehouses.for_company(who.tenant).all()
            if _may_touch(who, place) and warehouse_id in (None, place.id)
        ]
        if not places:
            raise NotFound("warehouse")
        stock = self._stock.for_company(who.tenant)
        await self._shelving.open_rows(who.tenant, [(place, sku) for place in places])
        rows = await stock.rows([stock_id(who.tenant, place, sku) for place in places])
        effective = await self._knowing.threshold(who.tenant) if own is None else own
        await stock.set_threshold({row.id: self._threshold_event(row, own) for row in rows}, own, effective)
        await self._announcing.settle(who.tenant, [row.id for row in rows])

    def _threshold_event(self, row: StockRow, own: int | None) -> dict[str, Any]:
        change = StockThresholdChanged(
            before={"lowStockThreshold": row.low_stock_threshold},
            after={"lowStockThreshold": own},
            stock_id=row.id,
            sku=row.sku,
            warehouse_id=row.warehouse_id,
            shop_id=row.shop_id,
        )
        (sealed,) = self._stock.ground.outbox.seal([change], company_id=row.company_id, sequence=0)
        return sealed


def _may_touch(who: Principal, warehouse: Warehouse) -> bool:
    return not who.is_limited_to_shops or warehouse.shop_id in who.shop_ids


def _outcome(
    wanted: Adjustment,
    entries: Mapping[str, Entry],
    before: Mapping[str, Movement],
    after: Mapping[str, Movement],
    left: Mapping[str, int],
) -> Outcome:
    entry = entries.get(wanted.movement_id)
    if entry is None:
        return Outcome(None, NotFound("product"))
    if wanted.movement_id in after:
        return Outcome(after[wanted.movement_id], replayed=wanted.movement_id in before)
    available = left.get(entry.row, 0)
    return Outcome(
        None, Conflict("insufficient_stock", f"Only {available} available.", available=available, sku=wanted.sku)
    )
