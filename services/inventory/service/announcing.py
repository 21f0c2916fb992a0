"""Telling that a SKU ran low, ran out or is back: once for each crossing, whoever caused it."""

from collections.abc import Collection, Sequence

from common.logging import get_logger
from services.inventory.domain.stock import StockRow
from services.inventory.store.stock import Stock

log = get_logger(__name__)

TRIES = 5


class Announcing:
    """Compares what was announced with what is, after quantities have changed."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock

    async def settle(self, company_id: str, stock_ids: Sequence[str]) -> None:
        """Announce what these rows have crossed. A row that changes meanwhile is judged again."""
        stock = self._stock.for_company(company_id)
        rows = await stock.crossed(stock_ids)
        for _ in range(TRIES):
            await stock.place(rows)
            if not await self.tell(rows):
                return
            rows = await stock.crossed([row.id for row in rows])
        log.info("crossings_left_to_the_next_touch", company=company_id, rows=len(rows))

    async def missed(self, company_id: str, stock_ids: Sequence[str]) -> None:
        """Announce rows on which an order just failed, when it was never told that they are empty."""
        rows = await self._stock.for_company(company_id).rows(stock_ids)
        await self.tell(rows, missed=frozenset(row.id for row in rows))

    async def tell(self, rows: Sequence[StockRow], missed: Collection[str] = ()) -> int:
        """Store the events of these rows' crossings; how many there were to tell."""
        facts = {}
        for row in rows:
            told = row.crossings(missed=row.id in missed)
            if told:
                sealed = self._stock.ground.outbox.seal(
                    told, company_id=row.company_id, sequence=row.sequence, shop_id=row.shop_id
                )
                facts[row.id] = (row, sealed, row.steady_status)
        if facts:
            await self._stock.announce(facts)
        return len(facts)
