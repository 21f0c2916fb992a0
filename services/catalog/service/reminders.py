"""The durable timer of abandoned carts."""

import asyncio
from datetime import datetime

from common.clock import Clock
from common.errors import DomainError, VersionConflict
from common.logging import get_logger
from services.catalog.clients.company import Companies
from services.catalog.domain.cart import Cart
from services.catalog.domain.totals import price_cart
from services.catalog.store.carts import Carts
from services.catalog.store.products import Products

log = get_logger(__name__)

AT_ONCE = 100


class CartReminders:
    """Tells of each cart that nobody came back to, once; copies of the service decide by the cart's version."""

    def __init__(
        self, carts: Carts, products: Products, companies: Companies, clock: Clock, every_seconds: float
    ) -> None:
        self._carts = carts
        self._products = products
        self._companies = companies
        self._clock = clock
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Look for ever."""
        while True:
            if await self.remind(self._clock.now()) < AT_ONCE:
                await asyncio.sleep(self._every_seconds)

    async def remind(self, now: datetime) -> int:
        """Tell of what is due at ``now``; how many were told of."""
        told = 0
        for cart in await self._carts.for_platform().due(now, AT_ONCE):
            try:
                await self._tell(cart)
            except VersionConflict:
                continue  # another copy was faster, or somebody came back
            except DomainError as error:
                log.warning("cart_reminder_waits", cart=cart.public_id, reason=error.code)
                continue
            told += 1
        return told

    async def _tell(self, cart: Cart) -> None:
        company_id = cart.company_id or ""
        company = await self._companies.get(company_id)
        products = await self._products.for_company(company_id).by_ids([line.product_id for line in cart.lines])
        priced = price_cart(cart, "", products, company.currency, company.settings)
        cart.abandon(priced.totals.grand_total)
        await self._carts.for_company(company_id).save(cart)
