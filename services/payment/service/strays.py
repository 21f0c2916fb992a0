"""After a restore: money that was taken for orders which nobody remembers goes back."""

import asyncio
from datetime import timedelta

from common.errors import DomainError, NotFound
from common.logging import get_logger
from services.payment.clients import Provider, ProviderUnreachable
from services.payment.domain.stray import Restoration, Taken
from services.payment.service.foundation import Foundation
from services.payment.service.orders import OrderFlow

log = get_logger(__name__)

ROUND_SECONDS = 5.0
MARGIN = timedelta(minutes=2)
"""Before the snapshot: providers' clocks, and calls that were under way."""
WATCHED = timedelta(hours=1)
"""For so long the providers are asked again: a call that was under way may end late."""
ACCOUNTS_LIMIT = 1000


class Strays:
    """What belongs to a known payment is the sweeper's; what a known order may still begin again is left to it.

    A payment that an order carries has the order's own id, so that beginning it again finds the same charge.
    """

    def __init__(self, on: Foundation, orders: OrderFlow) -> None:
        self._on = on
        self._orders = orders
        self._seen: set[str] = set()

    async def run(self) -> None:
        """Look every few seconds while a restoration is recent, until cancelled."""
        while True:
            restoration = await self._on.restorations.open()
            if restoration is not None:
                try:
                    await self.look(restoration)
                except (ProviderUnreachable, DomainError) as error:
                    log.warning("strays_left", reason=repr(error))
            await asyncio.sleep(ROUND_SECONDS)

    async def look(self, restoration: Restoration) -> None:
        """Give back what belongs to orders that sales does not know. Raises ProviderUnreachable, Unavailable."""
        for provider in await self._on.providers.all():
            for taken in await provider.taken_since(restoration.since - MARGIN):
                if taken.reference not in self._seen:
                    await self._judge(provider, restoration, taken)
        if self._on.clock.now() >= restoration.at + WATCHED:
            await self._on.restorations.close(restoration)

    async def _judge(self, provider: Provider, restoration: Restoration, taken: Taken) -> None:
        if await self._is_known(taken):
            return
        # First: should the order come to be after all, it finds that nothing is to be charged for it any more.
        await self._orders.end_unknown(taken.company_id, taken.order_id)
        # Before the call: what the provider let go of does not show among what it holds, should we fall here.
        await self._on.restorations.note(restoration, taken)
        await provider.give_back(taken)
        self._seen.add(taken.reference)
        log.warning("stray_given_back", reference=taken.reference, orderId=taken.order_id)

    async def _is_known(self, taken: Taken) -> bool:
        # Who shares a provider's account with another suite must not touch what is that one's.
        if await self._on.companies.find(taken.company_id, taken.company_id) is None:
            return True
        if await self._on.payments.for_company(taken.company_id).find(taken.payment_id) is not None:
            return True
        try:
            await self._on.sales.order(taken.company_id, taken.order_id)
        except NotFound:
            return False
        return True
