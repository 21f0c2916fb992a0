"""Picks up what a crash or an unreachable provider left open. N copies are normal: claims and keys hold."""

import asyncio
from datetime import timedelta

from common.errors import DomainError
from common.logging import get_logger
from services.payment.domain import Payment
from services.payment.domain.record import UNDER_WAY
from services.payment.service.charging import Charging
from services.payment.service.foundation import Foundation
from services.payment.service.refunding import Refunding
from services.payment.service.webhooks import Webhooks

log = get_logger(__name__)

ROUND_SECONDS = 1.0
BATCH = 64
AT_ONCE = 8
LEFT_BEHIND = timedelta(seconds=2)


class Sweeping:
    """Looks at every payment whose time has come."""

    def __init__(self, on: Foundation, charging: Charging, refunding: Refunding, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._on = on
        self._charging = charging
        self._refunding = refunding

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            if await self.sweep() < BATCH:
                await asyncio.sleep(ROUND_SECONDS)

    async def sweep(self) -> int:
        """One round; returns how many payments were due."""
        await self._on.accounts.for_platform().finish_left_behind(self._on.clock.now() - LEFT_BEHIND, BATCH)
        due = await self._on.payments.for_platform().due(self._on.clock.now(), BATCH)
        places = asyncio.Semaphore(AT_ONCE)

        async def look(payment: Payment) -> None:
            async with places:
                await self._look(payment)

        await asyncio.gather(*(look(payment) for payment in due))
        await self._try_callbacks_again()
        return len(due)

    async def _try_callbacks_again(self) -> None:
        for kept in await self._on.callbacks.for_platform().due(self._on.clock.now(), BATCH):
            try:
                await self._webhooks.retry(kept)
            except DomainError as error:
                log.info("callback_left", event=kept.event.id, code=error.code)

    async def _look(self, payment: Payment) -> None:
        try:
            if payment.status in ("pending", *UNDER_WAY):
                payment = await self._charging.again(payment)
            for refund in payment.refunds:
                payment = await self._refunding.send(payment, refund.id)
        except DomainError as error:
            log.warning("sweep_refused", paymentId=payment.id, code=error.code)
