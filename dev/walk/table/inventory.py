"""Warehouses, stock and reservations."""

import secrets
from typing import Any

from dev.walk.callers import MANAGER, MANAGERS, SELLERS, STAFF
from dev.walk.rows import Row
from dev.walk.world import World

WAREHOUSE = {"warehouse_id": "warehouse_spare"}
SKU = {"sku": "sku"}
NOT_THEIRS = {MANAGER: {"warehouse_id": "warehouse_of_others"}, STAFF: {"warehouse_id": "warehouse_of_others"}}


def warehouse(world: World) -> dict[str, Any]:
    return {"name": world.text(), "code": secrets.token_hex(4), "shopId": world.known("shop")}


async def adjustment(world: World) -> dict[str, Any]:
    return {"warehouseId": world.known("warehouse"), "sku": await world.id_of("sku"), "delta": 1, "reason": "found"}


async def batch(world: World) -> dict[str, Any]:
    return {"adjustments": [await adjustment(world)]}


ROWS = [
    Row("POST /api/inventory/v1/warehouses", MANAGERS, body=warehouse, body_ids={"shopId": "shop"}),
    Row("GET /api/inventory/v1/warehouses", SELLERS, query={"shopId": "shop"}),
    Row("GET /api/inventory/v1/warehouses/{warehouse_id}", SELLERS, ids=WAREHOUSE),
    Row(
        "PATCH /api/inventory/v1/warehouses/{warehouse_id}", MANAGERS, ids=WAREHOUSE, body=lambda w: {"name": w.text()}
    ),
    Row(
        "POST /api/inventory/v1/adjustments",
        SELLERS,
        body=adjustment,
        body_ids={"warehouseId": "warehouse", "sku": "sku"},
    ),
    Row("POST /api/inventory/v1/adjustments/batch", SELLERS, body=batch),
    Row("GET /api/inventory/v1/movements", SELLERS, query={"warehouseId": "warehouse", "sku": "sku"}),
    Row("GET /api/inventory/v1/products", SELLERS, query={"warehouseId": "warehouse"}),
    Row("GET /api/inventory/v1/products/{sku:path}", SELLERS, ids=SKU),
    Row("GET /api/inventory/v1/reservations", SELLERS, query={"orderId": "order"}),
]
