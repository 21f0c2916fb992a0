"""What people and other services may look at."""

from typing import Any

from common.errors import Conflict
from common.identity.principal import Principal
from common.pagination import Page, PageRequest
from services.inventory.domain.explanation import Explanation, explain
from services.inventory.domain.ledger import Movement
from services.inventory.domain.period import bounds
from services.inventory.domain.reservation import Reservation
from services.inventory.domain.stock import SkuStock, StockRow
from services.inventory.service.knowing import Knowing
from services.inventory.store.folding import prefix
from services.inventory.store.ledger import Ledger, MovementRelay
from services.inventory.store.products import Skus
from services.inventory.store.reservations import Reservations
from services.inventory.store.stock import Stock
from services.inventory.store.warehouses import Warehouses

EXPLANATION_TRIES = 5


class Reading:
    """Lists and single views. Staff limited to shops see their shops' warehouses."""

    def __init__(
        self,
        warehouses: Warehouses,
        stock: Stock,
        skus: Skus,
        knowing: Knowing,
        reservations: Reservations,
        ledger: Ledger,
        relay: MovementRelay,
    ) -> None:
        self._warehouses = warehouses
        self._stock = stock
        self._skus = skus
        self._knowing = knowing
        self._reservations = reservations
        self._ledger = ledger
        self._relay = relay

    async def list_stock(
        self,
        who: Principal,
        page: PageRequest,
        *,
        sku: str | None,
        warehouse_id: str | None,
        status: str | None,
        product_id: str | None,
        search: str | None,
    ) -> Page[StockRow]:
        """Stock rows; ``search``: how a SKU, or a word of a product's name, begins, whatever its case."""
        criteria = await self._places(who, warehouse_id)
        if sku is not None:
            criteria["sku"] = sku
        if status is not None:
            criteria["level"] = status
        if product_id is not None:
            criteria["productId"] = product_id
        if search:
            begins = {"$or": [{"skuKey": prefix(search)}, {"sku": {"$in": await self._skus.named(who.tenant, search)}}]}
            criteria = {"$and": [criteria, begins]}
        return await self._stock.for_company(who.tenant).page(criteria, page)

    async def one_sku(self, who: Principal, sku: str) -> SkuStock:
        """One SKU in every warehouse. Raises NotFound for one that the company does not have."""
        criteria = await self._places(who, None) | {"sku": sku}
        rows = await self._stock.for_company(who.tenant).find_many(criteria, 500, sort="createdAt")
        if not rows:
            await self._knowing.require_sku(who.tenant, sku)
        return SkuStock(sku, rows)

    async def explain(self, who: Principal, sku: str) -> list[Explanation]:
        """On hand against the ledger, of one moment: no row changed between the two readings of it.

        Raises NotFound for an unknown SKU, Conflict ``stock_in_motion`` when it never stands still.
        """
        criteria = await self._places(who, None) | {"sku": sku}
        rows = (await self.one_sku(who, sku)).warehouses
        for _ in range(EXPLANATION_TRIES):
            await self._relay.flush_all({"companyId": who.tenant, **criteria})
            sums = await self._ledger.for_company(who.tenant).sums(criteria)
            again = (await self.one_sku(who, sku)).warehouses
            if {row.id: row.version for row in rows} == {row.id: row.version for row in again}:
                return explain(rows, sums)
            rows = again
        raise Conflict("stock_in_motion", "This SKU is being sold right now; ask again.")

    async def list_movements(
        self,
        who: Principal,
        page: PageRequest,
        *,
        sku: str | None,
        reference_id: str | None,
        warehouse_id: str | None,
        reason: str | None,
        start: str | None,
        end: str | None,
    ) -> Page[Movement]:
        """The ledger. What still sits in stock documents is brought there first, so nothing is missing."""
        criteria = await self._places(who, warehouse_id)
        if sku is not None:
            criteria["sku"] = sku
        await self._relay.flush_all({"companyId": who.tenant, **criteria})
        if reason is not None:
            criteria["reason"] = reason
        if reference_id is not None:
            criteria["reference.id"] = reference_id
        criteria |= await self._period(who, start, end)
        return await self._ledger.for_company(who.tenant).page(criteria, page)

    async def list_reservations(
        self,
        who: Principal,
        page: PageRequest,
        *,
        order_id: str | None,
        status: str | None,
        sku: str | None,
        warehouse_id: str | None,
        start: str | None,
        end: str | None,
    ) -> Page[Reservation]:
        """Reservations; for those limited to shops, of their shops' orders."""
        criteria: dict[str, Any] = {"shopId": {"$in": list(who.shop_ids)}} if who.is_limited_to_shops else {}
        wanted = {"orderId": order_id, "state": status, "demand.sku": sku, "lines.warehouseId": warehouse_id}
        criteria |= {name: value for name, value in wanted.items() if value is not None}
        criteria |= await self._period(who, start, end)
        return await self._reservations.for_company(who.tenant).page(criteria, page)

    async def one_reservation(self, who: Principal, reservation_id: str) -> Reservation:
        """One reservation. Raises NotFound, also for another shop's."""
        reservation = await self._reservations.for_company(who.tenant).get(reservation_id)
        who.require_shop(reservation.shop_id, "reservation")
        return reservation

    async def _period(self, who: Principal, start: str | None, end: str | None) -> dict[str, Any]:
        """The condition on the time, by instants or by the company's days."""
        since, before = bounds(start, end, await self._knowing.timezone(who.tenant))
        at = {name: moment for name, moment in (("$gte", since), ("$lt", before)) if moment is not None}
        return {"createdAt": at} if at else {}

    async def available(self, company_id: str, skus: list[str]) -> dict[str, int]:
        """What is available of each SKU over all active warehouses, never below zero; 0 for the unknown."""
        totals = dict.fromkeys(skus, 0)
        asleep = await self._warehouses.for_company(company_id).inactive()
        for (place, sku), quantity in (await self._stock.for_company(company_id).available(skus)).items():
            totals[sku] += 0 if place in asleep else max(quantity, 0)
        return totals

    async def _places(self, who: Principal, warehouse_id: str | None) -> dict[str, Any]:
        """The condition that leaves the warehouses asked for, of those that the caller may see."""
        if not who.is_limited_to_shops:
            return {"warehouseId": warehouse_id} if warehouse_id else {}
        own = await self._warehouses.for_company(who.tenant).of_shops(list(who.shop_ids))
        return {"warehouseId": {"$in": [place for place in own if warehouse_id in (None, place)]}}
