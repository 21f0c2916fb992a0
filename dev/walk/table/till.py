"""Till sales, their receipts, what is set aside, and what comes back."""

from typing import Any

from dev.walk.callers import MANAGER, SELLERS, STAFF
from dev.walk.makers import aside, handed_back, sale
from dev.walk.rows import BATCH, Row
from dev.walk.world import World

SALE = {"sale_id": "sale"}
ELSEWHERE = {"sale_id": "sale_of_other_shop"}
BACK = {"return_id": "return"}
BACK_ELSEWHERE = {"return_id": "return_of_other_shop"}
IN_SHOP = {MANAGER: ELSEWHERE, STAFF: ELSEWHERE}
HELD = {"held_sale_id": "held_sale"}
HELD_ELSEWHERE = {"held_sale_id": "held_sale_of_other_shop"}
HELD_IN_SHOP = {MANAGER: HELD_ELSEWHERE, STAFF: HELD_ELSEWHERE}
ITS_PARTS = {
    "shopId": "shop",
    "customerId": "customer",
    "items.0.productId": "product",
    "items.0.variantId": "variant",
}


async def batch(world: World) -> dict[str, Any]:
    return {"sales": [await sale(world)]}


ROWS = [
    Row("POST /api/pos/sales", SELLERS, body=sale, body_ids=ITS_PARTS),
    Row(
        "POST /api/pos/sales/batch",
        SELLERS,
        body=batch,
        body_ids={f"sales.0.{place}": kind for place, kind in ITS_PARTS.items()},
        foreign_in_body=BATCH,
    ),
    Row("GET /api/pos/sales", SELLERS, query={"shopId": "shop", "customerId": "customer"}),
    Row("GET /api/pos/sales/{sale_id}", SELLERS, ids=SALE, hidden=IN_SHOP),
    Row("GET /api/pos/sales/{sale_id}/receipt", SELLERS, ids=SALE, hidden=IN_SHOP),
    Row(
        "POST /api/pos/sales/{sale_id}/receipt/email",
        SELLERS,
        ids=SALE,
        body=lambda world: {"email": f"buyer@{world.mark}.example"},
        hidden=IN_SHOP,
    ),
    Row("POST /api/pos/held-sales", SELLERS, body=aside, body_ids=ITS_PARTS),
    Row("GET /api/pos/held-sales", SELLERS, query={"shopId": "shop"}),
    Row("GET /api/pos/held-sales/{held_sale_id}", SELLERS, ids=HELD, hidden=HELD_IN_SHOP),
    Row(
        "POST /api/pos/held-sales/{held_sale_id}/recall",
        SELLERS,
        ids=HELD,
        hidden=HELD_IN_SHOP,
        fresh=frozenset({"held_sale_id"}),
    ),
    Row(
        "DELETE /api/pos/held-sales/{held_sale_id}",
        SELLERS,
        ids=HELD,
        hidden=HELD_IN_SHOP,
        fresh=frozenset({"held_sale_id"}),
    ),
    Row(
        "POST /api/pos/returns",
        SELLERS,
        body=handed_back,
        body_ids={
            "shopId": "shop",
            "saleId": "large_sale",
            "items.0.productId": "product",
            "items.0.variantId": "variant",
        },
    ),
    Row("GET /api/pos/returns", SELLERS, query={"shopId": "shop", "orderId": "large_sale"}),
    Row(
        "GET /api/pos/returns/{return_id}",
        SELLERS,
        ids=BACK,
        hidden={MANAGER: BACK_ELSEWHERE, STAFF: BACK_ELSEWHERE},
    ),
]
