"""Reserving the goods of an order, and giving them back: work under a lease that anybody can take up."""

import asyncio
import random
from datetime import timedelta

from common.clock import Clock
from common.errors import ComeBackLater
from common.events import Envelope
from common.events.orders import OrderCreated
from common.events.parts import Shortage, StockLine
from common.logging import get_logger
from services.inventory.domain.allocation import all_from, allocate, missing, summed
from services.inventory.domain.derived import default_warehouse_id
from services.inventory.domain.reservation import Reservation
from services.inventory.domain.warehouse import in_order
from services.inventory.service.announcing import Announcing
from services.inventory.service.shelving import Shelving
from services.inventory.store.reservations import Reservations
from services.inventory.store.stock import Stock
from services.inventory.store.warehouses import Warehouses

ALLOCATION_TRIES = 8
PATIENT_TRIES = 8
PATIENCE_SECONDS = 0.01
TOO_LATE = timedelta(days=1)
"""An order so long past its deadline gets no hold: its reservation may have ended and been forgotten."""

log = get_logger(__name__)


class Reserving:
    """From order.created to held or failed, and from held to released."""

    def __init__(
        self,
        warehouses: Warehouses,
        stock: Stock,
        reservations: Reservations,
        announcing: Announcing,
        shelving: Shelving,
        clock: Clock,
    ) -> None:
        self._warehouses = warehouses
        self._stock = stock
        self._reservations = reservations
        self._announcing = announcing
        self._shelving = shelving
        self._clock = clock

    async def reserve(self, company_id: str, event: Envelope[OrderCreated]) -> None:
        """Hold everything the order needs, or nothing. A second delivery finds the reservation and ends."""
        order = event.data
        if order.deadline_at + TOO_LATE < self._clock.now():
            log.warning("order_too_old_to_reserve", order=order.order_id)  # sales has ended it at its deadline
            return
        demand = summed(order.lines)
        first = await self.first_warehouse(company_id, order.shop_id)
        reservation = Reservation.begin(
            company_id=company_id,
            order_id=order.order_id,
            shop_id=order.shop_id,
            state="reserving",
            demand=demand,
            planned=all_from(first, demand) if first else [],
            deadline_at=order.deadline_at,
            now=self._clock.now(),
        )
        reservation.correlation_id, reservation.causation_id = event.correlation_id, event.id
        claimed = await self._reservations.for_company(company_id).begin(reservation)
        if claimed is not None:
            await self.carry_out(claimed)

    async def first_warehouse(self, company_id: str, shop_id: str | None) -> str | None:
        """Where goods are looked for first: the shop's default warehouse, else the first by priority."""
        if shop_id is not None:
            return default_warehouse_id(shop_id)
        warehouses = in_order(await self._warehouses.for_company(company_id).all(), None)
        return warehouses[0].id if warehouses else None

    async def known_warehouse(self, company_id: str, shop_id: str | None) -> str:
        """As :meth:`first_warehouse`, of those that exist. Raises ComeBackLater when there is none yet."""
        warehouses = in_order(await self._warehouses.for_company(company_id).all(), shop_id)
        if not warehouses or (shop_id is not None and warehouses[0].id != default_warehouse_id(shop_id)):
            raise ComeBackLater("the shop's warehouse does not exist yet")
        return warehouses[0].id

    async def carry_out(self, reservation: Reservation) -> None:
        """Do what a claimed reservation asks for, from whatever an earlier worker left. Raises VersionConflict."""
        company_id, until = str(reservation.company_id), reservation.until
        held, shortages = await self._take_patiently(reservation)
        if shortages:
            await self._announcing.settle(company_id, reservation.stock_ids())
            await self._announce_missed(reservation, shortages)
            reservation.fail(shortages)
        else:
            await self._announcing.settle(company_id, reservation.stock_ids([*held, *reservation.planned]))
            reservation.hold(held)
        await self._reservations.for_company(company_id).conclude(reservation, until)

    async def _take_patiently(self, reservation: Reservation) -> tuple[list[StockLine], list[Shortage]]:
        """Take everything, or give back what was taken. What is held, or what fell short.

        An order that will fail on one SKU holds others for a moment: nobody is refused because of that moment.
        """
        stock = self._stock.for_company(str(reservation.company_id))
        is_first = not reservation.resumed
        for turn in range(PATIENT_TRIES):
            held, shortages = await self._take_all(reservation, is_first=is_first)
            if not shortages:
                return held, []
            await stock.give_back(reservation, held)
            if not await self._may_come_back(stock, reservation, shortages):
                break
            await asyncio.sleep(random.uniform(PATIENCE_SECONDS, PATIENCE_SECONDS * (turn + 2)))
            is_first = False
        return [], shortages

    async def _may_come_back(self, stock: Stock, reservation: Reservation, shortages: list[Shortage]) -> bool:
        """Whether enough of everything short is there by now, or held by orders that may still fail themselves.

        Holds are read before their orders: one that ended in between has given its hold back.
        """
        rows = await stock.holders([shortage.sku for shortage in shortages])
        order_ids = {order_id for _, held in rows for order_id in held if order_id is not None}
        coming = {None, *await self._reservations.for_company(stock.company_id).wavering(list(order_ids))}
        most = {shortage.sku: 0 for shortage in shortages}
        for sku, held in rows:
            most[sku] += max(sum(quantity for order_id, quantity in held.items() if order_id in coming), 0)
        return all(most[shortage.sku] >= shortage.requested for shortage in shortages)

    async def _take_all(self, reservation: Reservation, *, is_first: bool) -> tuple[list[StockLine], list[Shortage]]:
        """Take each SKU from one warehouse, or from several if it must. What is held, and what fell short."""
        stock = self._stock.for_company(str(reservation.company_id))
        planned = reservation.planned if is_first else []  # later, what is held already is looked up first
        if planned and await stock.take(reservation, planned):
            return planned, []
        for _ in range(ALLOCATION_TRIES):
            held = await stock.held(reservation)
            wanted = missing(reservation.demand, held)
            if not wanted:
                return held, []
            held = await self._whole(stock, reservation, held, {need.sku for need in wanted})
            warehouses = in_order(await self._warehouses.for_company(stock.company_id).all(), reservation.shop_id)
            places = [warehouse.id for warehouse in warehouses]
            lines, shortages = allocate(wanted, places, await stock.available([need.sku for need in wanted]))
            if shortages:
                return held, shortages
            await self._plan(reservation, lines)
            await stock.take(reservation, lines)
        raise ComeBackLater(f"the stock for {reservation.order_id} is fought over")

    async def _whole(
        self, stock: Stock, reservation: Reservation, held: list[StockLine], wanted: set[str]
    ) -> list[StockLine]:
        """Give back the parts of SKUs whose other parts went to somebody else: they are planned anew. What stays."""
        await stock.give_back(reservation, [line for line in held if line.sku in wanted])
        return [line for line in held if line.sku not in wanted]

    async def _plan(self, reservation: Reservation, lines: list[StockLine]) -> None:
        """Note where else goods are about to be taken from, before it is done: a resuming worker looks there."""
        new = [line for line in lines if line not in reservation.planned]
        if new:
            reservation.planned = reservation.planned + new
            await self._reservations.for_company(reservation.company_id).conclude(reservation, reservation.until)

    async def _announce_missed(self, reservation: Reservation, shortages: list[Shortage]) -> None:
        """An order failed on these SKUs: the place first asked for them is told to be empty if it is."""
        short = {shortage.sku for shortage in shortages}
        places = {line.sku: line for line in reversed(reservation.planned) if line.sku in short}
        company_id = str(reservation.company_id)
        await self._shelving.open_rows(company_id, [(line.warehouse_id, line.sku) for line in places.values()])
        await self._announcing.missed(company_id, reservation.stock_ids(list(places.values())))

    async def cancel(self, company_id: str, order_id: str) -> bool:
        """Free what the order holds. False: it is deducted (or being so), which only a restock takes back."""
        reservations = self._reservations.for_company(company_id)
        claimed = await reservations.claim(order_id, ("held",), "releasing", reason="cancelled")
        if claimed is None:
            claimed = await reservations.claim(
                order_id, ("reserving",), "releasing", abandoned_only=True, reason="cancelled"
            )
        if claimed is not None:
            await self.carry_out_release(claimed)
            return True
        return False

    async def expire(self, reservation: Reservation) -> None:
        """Free a hold whose order nobody ended, once its expiry has passed."""
        reservations = self._reservations.for_company(reservation.company_id)
        claimed = await reservations.claim(
            reservation.order_id, ("held",), "releasing", expired_only=True, reason="expired"
        )
        if claimed is not None:
            await self.carry_out_release(claimed)

    async def carry_out_release(self, reservation: Reservation) -> None:
        """Give back what a claimed reservation holds; a row whose hold is gone already stays as it is."""
        company_id, until = str(reservation.company_id), reservation.until
        stock = self._stock.for_company(company_id)
        lines = reservation.lines or await stock.held(reservation)
        await stock.give_back(reservation, lines)
        await self._announcing.settle(company_id, reservation.stock_ids(lines))
        reservation.release()
        await self._reservations.for_company(company_id).conclude(reservation, until)
