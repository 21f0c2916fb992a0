"""Warehouses, stock and reservations."""

import secrets
from typing import Any

from dev.walk.callers import MANAGER, MANAGERS, SELLERS, STAFF
from dev.walk.rows import BATCH, Row
from dev.walk.world import World

WAREHOUSE = {"warehouse_id": "warehouse_spare"}
SKU = {"sku": "sku"}
RESERVATION = {"reservation_id": "reservation"}
RESERVED_ELSEWHERE = {"reservation_id": "reservation_of_other_shop"}
STORED_ELSEWHERE = {"warehouse_id": "warehouse_of_others"}


def warehouse(world: World) -> dict[str, Any]:
    return {"name": world.text(), "code": secrets.token_hex(4), "shopId": world.known("shop")}


async def adjustment(world: World) -> dict[str, Any]:
    return {"warehouseId": world.known("warehouse"), "sku": await world.id_of("sku"), "delta": 1, "reason": "found"}


async def batch(world: World) -> dict[str, Any]:
    return {"adjustments": [await adjustment(world)]}


def threshold(world: World) -> dict[str, Any]:
    return {"warehouseId": world.known("warehouse"), "lowStockThreshold": 3}


ROWS = [
    Row("POST /api/inventory/v1/warehouses", MANAGERS, body=warehouse, body_ids={"shopId": "shop"}),
    Row("GET /api/inventory/v1/warehouses", SELLERS, query={"shopId": "shop"}),
    Row(
        "GET /api/inventory/v1/warehouses/{warehouse_id}",
        SELLERS,
        ids=WAREHOUSE,
        hidden={MANAGER: STORED_ELSEWHERE, STAFF: STORED_ELSEWHERE},
    ),
    Row(
        "PATCH /api/inventory/v1/warehouses/{warehouse_id}",
        MANAGERS,
        ids=WAREHOUSE,
        body=lambda world: {"name": world.text()},
        hidden={MANAGER: STORED_ELSEWHERE},
    ),
    Row(
        "POST /api/inventory/v1/adjustments",
        SELLERS,
        body=adjustment,
        body_ids={"warehouseId": "warehouse"},  # a SKU is a name that every company may use
    ),
    Row(
        "POST /api/inventory/v1/adjustments/batch",
        SELLERS,
        body=batch,
        body_ids={"adjustments.0.warehouseId": "warehouse"},
        foreign_in_body=BATCH,
    ),
    Row("GET /api/inventory/v1/movements", SELLERS, query={"warehouseId": "warehouse", "sku": "sku"}),
    Row("GET /api/inventory/v1/products", SELLERS, query={"warehouseId": "warehouse", "sku": "sku"}),
    Row("GET /api/inventory/v1/products/{sku:path}", SELLERS, ids=SKU),
    Row("GET /api/inventory/v1/products/{sku:path}/explanation", SELLERS, ids=SKU),
    Row(
        "PATCH /api/inventory/v1/products/{sku:path}",
        SELLERS,
        ids=SKU,
        body=threshold,
        body_ids={"warehouseId": "warehouse"},
    ),
    Row(
        "GET /api/inventory/v1/reservations",
        SELLERS,
        query={"orderId": "order", "warehouseId": "warehouse", "sku": "sku"},
    ),
    Row(
        "GET /api/inventory/v1/reservations/{reservation_id}",
        SELLERS,
        ids=RESERVATION,
        hidden={MANAGER: RESERVED_ELSEWHERE, STAFF: RESERVED_ELSEWHERE},
    ),
]
