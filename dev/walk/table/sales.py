"""Orders: placing, changing, moving, handing over."""

from typing import Any

from dev.walk.callers import BUYERS, CUSTOMER, EVERYBODY, MANAGER, SELLERS, STAFF, SUPER, VISITORS
from dev.walk.rows import BATCH, STATE, Row
from dev.walk.world import ADDRESS, World

ORDER = {"order_id": "shop_order"}
PAID = {"order_id": "paid_order"}
PARCEL = {"order_id": "fulfilled_order", "fulfilment_id": "fulfilment"}
PERSONAL = {CUSTOMER: {"order_id": "order_of_others"}}
ELSEWHERE = {"order_id": "order_of_other_shop"}
IN_SHOP = {MANAGER: ELSEWHERE, STAFF: ELSEWHERE}
WITHOUT_ITS_TOKEN = dict.fromkeys(VISITORS, 401)
"""A guest reads an order by its token alone; without one nobody is known."""

FOUND_BY = {"customerId": "customer", "shopId": "shop"}


async def order(world: World) -> dict[str, Any]:
    items = [{"productId": await world.id_of("product"), "quantity": 1}]
    return {"items": items, "shippingAddress": ADDRESS, "email": f"guest@{world.mark}.example"}


async def many(world: World) -> dict[str, Any]:
    return {"action": "cancel", "orderIds": [await world.id_of("order")]}


def note(world: World) -> dict[str, Any]:
    return {"text": world.mark}


def view(world: World) -> dict[str, Any]:
    return {"name": world.text(), "filters": {"status": "pending"}, "sort": "placedAt"}


ROWS = [
    Row(
        "POST /api/orders",
        EVERYBODY,
        body=order,
        body_ids={
            "items.0.productId": "product",
            "items.0.variantId": "variant",
            "customerId": "customer",
            "shopId": "shop",
            "cartId": "cart",
        },
        foreign_in_body=frozenset({403, 404, 409, 422}),  # for whom they order is for staff to say
    ),
    Row("GET /api/orders", BUYERS, refused=WITHOUT_ITS_TOKEN, query=FOUND_BY),
    Row("GET /api/orders/recent", SELLERS, query=FOUND_BY),
    Row("GET /api/orders/pending", SELLERS, query=FOUND_BY),
    Row("GET /api/orders/high_value", SELLERS, query=FOUND_BY, fixed={"minTotal": "1"}),
    Row("GET /api/orders/statistics", SELLERS, query={"shopId": "shop"}),
    Row(
        "POST /api/orders/bulk",
        SELLERS,
        body=many,
        body_ids={"orderIds.0": "order"},
        foreign_in_body=BATCH,
    ),
    Row("GET /api/orders/views", SELLERS),
    Row("POST /api/orders/views", SELLERS, body=view),
    Row("DELETE /api/orders/views/{view_id}", SELLERS, ids={"view_id": "view"}, fresh=frozenset({"view_id"})),
    Row(
        "GET /api/orders/{order_id}",
        BUYERS,
        ids=ORDER,
        hidden=PERSONAL | IN_SHOP,
        refused=WITHOUT_ITS_TOKEN,
    ),
    Row(
        "PATCH /api/orders/{order_id}",
        BUYERS,
        ids=ORDER,
        body=lambda world: {"note": world.mark},
        hidden=PERSONAL | IN_SHOP,
        refused=WITHOUT_ITS_TOKEN,
    ),
    Row(
        "POST /api/orders/{order_id}/cancel",
        BUYERS,
        ids=ORDER,
        body=lambda _: {},
        hidden=PERSONAL | IN_SHOP,
        refused=WITHOUT_ITS_TOKEN,
        fresh=frozenset({"order_id"}),
    ),
    Row("GET /api/orders/{order_id}/notes", SELLERS, ids=ORDER, hidden=IN_SHOP),
    Row("POST /api/orders/{order_id}/notes", SELLERS, ids=ORDER, body=note, hidden=IN_SHOP),
    Row("POST /api/orders/{order_id}/hold", SELLERS, ids=ORDER, body=lambda _: {}, hidden=IN_SHOP, ok=STATE),
    Row("POST /api/orders/{order_id}/release", SELLERS, ids=ORDER, hidden=IN_SHOP, ok=STATE),
    Row("POST /api/orders/{order_id}/resume", frozenset({SUPER}), ids=ORDER, body=lambda w: {"reason": w.mark}),
    Row(
        "POST /api/orders/{order_id}/status",
        SELLERS,
        ids=PAID,
        body=lambda _: {"status": "processing"},
        hidden=IN_SHOP,
        ok=STATE,
    ),
    Row(
        "POST /api/orders/{order_id}/fulfilments",
        SELLERS,
        ids=PAID,
        body=lambda _: {},
        body_ids={"warehouseId": "warehouse"},
        hidden=IN_SHOP,
        ok=STATE,
    ),
    Row(
        "PATCH /api/orders/{order_id}/fulfilments/{fulfilment_id}",
        SELLERS,
        ids=PARCEL,
        body=lambda world: {"tracking": world.mark},
        hidden=IN_SHOP,
    ),
    Row("GET /api/orders/{order_id}/fulfilments/{fulfilment_id}/packing-slip", SELLERS, ids=PARCEL, hidden=IN_SHOP),
    Row("POST /api/orders/{order_id}/deliver", SELLERS, ids={"order_id": "fulfilled_order"}, hidden=IN_SHOP, ok=STATE),
]
