"""Products, categories and collections."""

import secrets
from typing import Any

from dev.walk.callers import EVERYBODY, MANAGERS
from dev.walk.rows import BATCH, Row
from dev.walk.world import World, eur

PRODUCT = {"product_id": "product"}
CATEGORY = {"category_id": "category"}
COLLECTION = {"collection_id": "collection"}
PRODUCTS_OF = {"productIds.0": "product", "rule.categoryId": "category"}


async def product(world: World) -> dict[str, Any]:
    return {"sku": world.text(), "name": world.mark, "price": eur(1000), "categoryId": await world.id_of("category")}


async def products(world: World) -> dict[str, Any]:
    return {"products": [await product(world)]}


def collection(world: World) -> dict[str, Any]:
    return {"name": world.text(), "description": world.mark}


ROWS = [
    Row("POST /api/products", MANAGERS, body=product, body_ids={"categoryId": "category"}),
    Row(
        "POST /api/products/batch",
        MANAGERS,
        body=products,
        body_ids={"products.0.categoryId": "category"},
        foreign_in_body=BATCH,
    ),
    Row("GET /api/products", EVERYBODY, query={"categoryId": "category", "collectionId": "collection"}),
    Row("GET /api/products/suggestions", EVERYBODY, fixed={"q": "Product"}),
    Row("GET /api/products/{product_id}", EVERYBODY, ids=PRODUCT),
    Row(
        "PATCH /api/products/{product_id}",
        MANAGERS,
        ids=PRODUCT,
        body=lambda world: {"name": f"Product {world.mark}"},
        body_ids={"categoryId": "category"},
    ),
    Row("DELETE /api/products/{product_id}", MANAGERS, ids=PRODUCT, fresh=frozenset({"product_id"})),
    Row(
        "POST /api/categories",
        MANAGERS,
        body=lambda world: {"name": f"{world.mark} {secrets.token_hex(3)}"},
        body_ids={"parentId": "category"},
    ),
    Row("GET /api/categories", EVERYBODY, query={"parentId": "category"}),
    Row("GET /api/categories/tree", EVERYBODY),
    Row("GET /api/categories/summary", EVERYBODY),
    Row("GET /api/categories/{category_id}", EVERYBODY, ids=CATEGORY),
    Row(
        "PATCH /api/categories/{category_id}",
        MANAGERS,
        ids=CATEGORY,
        body=lambda world: {"name": f"C {world.mark}"},
        body_ids={"parentId": "category"},
    ),
    Row("DELETE /api/categories/{category_id}", MANAGERS, ids=CATEGORY, fresh=frozenset({"category_id"})),
    Row("POST /api/collections", MANAGERS, body=collection, body_ids=PRODUCTS_OF),
    Row("GET /api/collections", EVERYBODY),
    Row("GET /api/collections/{collection_id}", EVERYBODY, ids=COLLECTION),
    Row(
        "PATCH /api/collections/{collection_id}",
        MANAGERS,
        ids=COLLECTION,
        body=lambda world: {"name": f"Collection {world.mark}"},
        body_ids=PRODUCTS_OF,
    ),
    Row("DELETE /api/collections/{collection_id}", MANAGERS, ids=COLLECTION, fresh=frozenset({"collection_id"})),
]
