"""Orders, customers and till sales."""

from typing import Any

from dev.walk.callers import BUYERS, CUSTOMER, EVERYBODY, MANAGER, SELLERS, STAFF, VISITORS
from dev.walk.makers import sale
from dev.walk.rows import STATE, Row
from dev.walk.world import ADDRESS, World

ORDER = {"order_id": "order"}
PERSONAL = {CUSTOMER: {"order_id": "order_of_others"}}
IN_SHOP = {MANAGER: {"order_id": "order_of_other_shop"}, STAFF: {"order_id": "order_of_other_shop"}}
CUSTOMER_RECORD = {"customer_id": "customer_record"}
WITHOUT_ITS_TOKEN = dict.fromkeys(VISITORS, 401)
"""A guest reads an order by its token alone; without one nobody is known."""


async def order(world: World) -> dict[str, Any]:
    items = [{"productId": await world.id_of("product"), "quantity": 1}]
    return {"items": items, "shippingAddress": ADDRESS, "email": f"guest@{world.mark}.example"}


async def batch(world: World) -> dict[str, Any]:
    return {"sales": [await sale(world)]}


def record(world: World) -> dict[str, Any]:
    return {"name": world.text()}


ROWS = [
    Row("POST /api/orders", EVERYBODY, body=order, body_ids={"items.0.productId": "product"}),
    Row("GET /api/orders", BUYERS, refused=WITHOUT_ITS_TOKEN, query={"customerId": "customer", "shopId": "shop"}),
    Row(
        "GET /api/orders/{order_id}",
        BUYERS,
        ids={"order_id": "shop_order"},
        hidden=PERSONAL | IN_SHOP,
        refused=WITHOUT_ITS_TOKEN,
    ),
    Row(
        "PATCH /api/orders/{order_id}",
        BUYERS,
        ids={"order_id": "shop_order"},
        body=lambda world: {"note": world.mark},
        hidden=PERSONAL | IN_SHOP,
        refused=WITHOUT_ITS_TOKEN,
    ),
    Row(
        "POST /api/orders/{order_id}/cancel",
        BUYERS,
        ids={"order_id": "shop_order"},
        body=lambda _: {},
        hidden=PERSONAL | IN_SHOP,
        refused=WITHOUT_ITS_TOKEN,
        fresh=frozenset({"order_id"}),
    ),
    Row(
        "POST /api/orders/{order_id}/status",
        SELLERS,
        ids={"order_id": "paid_order"},
        body=lambda _: {"status": "processing"},
        hidden=IN_SHOP,
        ok=STATE,
    ),
    Row(
        "POST /api/orders/{order_id}/fulfilments",
        SELLERS,
        ids={"order_id": "paid_order"},
        body=lambda _: {},
        hidden=IN_SHOP,
        ok=STATE,
    ),
    Row("POST /api/orders/{order_id}/deliver", SELLERS, ids={"order_id": "fulfilled_order"}, hidden=IN_SHOP, ok=STATE),
    Row(
        "POST /api/pos/sales",
        SELLERS,
        body=sale,
        body_ids={"shopId": "shop", "items.0.productId": "product"},
    ),
    Row("POST /api/pos/sales/batch", SELLERS, body=batch),
    Row("GET /api/pos/sales", SELLERS, query={"shopId": "shop", "customerId": "customer"}),
    Row("GET /api/pos/sales/{sale_id}", SELLERS, ids={"sale_id": "sale"}),
    Row("POST /api/customers", SELLERS, body=record),
    Row("GET /api/customers", SELLERS),
    Row("GET /api/customers/{customer_id}", SELLERS, ids=CUSTOMER_RECORD),
    Row("PATCH /api/customers/{customer_id}", SELLERS, ids=CUSTOMER_RECORD, body=record),
]
