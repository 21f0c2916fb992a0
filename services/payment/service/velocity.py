"""Card testing: strangers who collect declines are slowed down, by company and address, and nobody else is."""

import math
from datetime import timedelta

from common import context
from common.errors import TooManyRequests
from common.identity.principal import Principal
from services.payment.domain import Payment
from services.payment.service.foundation import Foundation

DECLINES = 10


class Velocity:
    """Counts the declines of callers without a name: on a storefront, through a publishable key."""

    def __init__(self, on: Foundation) -> None:
        self._on = on

    async def check(self, who: Principal) -> None:
        """Raises TooManyRequests ``too_many_declines`` after ten within fifteen minutes."""
        if not _is_stranger(who):
            return
        now = self._on.clock.now()
        recent = await self._on.declines.recent(_bucket(who), now, DECLINES)
        if len(recent) >= DECLINES:
            free = recent[0] + timedelta(seconds=self._on.declines.WINDOW_SECONDS) - now
            seconds = max(math.ceil(free.total_seconds()), 1)
            raise TooManyRequests("Too many payments were declined from here.", seconds, "too_many_declines")

    async def noted(self, who: Principal, payment: Payment) -> Payment:
        """The payment, after its decline has been counted."""
        if payment.status == "failed" and _is_stranger(who):
            await self._on.declines.note(_bucket(who), self._on.clock.now())
        return payment


def _is_stranger(who: Principal) -> bool:
    return who.kind == "anonymous" or who.role == "publishable_key"


def _bucket(who: Principal) -> str:
    return f"{who.tenant}|{context.current().client_ip or ''}"
