"""Carts, and carts put aside."""

from typing import Any

from dev.walk.callers import CUSTOMER, VISITORS
from dev.walk.rows import OK, Row
from dev.walk.world import World

SHOPPERS = VISITORS | {CUSTOMER}
LINE = {"line_id": "cart_line"}
SAVED = {"saved_id": "saved_cart"}
ITS_PARTS = {"productId": "product", "variantId": "variant"}
WITHOUT_ITS_TOKEN = dict.fromkeys(VISITORS, OK | {404})
"""Without the token of the call before, the visitor's cart is another one, and empty."""

OWNERS = frozenset({CUSTOMER})
"""What is put aside belongs to an account; a visitor has none."""

NO_ACCOUNT = dict.fromkeys(VISITORS, 401)


async def line(world: World) -> dict[str, Any]:
    return {"productId": await world.id_of("product"), "quantity": 1}


ROWS = [
    Row("GET /api/cart", SHOPPERS),
    Row("GET /api/cart/items", SHOPPERS),
    Row("POST /api/cart/items", SHOPPERS, body=line, body_ids=ITS_PARTS),
    Row(
        "PATCH /api/cart/items",
        SHOPPERS,
        body=line,
        body_ids=ITS_PARTS,
        answers=WITHOUT_ITS_TOKEN,
        harmless=frozenset({"quantity = 0"}),  # takes the line out
    ),
    Row("DELETE /api/cart/items", SHOPPERS, query={"productId": "product"}),
    Row(
        "PATCH /api/cart/items/{line_id}",
        SHOPPERS,
        ids=LINE,
        body=lambda _: {"quantity": 1},
        answers=WITHOUT_ITS_TOKEN,
        harmless=frozenset({"quantity = 0"}),
    ),
    Row(
        "DELETE /api/cart/items/{line_id}",
        SHOPPERS,
        ids=LINE,
        fresh=frozenset({"line_id"}),
        answers=WITHOUT_ITS_TOKEN,
    ),
    Row("POST /api/cart/saved", OWNERS, refused=NO_ACCOUNT, body=lambda world: {"name": world.text()}),
    Row("GET /api/cart/saved", OWNERS, refused=NO_ACCOUNT),
    Row("POST /api/cart/saved/{saved_id}/restore", OWNERS, refused=NO_ACCOUNT, ids=SAVED),
    Row("DELETE /api/cart/saved/{saved_id}", OWNERS, refused=NO_ACCOUNT, ids=SAVED, fresh=frozenset({"saved_id"})),
]
