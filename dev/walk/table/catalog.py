"""Products, categories and carts."""

import secrets
from typing import Any

from dev.walk.callers import CUSTOMER, EVERYBODY, MANAGERS, VISITORS
from dev.walk.makers import eur
from dev.walk.rows import OK, Row
from dev.walk.world import World

PRODUCT = {"product_id": "product"}
CATEGORY = {"category_id": "category"}
SHOPPERS = VISITORS | {CUSTOMER}


async def product(world: World) -> dict[str, Any]:
    return {"sku": world.text(), "name": world.mark, "price": eur(1000), "categoryId": await world.id_of("category")}


async def products(world: World) -> dict[str, Any]:
    return {"products": [await product(world)]}


async def line(world: World) -> dict[str, Any]:
    return {"productId": await world.id_of("product"), "quantity": 1}


ROWS = [
    Row("POST /api/products", MANAGERS, body=product, body_ids={"categoryId": "category"}),
    Row("GET /api/products", EVERYBODY, query={"categoryId": "category"}),
    Row("GET /api/products/{product_id}", EVERYBODY, ids=PRODUCT),
    Row(
        "PATCH /api/products/{product_id}", MANAGERS, ids=PRODUCT, body=lambda world: {"name": f"Product {world.mark}"}
    ),
    Row("DELETE /api/products/{product_id}", MANAGERS, ids=PRODUCT, fresh=frozenset({"product_id"})),
    Row("POST /api/categories", MANAGERS, body=lambda world: {"name": f"{world.mark} {secrets.token_hex(3)}"}),
    Row("GET /api/categories", EVERYBODY, query={"parentId": "category"}),
    Row("GET /api/categories/{category_id}", EVERYBODY, ids=CATEGORY),
    Row("PATCH /api/categories/{category_id}", MANAGERS, ids=CATEGORY, body=lambda world: {"name": f"C {world.mark}"}),
    Row("DELETE /api/categories/{category_id}", MANAGERS, ids=CATEGORY, fresh=frozenset({"category_id"})),
    Row("GET /api/cart", SHOPPERS),
    Row("GET /api/cart/items", SHOPPERS),
    Row("POST /api/cart/items", SHOPPERS, body=line, body_ids={"productId": "product"}),
    Row(
        "PATCH /api/cart/items",
        SHOPPERS,
        body=line,
        body_ids={"productId": "product"},
        answers=dict.fromkeys(VISITORS, OK | {404}),  # whose cart of the call before is gone without its token
        also_refused=frozenset({404}),  # 0 takes a line out
    ),
    Row("DELETE /api/cart/items", SHOPPERS, query={"productId": "product"}),
]
