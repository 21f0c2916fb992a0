"""Ends orders whose deadline has passed; any number of copies may sweep at once."""

import asyncio
from datetime import timedelta

from prometheus_client import Gauge

from common import context
from common.clock import Clock
from common.context import CallContext
from common.errors import VersionConflict
from common.ids import new_id
from common.logging import get_logger
from services.sales.service.endings import Endings
from services.sales.store import Orders
from services.sales.store.orders import due_by

log = get_logger(__name__)

BATCH = 100
LATE = timedelta(seconds=30)
COUNTED = 1000

overdue_orders = Gauge("markethall_saga_overdue", "Orders still waiting half a minute after their deadline")


class Sweeper:
    """The version in each save decides between copies, and between expiry and a payment that comes in."""

    def __init__(self, orders: Orders, endings: Endings, clock: Clock, pause_milliseconds: int) -> None:
        self._orders = orders.for_platform()
        self._endings = endings
        self._clock = clock
        self._pause_seconds = pause_milliseconds / 1000

    async def sweep_for_ever(self) -> None:
        """Sweep until cancelled; without a pause while full batches come."""
        while True:
            if await self.sweep() < BATCH:
                await asyncio.sleep(self._pause_seconds)

    async def left_behind(self) -> float:
        """How many orders nobody has ended a while after their deadline, counting no further than a thousand."""
        return float(await self._orders.count(due_by(self._clock.now() - LATE), COUNTED))

    async def sweep(self) -> int:
        """End one batch of overdue orders; answers how many were looked at."""
        now = self._clock.now()
        overdue = await self._orders.overdue(now, BATCH)
        for order in overdue:
            with context.scope(CallContext(correlation_id=new_id("req"))):
                if not order.expire(now=now):
                    log.error("overdue_order_stays", orderId=order.id, status=order.status)
                    continue
                try:
                    await self._orders.save(order)
                except VersionConflict:
                    continue  # somebody was faster: a payment, a person, or another copy
            self._endings.announce(order.id)
        return len(overdue)
