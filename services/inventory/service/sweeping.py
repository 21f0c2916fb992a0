"""Finishing what a crash left, and ending what nobody ended. N copies sweep at once without harm."""

import asyncio

from common import context
from common.context import CallContext
from common.errors import ComeBackLater, VersionConflict
from common.logging import get_logger
from services.inventory.domain.reservation import Reservation
from services.inventory.service.announcing import Announcing
from services.inventory.service.reserving import Reserving
from services.inventory.service.taking import Taking
from services.inventory.store.reservations import Reservations
from services.inventory.store.stock import Stock

log = get_logger(__name__)

SWEEP_SECONDS = 2.0
DUE_AT_ONCE = 100
FINISHED_AT_ONCE = 8
FLAGGED_AT_ONCE = 500


class Sweeping:
    """Looks for reservations that are due and for crossings that were not told."""

    def __init__(
        self, stock: Stock, reservations: Reservations, announcing: Announcing, reserving: Reserving, taking: Taking
    ) -> None:
        self._stock = stock.for_platform()
        self._reservations = reservations
        self._announcing = announcing
        self._reserving = reserving
        self._taking = taking

    async def sweep_for_ever(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> None:
        """One round."""
        due = await self._reservations.for_platform().due(DUE_AT_ONCE)
        for start in range(0, len(due), FINISHED_AT_ONCE):
            some = due[start : start + FINISHED_AT_ONCE]
            results = await asyncio.gather(*map(self._finish, some), return_exceptions=True)
            for reservation, error in zip(some, results, strict=True):
                if isinstance(error, VersionConflict | ComeBackLater):
                    log.info("reservation_left_to_others", order=reservation.order_id, reason=str(error))
                elif error is not None:
                    log.error("reservation_not_finished", order=reservation.order_id, exc_info=error)
        rows = await self._stock.flagged({}, FLAGGED_AT_ONCE)
        await self._announcing.tell(rows)
        await self._stock.unflag(rows)

    async def _finish(self, reservation: Reservation) -> None:
        """Go on with one; a task of its own, so that its events name what caused them."""
        context.enter(CallContext(reservation.correlation_id, reservation.causation_id))
        if reservation.state == "held":
            await self._reserving.expire(reservation)
            return
        reservations = self._reservations.for_company(reservation.company_id)
        claimed = await reservations.claim(reservation.order_id, (), reservation.state)
        if claimed is None:
            return
        work = {
            "reserving": self._reserving.carry_out,
            "releasing": self._reserving.carry_out_release,
            "deducting": self._taking.carry_out_deduction,
            "taking": self._taking.carry_out_taking,
            "restocking": self._taking.carry_out_restock,
        }
        await work[claimed.state](claimed)
