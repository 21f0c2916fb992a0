"""Making the stock rows that are not there yet."""

from collections.abc import Sequence

from common.clock import Clock
from services.inventory.domain.derived import stock_id
from services.inventory.domain.stock import StockRow
from services.inventory.store.products import Companies, Skus
from services.inventory.store.stock import Stock
from services.inventory.store.warehouses import Warehouses


class Shelving:
    """Rows of 0, with what is known of their product and their company."""

    def __init__(self, warehouses: Warehouses, stock: Stock, skus: Skus, companies: Companies, clock: Clock) -> None:
        self._warehouses = warehouses
        self._stock = stock
        self._skus = skus
        self._companies = companies
        self._clock = clock

    async def open_rows(self, company_id: str, places: Sequence[tuple[str, str]]) -> None:
        """A row for each (warehouse id, SKU); one that exists keeps its quantities. Unknown warehouses get none."""
        if not places:
            return
        threshold = await self._companies.threshold(company_id)
        facts = await self._skus.find(company_id, [sku for _, sku in places])
        warehouses = {warehouse.id: warehouse for warehouse in await self._warehouses.for_company(company_id).all()}
        now = self._clock.now()
        await self._stock.for_company(company_id).ensure(
            [
                StockRow(
                    id=stock_id(company_id, warehouse_id, sku),
                    company_id=company_id,
                    sku=sku,
                    warehouse_id=warehouse_id,
                    shop_id=warehouses[warehouse_id].shop_id,
                    product_id=facts.get(sku, {}).get("productId"),
                    variant_id=facts.get(sku, {}).get("variantId"),
                    threshold=threshold,
                    created_at=now,
                    updated_at=now,
                )
                for warehouse_id, sku in places
                if warehouse_id in warehouses
            ]
        )
