"""Shops, their staff, and the storefront."""

import secrets
from typing import Any

from dev.walk.callers import ADMINS, EVERYBODY, MANAGER, MANAGERS, SCOPELESS, SELLERS, STAFF
from dev.walk.rows import Row
from dev.walk.world import PASSWORD, World

SHOP = {"shop_id": "shop"}
NOT_THEIRS = {MANAGER: {"shop_id": "shop_of_others"}, STAFF: {"shop_id": "shop_of_others"}}


def person(world: World) -> dict[str, Any]:
    email = f"{secrets.token_hex(6)}@{world.mark}.example"
    return {"email": email, "password": PASSWORD, "name": world.mark, "role": "shop_staff"}


ROWS = [
    Row("POST /api/shops", ADMINS, body=lambda world: {"name": world.mark, "code": secrets.token_hex(4)}),
    Row("GET /api/shops", SELLERS),
    Row("GET /api/shops/{shop_id}", SELLERS, ids=SHOP, hidden=NOT_THEIRS),
    Row("PATCH /api/shops/{shop_id}", ADMINS, ids=SHOP, body=lambda world: {"name": f"Shop {world.mark}"}),
    Row(
        "POST /api/shops/{shop_id}/staff",
        MANAGERS,
        ids=SHOP,
        body=person,
        hidden={MANAGER: {"shop_id": "shop_of_others"}},
    ),
    Row("GET /api/shops/{shop_id}/staff", MANAGERS, ids=SHOP, hidden={MANAGER: {"shop_id": "shop_of_others"}}),
    Row(
        "DELETE /api/shops/{shop_id}/staff/{user_id}",
        MANAGERS,
        ids={**SHOP, "user_id": "member"},
        fresh=frozenset({"user_id"}),
    ),
    Row("GET /api/storefront/config", EVERYBODY | {SCOPELESS}),
    Row("PATCH /api/storefront/config", ADMINS, body=lambda _: {"layout": "grid"}),
]
