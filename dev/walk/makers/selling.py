"""What sellers make: till sales and saved views."""

import secrets
from typing import Any

from dev.walk.world import Maker, World, eur


async def sale(world: World, shop: str = "shop") -> dict[str, Any]:
    """A till sale of one piece."""
    return {
        "clientSaleId": secrets.token_hex(8),
        "shopId": world.ids[shop],
        "items": [{"productId": await world.id_of("product"), "quantity": 1}],
        "tenders": [{"method": "cash", "amount": eur(1000)}],
        "soldAt": "2026-01-05T10:00:00Z",
    }


async def _sale(world: World) -> str:
    return str((await world.staff.post("/api/pos/sales", await sale(world)))["id"])


async def _sale_of_other_shop(world: World) -> str:
    return str((await world.admin.post("/api/pos/sales", await sale(world, "shop_of_others")))["id"])


async def _view(world: World) -> str:
    body = {"name": world.text(), "filters": {"status": "pending"}, "sort": "placedAt"}
    return str((await world.admin.post("/api/orders/views", body))["id"])


MAKERS: dict[str, Maker] = {"sale": _sale, "sale_of_other_shop": _sale_of_other_shop, "view": _view}
