"""Goods and where they lie."""

import secrets
from typing import Any

from dev.walk.world import OPENING_STOCK, Maker, World, eur


async def _product(world: World) -> str:
    made = await _offered(world)
    world.ids.setdefault("sku", made["sku"])
    await _stocked(world, made["sku"])
    return str(made["id"])


async def _variant(world: World) -> str:
    """A form of a product; the product itself is of no use to anybody."""
    sku = world.text()
    variants = [{"sku": sku, "options": {"Size": "S"}}]
    made = await _offered(world, options=[{"name": "Size", "values": ["S"]}], variants=variants)
    return str(made["variants"][0]["id"])


async def _offered(world: World, **more: Any) -> dict[str, Any]:
    body = {
        "sku": world.text(),
        "name": f"Product {world.mark}",
        "price": eur(1000),
        "categoryId": await world.id_of("category"),
        **more,
    }
    made: dict[str, Any] = await world.admin.post("/api/products", body)
    world.made |= {made["id"], made["sku"]}
    return made


async def _stocked(world: World, sku: str) -> None:
    for warehouse in ("warehouse", "warehouse_of_others"):
        adjustment = {"warehouseId": world.ids[warehouse], "sku": sku, "delta": OPENING_STOCK, "reason": "opening"}
        await world.admin.post("/api/inventory/v1/adjustments", adjustment)


async def _sku(world: World) -> str:
    await world.id_of("product")
    return world.ids["sku"]


async def _category(world: World) -> str:
    return str((await world.admin.post("/api/categories", {"name": world.text()}))["id"])


async def _collection(world: World) -> str:
    return str((await world.admin.post("/api/collections", {"name": world.text()}))["id"])


async def _warehouse_spare(world: World) -> str:
    body = {"name": world.text(), "code": secrets.token_hex(4), "shopId": world.ids["shop"]}
    return str((await world.admin.post("/api/inventory/v1/warehouses", body))["id"])


async def _reservation_for(world: World, order: str) -> str:
    found = await world.admin.get("/api/inventory/v1/reservations", orderId=await world.id_of(order))
    return str(found["items"][0]["id"])


async def _reservation(world: World) -> str:
    return await _reservation_for(world, "shop_order")


async def _reservation_of_other_shop(world: World) -> str:
    return await _reservation_for(world, "order_of_other_shop")


MAKERS: dict[str, Maker] = {
    "category": _category,
    "collection": _collection,
    "product": _product,
    "reservation": _reservation,
    "reservation_of_other_shop": _reservation_of_other_shop,
    "sku": _sku,
    "variant": _variant,
    "warehouse_spare": _warehouse_spare,
}
