"""Goods that come back over a shop's counter: on the shelf again, or written off at once."""

from collections import Counter
from typing import Any

from common import context
from common.clock import Clock
from common.errors import ComeBackLater
from common.events import Envelope
from common.events.orders import SaleReturned
from common.events.stock import StockAdjusted
from services.inventory.domain.derived import derived_id, stock_id
from services.inventory.domain.ledger import Reason
from services.inventory.service.announcing import Announcing
from services.inventory.service.shelving import Shelving
from services.inventory.store.adjustments import Adjustments, Entry
from services.inventory.store.ledger import MovementRelay
from services.inventory.store.stock import Stock

DAMAGED = "damaged"


class Receiving:
    """Enters returns into the ledger, each once."""

    def __init__(
        self, stock: Stock, relay: MovementRelay, shelving: Shelving, announcing: Announcing, clock: Clock
    ) -> None:
        self._stock = stock
        self._relay = relay
        self._shelving = shelving
        self._announcing = announcing
        self._clock = clock

    async def take_back(self, company_id: str, warehouse_id: str, event: Envelope[SaleReturned]) -> None:
        """Enter what came back as ``returned``; what is damaged leaves again as ``damaged``.

        Raises ComeBackLater when not everything could be entered.
        """
        pieces: Counter[str] = Counter()
        for line in event.data.lines:
            pieces[line.sku] += line.quantity
        entries = self._entries(company_id, warehouse_id, event, pieces)
        ids, rows = [entry.id for entry in entries], list({entry.row: None for entry in entries})
        known = await self._relay.entered(company_id, ids, rows)
        if missing := [entry for entry in entries if entry.id not in known]:
            await self._shelving.open_rows(company_id, [(warehouse_id, sku) for sku in pieces])
            await Adjustments(self._stock.for_company(company_id)).enter(missing)
            if len(await self._relay.entered(company_id, ids, rows)) < len(ids):
                raise ComeBackLater(f"not everything of {event.data.return_id} could be entered")
        self._relay.wake(rows)
        await self._announcing.settle(company_id, rows)

    def _entries(
        self, company_id: str, warehouse_id: str, event: Envelope[SaleReturned], pieces: Counter[str]
    ) -> list[Entry]:
        entries = []
        for sku, quantity in pieces.items():
            entries.append(self._entry(company_id, warehouse_id, event, sku, quantity, "returned"))
            if event.data.outcome == DAMAGED:
                entries.append(self._entry(company_id, warehouse_id, event, sku, -quantity, "damaged"))
        return entries

    def _entry(
        self,
        company_id: str,
        warehouse_id: str,
        event: Envelope[SaleReturned],
        sku: str,
        delta: int,
        reason: Reason,
    ) -> Entry:
        now, key = self._clock.now(), stock_id(company_id, warehouse_id, sku)
        movement_id = derived_id("mov", event.data.return_id, key, reason)
        told = StockAdjusted(
            movement_id=movement_id, warehouse_id=warehouse_id, sku=sku, delta=delta, reason=reason, on_hand=0
        )
        (sealed,) = self._stock.ground.outbox.seal(
            [told], company_id=company_id, sequence=0, shop_id=event.data.shop_id
        )
        movement: dict[str, Any] = {
            "_id": movement_id,
            "companyId": company_id,
            "stockId": key,
            "warehouseId": warehouse_id,
            "sku": sku,
            "delta": delta,
            "reason": reason,
            "note": event.data.reason,
            "reference": {"type": "return", "id": event.data.return_id},
            "actor": context.current().actor,
            "at": now,
            "version": 1,
            "sequence": 0,
            "createdAt": now,
            "updatedAt": now,
        }
        return Entry(movement, sealed, is_certain=True)
