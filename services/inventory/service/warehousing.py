"""Opening and changing warehouses."""

from typing import Any

from common.clients import ServiceClients
from common.clock import Clock
from common.errors import Conflict, Invalid
from common.events.tenancy import ShopCreated
from common.identity.principal import Principal
from common.ids import new_id
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken, check_version
from services.inventory.domain.derived import default_warehouse_id
from services.inventory.domain.warehouse import SHOP_PRIORITY, USUAL_PRIORITY, Warehouse
from services.inventory.store.warehouses import Warehouses


class Warehousing:
    """Where stock lies. Staff limited to shops see and change only their shops' warehouses."""

    def __init__(self, warehouses: Warehouses, clients: ServiceClients, clock: Clock) -> None:
        self._warehouses = warehouses
        self._clients = clients
        self._clock = clock

    async def open(
        self, who: Principal, *, name: str, code: str, shop_id: str | None, priority: int | None
    ) -> Warehouse:
        """Open a warehouse. Raises Conflict ``code_taken``, NotFound for a shop that is not there."""
        shop_id = await self._shop(who, shop_id)
        warehouse = Warehouse.open(
            warehouse_id=new_id("whs"),
            company_id=who.tenant,
            name=name,
            code=code,
            shop_id=shop_id,
            priority=USUAL_PRIORITY if priority is None else priority,
            is_default=False,
            now=self._clock.now(),
        )
        return await self._warehouses.for_company(who.tenant).insert(warehouse)

    async def _shop(self, who: Principal, shop_id: str | None) -> str | None:
        """The shop a new warehouse belongs to: a manager's is always one of their shops."""
        if shop_id is None and who.is_limited_to_shops:
            if len(who.shop_ids) != 1:
                raise Invalid("shop_required", "Name the shop.", [("shopId", "is needed")])
            return who.shop_ids[0]
        if shop_id is not None:
            who.require_shop(shop_id)
            known = await self._warehouses.for_company(who.tenant).find(default_warehouse_id(shop_id))
            if known is None:
                await self._clients.get("shop", f"/internal/shops/{shop_id}", tenant=who.tenant)
        return shop_id

    async def open_default(self, company_id: str, shop: ShopCreated) -> None:
        """The warehouse that comes with a shop; its id follows from the shop's, so there is never a second.

        Raises Conflict ``code_taken`` when neither the shop's code nor one made from its id is free.
        """
        warehouses = self._warehouses.for_company(company_id)
        if await warehouses.find(default_warehouse_id(shop.shop_id)) is not None:
            return
        for code in (shop.code, f"{shop.code[:50]}-{shop.shop_id[-8:]}"):
            warehouse = Warehouse.open(
                warehouse_id=default_warehouse_id(shop.shop_id),
                company_id=company_id,
                name=shop.name,
                code=code,
                shop_id=shop.shop_id,
                priority=SHOP_PRIORITY,
                is_default=True,
                now=self._clock.now(),
            )
            if await warehouses.insert_default(warehouse):
                return
        raise Conflict("code_taken", f"No warehouse code is left for the shop {shop.shop_id}.")

    async def list(self, who: Principal, page: PageRequest) -> Page[Warehouse]:
        """Warehouses of the company; for those limited to shops, theirs."""
        criteria: dict[str, Any] = {"shopId": {"$in": list(who.shop_ids)}} if who.is_limited_to_shops else {}
        return await self._warehouses.for_company(who.tenant).page(criteria, page)

    async def read(self, who: Principal, warehouse_id: str) -> Warehouse:
        """One warehouse. Raises NotFound, also for another shop's."""
        warehouse = await self._warehouses.for_company(who.tenant).get(warehouse_id)
        who.require_shop(warehouse.shop_id, "warehouse")
        return warehouse

    async def edit(self, who: Principal, warehouse_id: str, changes: dict[str, Any], if_match: str | None) -> Warehouse:
        """Change name or priority. Raises VersionConflict when ``if_match`` names an old version."""

        async def change() -> Warehouse:
            warehouse = await self.read(who, warehouse_id)
            check_version(if_match, warehouse.version)
            if not changes:
                return warehouse
            warehouse.edit(changes)
            return await self._warehouses.for_company(who.tenant).save(warehouse)

        return await again_when_overtaken(change, if_match)
