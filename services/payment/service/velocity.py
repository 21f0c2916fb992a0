"""Card testing: buyers who collect declines are slowed down, and nobody else is.

Strangers are counted by company and address; customers by account, and, since registering costs nothing, all those
at one address together.
"""

import math
from datetime import timedelta

from common import context
from common.errors import TooManyRequests
from common.identity.principal import Principal
from services.payment.domain import Payment
from services.payment.service.foundation import Foundation

DECLINES = 10
CUSTOMERS_DECLINES = 30
"""Of all customers at one address: a household or an office is no gang."""


class Velocity:
    """Counts the declines of buyers: without a name, through a publishable key, signed in."""

    def __init__(self, on: Foundation) -> None:
        self._on = on

    async def check(self, who: Principal) -> None:
        """Raises TooManyRequests ``too_many_declines`` after too many within fifteen minutes."""
        now = self._on.clock.now()
        for bucket, limit in _buckets(who):
            recent = await self._on.declines.recent(bucket, now, limit)
            if len(recent) >= limit:
                free = recent[0] + timedelta(seconds=self._on.declines.WINDOW_SECONDS) - now
                seconds = max(math.ceil(free.total_seconds()), 1)
                raise TooManyRequests("Too many payments were declined from here.", seconds, "too_many_declines")

    async def noted(self, who: Principal, payment: Payment) -> Payment:
        """The payment, after its decline has been counted."""
        if payment.status == "failed":
            for bucket, _ in _buckets(who):
                await self._on.declines.note(bucket, self._on.clock.now())
        return payment


def _buckets(who: Principal) -> list[tuple[str, int]]:
    """Where a decline counts, and how many are borne; nowhere for staff, who try their customers' cards for them."""
    if who.is_staff:
        return []
    address = f"{who.tenant}|{context.current().client_ip or ''}"
    if who.is_visitor:
        return [(address, DECLINES)]
    return [(f"{who.tenant}|{who.id}", DECLINES), (f"{address}|customers", CUSTOMERS_DECLINES)]
