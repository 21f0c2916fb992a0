"""What sellers make: till sales, returns, saved views; and what the log says of it."""

import secrets
from typing import Any

from dev.walk.world import Maker, World, eur, until

PRICE = 1000
MANY = 100


async def sale(world: World, shop: str = "shop", pieces: int = 1) -> dict[str, Any]:
    """A till sale."""
    return {
        "clientSaleId": secrets.token_hex(8),
        "shopId": world.ids[shop],
        "items": [{"productId": await world.id_of("product"), "quantity": pieces}],
        "tenders": [{"method": "cash", "amount": eur(PRICE * pieces)}],
        "soldAt": "2026-01-05T10:00:00Z",
    }


async def handed_back(world: World, shop: str = "shop", bought: str = "large_sale") -> dict[str, Any]:
    """One piece of a sale of many."""
    return {
        "clientReturnId": secrets.token_hex(8),
        "shopId": world.ids[shop],
        "saleId": await world.id_of(bought),
        "items": [{"productId": await world.id_of("product"), "quantity": 1}],
        "outcome": "restock",
        "refundTenders": [{"method": "cash", "amount": eur(PRICE)}],
        "reason": world.mark,
    }


async def aside(world: World, shop: str = "shop") -> dict[str, Any]:
    """A sale to go on with later."""
    items = [{"productId": await world.id_of("product"), "quantity": 1}]
    return {"shopId": world.ids[shop], "name": world.mark, "items": items}


async def _held_sale(world: World) -> str:
    return str((await world.staff.post("/api/pos/held-sales", await aside(world)))["id"])


async def _held_sale_of_other_shop(world: World) -> str:
    return str((await world.admin.post("/api/pos/held-sales", await aside(world, "shop_of_others")))["id"])


async def _sale(world: World) -> str:
    return str((await world.staff.post("/api/pos/sales", await sale(world)))["id"])


async def _sale_of_other_shop(world: World) -> str:
    return str((await world.admin.post("/api/pos/sales", await sale(world, "shop_of_others")))["id"])


async def _large_sale(world: World) -> str:
    return str((await world.staff.post("/api/pos/sales", await sale(world, pieces=MANY)))["id"])


async def _return(world: World) -> str:
    return str((await world.staff.post("/api/pos/returns", await handed_back(world)))["id"])


async def _return_of_other_shop(world: World) -> str:
    body = await handed_back(world, "shop_of_others", "sale_of_other_shop")
    return str((await world.admin.post("/api/pos/returns", body))["id"])


async def _view(world: World) -> str:
    body = {"name": world.text(), "filters": {"status": "pending"}, "sort": "placedAt"}
    return str((await world.admin.post("/api/orders/views", body))["id"])


async def _audit_event(world: World) -> str:
    found = await until(lambda: world.admin.get("/api/audit/events"), lambda page: page["items"])
    return str(found["items"][0]["eventId"])


MAKERS: dict[str, Maker] = {
    "audit_event": _audit_event,
    "held_sale": _held_sale,
    "held_sale_of_other_shop": _held_sale_of_other_shop,
    "large_sale": _large_sale,
    "return": _return,
    "return_of_other_shop": _return_of_other_shop,
    "sale": _sale,
    "sale_of_other_shop": _sale_of_other_shop,
    "view": _view,
}
