"""Warehouses."""

from typing import Annotated

from fastapi import APIRouter, Response

from common.pagination import Page, PageRequest
from common.web.etag import IfMatch, tag
from common.web.lists import listing
from services.inventory.routes.parts import BASE, Inventory, Reader, WarehouseWriter
from services.inventory.schemas import WarehouseIn, WarehouseOut, WarehousePatch

router = APIRouter(prefix=f"{BASE}/warehouses", tags=["inventory"])


@router.post("", status_code=201)
async def open_warehouse(
    body: WarehouseIn, who: WarehouseWriter, inventory: Inventory, response: Response
) -> WarehouseOut:
    """Open a warehouse."""
    warehouse = await inventory.warehouses.open(
        who, name=body.name, code=body.code, shop_id=body.shop_id, priority=body.priority
    )
    tag(response, warehouse.version)
    return WarehouseOut.model_validate(warehouse)


@router.get("")
async def list_warehouses(
    who: Reader, inventory: Inventory, page: Annotated[PageRequest, listing("name", "code", "priority")]
) -> Page[WarehouseOut]:
    """List warehouses; staff see their shops'."""
    found = await inventory.warehouses.list(who, page)
    return Page(items=[WarehouseOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)


@router.get("/{warehouse_id}")
async def read_warehouse(warehouse_id: str, who: Reader, inventory: Inventory, response: Response) -> WarehouseOut:
    """Read one warehouse."""
    warehouse = await inventory.warehouses.read(who, warehouse_id)
    tag(response, warehouse.version)
    return WarehouseOut.model_validate(warehouse)


@router.patch("/{warehouse_id}")
async def edit_warehouse(
    warehouse_id: str,
    body: WarehousePatch,
    who: WarehouseWriter,
    inventory: Inventory,
    response: Response,
    if_match: IfMatch = None,
) -> WarehouseOut:
    """Change a warehouse."""
    warehouse = await inventory.warehouses.edit(who, warehouse_id, body.changes(), if_match)
    tag(response, warehouse.version)
    return WarehouseOut.model_validate(warehouse)
