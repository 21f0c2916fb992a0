"""Goods that leave the stock and come back: deduction, till sales, restocking."""

from typing import Any

from common import context
from common.clock import Clock
from common.errors import ComeBackLater, InvalidTransition, VersionConflict
from common.events import Envelope
from common.events.orders import SaleCompleted, SaleReturned
from common.events.parts import Shortage, StockLine
from services.inventory.domain.allocation import all_from, summed
from services.inventory.domain.derived import derived_id, stock_id
from services.inventory.domain.ledger import Reason
from services.inventory.domain.reservation import Reservation
from services.inventory.service.announcing import Announcing
from services.inventory.service.receiving import Receiving
from services.inventory.service.reserving import Reserving
from services.inventory.service.shelving import Shelving
from services.inventory.store.ledger import MovementRelay
from services.inventory.store.reservations import Reservations
from services.inventory.store.stock import Stock


class Taking:
    """From held to deducted, from deducted to restocked, and what a till has handed over."""

    def __init__(
        self,
        stock: Stock,
        reservations: Reservations,
        relay: MovementRelay,
        announcing: Announcing,
        reserving: Reserving,
        shelving: Shelving,
        clock: Clock,
    ) -> None:
        self._stock = stock
        self._reservations = reservations
        self._relay = relay
        self._announcing = announcing
        self._reserving = reserving
        self._shelving = shelving
        self._clock = clock
        self._receiving = Receiving(stock, relay, shelving, announcing, clock)

    async def confirm(self, company_id: str, order_id: str) -> None:
        """Deduct what the order holds. Raises ComeBackLater when the order has not been heard of or is at work,
        InvalidTransition when its reservation has failed: that order cannot have been confirmed.

        A hold that had expired by itself is made good: the order decides, so its goods are taken all the same.
        """
        reservations = self._reservations.for_company(company_id)
        claimed = await reservations.claim(order_id, ("held",), "deducting")
        if claimed is not None:
            await self.carry_out_deduction(claimed)
            return
        known = await reservations.of_order(order_id)
        if known is None or known.state in ("reserving", "releasing"):
            raise ComeBackLater(f"order {order_id} is not held yet")
        if known.state == "held":
            raise VersionConflict  # it came to be held while we looked
        if known.state == "failed":
            raise InvalidTransition(f"nothing is held for order {order_id}")
        if known.state == "taking" or (known.state == "released" and known.reason != "cancelled"):
            late = await reservations.claim(order_id, ("released",), "taking")
            if late is not None:
                await self.carry_out_taking(late)

    async def carry_out_deduction(self, reservation: Reservation) -> None:
        """Turn holds into movements; a row whose hold is gone has been deducted already."""
        company_id, until = str(reservation.company_id), reservation.until
        await self._stock.for_company(company_id).deduct(reservation, self._movements(reservation, "sold", -1))
        self._relay.wake(reservation.stock_ids(reservation.lines))
        reservation.deduct()
        await self._reservations.for_company(company_id).conclude(reservation, until)

    async def sell(self, company_id: str, event: Envelope[SaleCompleted]) -> None:
        """Take what a till has handed over, whether the books have it or not."""
        sale = event.data
        demand = summed(sale.lines)
        place = await self._reserving.known_warehouse(company_id, sale.shop_id)
        reservation = Reservation.begin(
            company_id=company_id,
            order_id=sale.order_id,
            shop_id=sale.shop_id,
            state="taking",
            demand=demand,
            planned=all_from(place, demand),
            deadline_at=None,
            now=self._clock.now(),
        )
        reservation.correlation_id, reservation.causation_id = event.correlation_id, event.id
        claimed = await self._reservations.for_company(company_id).begin(reservation)
        if claimed is not None:
            await self.carry_out_taking(claimed)

    async def take_back(self, company_id: str, event: Envelope[SaleReturned]) -> None:
        """Put on the shelf of the shop what came back over its counter. Raises ComeBackLater."""
        place = await self._reserving.known_warehouse(company_id, event.data.shop_id)
        await self._receiving.take_back(company_id, place, event)

    async def carry_out_taking(self, reservation: Reservation) -> None:
        """Take everything planned without condition; what falls below zero is told as a discrepancy."""
        company_id, until = str(reservation.company_id), reservation.until
        if not reservation.lines:
            reservation.lines = _one_place_each(reservation)
        await self._enter(reservation, self._movements(reservation, "sold", -1))
        shortages = await self._shortages(reservation)
        reservation.deduct_short(shortages)
        await self._reservations.for_company(company_id).conclude(reservation, until)

    async def cancel(self, company_id: str, order_id: str, shop_id: str | None) -> None:
        """End what an order has: free it, or put it back. An order not heard of gets a tombstone.

        Raises ComeBackLater while another worker is at it, VersionConflict when it moved on in this moment.
        """
        if await self._reserving.cancel(company_id, order_id):
            return
        reservations = self._reservations.for_company(company_id)
        returned = await reservations.claim(order_id, ("deducted",), "restocking")
        if returned is not None:
            await self.carry_out_restock(returned)
            return
        known = await reservations.of_order(order_id)
        if known is None:
            now = self._clock.now()
            await reservations.bury(
                Reservation.tombstone(company_id=company_id, order_id=order_id, shop_id=shop_id, now=now)
            )
        elif known.state in ("held", "deducted"):
            raise VersionConflict  # it moved on while we looked
        elif known.state in ("reserving", "deducting", "taking") or known.is_expiring:
            raise ComeBackLater(f"order {order_id} is being worked on")
        elif known.reason != "cancelled":
            await reservations.note_cancelled(order_id)

    async def carry_out_restock(self, reservation: Reservation) -> None:
        """Put deducted goods back, each line once."""
        until = reservation.until
        await self._enter(reservation, self._movements(reservation, "returned", 1))
        reservation.restock()
        await self._reservations.for_company(reservation.company_id).conclude(reservation, until)

    async def _enter(self, reservation: Reservation, movements: dict[str, dict[str, Any]]) -> None:
        """Enter movements that no hold guards: what happened before is looked up, what is missing is made."""
        company_id = str(reservation.company_id)
        stock = self._stock.for_company(company_id)
        complete = not reservation.resumed and await stock.move(reservation, movements)
        if not complete:
            places = [(line.warehouse_id, line.sku) for line in reservation.lines]
            await self._shelving.open_rows(company_id, places)
            await stock.move(reservation, await self._not_entered(company_id, movements))
            if await self._not_entered(company_id, movements):
                raise ComeBackLater(f"not everything of {reservation.order_id} could be entered")
        self._relay.wake(movements)
        await self._announcing.settle(company_id, list(movements))

    async def _not_entered(self, company_id: str, movements: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Those of the movements that have not happened."""
        ids = [movement["_id"] for movement in movements.values()]
        done = await self._relay.entered(company_id, ids, list(movements))
        return {key: movement for key, movement in movements.items() if movement["_id"] not in done}

    async def _shortages(self, reservation: Reservation) -> list[Shortage]:
        """Which rows fell below zero, with what they had before."""
        stock = self._stock.for_company(str(reservation.company_id))
        taken = {stock.key(line): line.quantity for line in reservation.lines}
        rows = await stock.rows(list(taken))
        return [
            Shortage(sku=row.sku, requested=taken[row.id], available=max(row.available + taken[row.id], 0))
            for row in rows
            if row.available < 0
        ]

    def _movements(self, reservation: Reservation, reason: Reason, sign: int) -> dict[str, dict[str, Any]]:
        """The ledger entries of a reservation's lines as stored, by stock id; the same again for a second run."""
        now = self._clock.now()
        company_id = str(reservation.company_id)
        entries = {}
        for line in reservation.lines:
            key = stock_id(company_id, line.warehouse_id, line.sku)
            entries[key] = {
                "_id": derived_id("mov", reservation.order_id, key, reason),
                "companyId": company_id,
                "stockId": key,
                "warehouseId": line.warehouse_id,
                "sku": line.sku,
                "delta": sign * line.quantity,
                "reason": reason,
                "note": None,
                "reference": {"type": "order", "id": reservation.order_id},
                "actor": context.current().actor,
                "at": now,
                "version": 1,
                "sequence": 0,
                "createdAt": now,
                "updatedAt": now,
            }
        return entries


def _one_place_each(reservation: Reservation) -> list[StockLine]:
    """All of each SKU from the first place planned for it, which may have been asked for a part only."""
    places = {line.sku: line.warehouse_id for line in reversed(reservation.planned)}
    return [
        StockLine(sku=need.sku, warehouse_id=places[need.sku], quantity=need.quantity)
        for need in reservation.demand
        if need.sku in places
    ]
