"""Making the stock rows that are not there yet."""

from collections.abc import Sequence
from typing import Any

from common.clock import Clock
from services.inventory.domain.derived import stock_id
from services.inventory.domain.stock import StockRow
from services.inventory.domain.warehouse import Warehouse
from services.inventory.service.knowing import Knowing
from services.inventory.store.products import Skus
from services.inventory.store.stock import Stock
from services.inventory.store.warehouses import Warehouses


class Shelving:
    """Rows of 0, with what is known of their product and their company."""

    def __init__(self, warehouses: Warehouses, stock: Stock, skus: Skus, knowing: Knowing, clock: Clock) -> None:
        self._warehouses = warehouses
        self._stock = stock
        self._skus = skus
        self._knowing = knowing
        self._clock = clock

    async def open_rows(self, company_id: str, places: Sequence[tuple[str, str]]) -> None:
        """A row for each (warehouse id, SKU); one that exists keeps its quantities. Unknown warehouses get none."""
        if not places:
            return
        facts = await self._skus.find(company_id, [sku for _, sku in places])
        warehouses = {warehouse.id: warehouse for warehouse in await self._warehouses.for_company(company_id).all()}
        known = [(warehouses[place], facts.get(sku, {"sku": sku})) for place, sku in places if place in warehouses]
        await self._ensure(company_id, known)

    async def open_product(self, company_id: str, facts: Sequence[dict[str, Any]]) -> None:
        """A row for each SKU of a product in every warehouse; ``facts`` as kept in the copies of SKUs."""
        warehouses = await self._warehouses.for_company(company_id).all()
        await self._ensure(company_id, [(warehouse, fact) for warehouse in warehouses for fact in facts])

    async def _ensure(self, company_id: str, places: Sequence[tuple[Warehouse, dict[str, Any]]]) -> None:
        threshold = await self._knowing.threshold(company_id)
        now = self._clock.now()
        await self._stock.for_company(company_id).ensure(
            [
                StockRow(
                    id=stock_id(company_id, warehouse.id, fact["sku"]),
                    company_id=company_id,
                    sku=fact["sku"],
                    warehouse_id=warehouse.id,
                    shop_id=warehouse.shop_id,
                    product_id=fact.get("productId"),
                    variant_id=fact.get("variantId"),
                    threshold=threshold,
                    created_at=now,
                    updated_at=now,
                )
                for warehouse, fact in places
            ]
        )
