"""Following what other services tell: new shops, products and settings."""

from common.events import Envelope
from common.events.catalogue import ProductCreated, ProductUpdated
from common.events.tenancy import CompanyCreated, CompanyUpdated
from services.inventory.domain.product import facts_of
from services.inventory.service.announcing import Announcing
from services.inventory.service.shelving import Shelving
from services.inventory.store.products import Companies, Skus
from services.inventory.store.stock import Stock

FLAGGED_AT_ONCE = 500
FLAGGED_ROUNDS = 20


class Following:
    """Local copies, and the rows that follow from them."""

    def __init__(
        self,
        stock: Stock,
        skus: Skus,
        companies: Companies,
        shelving: Shelving,
        announcing: Announcing,
    ) -> None:
        self._stock = stock
        self._skus = skus
        self._companies = companies
        self._shelving = shelving
        self._announcing = announcing

    async def product(self, company_id: str, event: Envelope[ProductCreated] | Envelope[ProductUpdated]) -> None:
        """Stock of 0 for each SKU of the product in every warehouse; with variants only theirs are stocked."""
        product = event.data
        variants = [(variant.sku, variant.id) for variant in product.variants]
        facts = facts_of(product.product_id, product.sku, product.name, variants)
        await self._skus.take(company_id, event.sequence, facts)
        await self._shelving.open_product(company_id, facts)

    async def company(self, company_id: str, event: Envelope[CompanyCreated] | Envelope[CompanyUpdated]) -> None:
        """Take over the company's threshold; rows without one of their own are judged by it at once."""
        company = event.data
        threshold = company.settings.low_stock_threshold
        await self._companies.take(company_id, event.sequence, threshold=threshold, timezone=company.timezone)
        stock = self._stock.for_company(company_id)
        newest = await self._companies.find(company_id)
        await stock.follow_company(int(newest["threshold"]) if newest else threshold)
        for _ in range(FLAGGED_ROUNDS):  # what is beyond them the sweeper tells
            rows = await stock.flagged({}, FLAGGED_AT_ONCE)
            await self._announcing.tell(rows)
            await stock.unflag(rows)
            if len(rows) < FLAGGED_AT_ONCE:
                return
