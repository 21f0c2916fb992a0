"""What every route of the inventory service takes."""

from typing import Annotated

from fastapi import Depends, Request

from common.identity.principal import Principal
from common.identity.requires import requires
from services.inventory.service import InventoryService

BASE = "/api/inventory/v1"


def _service(request: Request) -> InventoryService:
    service: InventoryService = request.app.state.service
    return service


Inventory = Annotated[InventoryService, Depends(_service)]
Reader = Annotated[Principal, requires("inventory.read")]
Adjuster = Annotated[Principal, requires("stock.adjust")]
WarehouseWriter = Annotated[Principal, requires("warehouses.write")]
