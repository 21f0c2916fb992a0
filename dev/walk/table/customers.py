"""Customers' records."""

from typing import Any

from dev.walk.callers import SELLERS
from dev.walk.rows import Row
from dev.walk.world import World

RECORD = {"customer_id": "customer_record"}


def record(world: World) -> dict[str, Any]:
    return {"name": world.text()}


ROWS = [
    Row("POST /api/customers", SELLERS, body=record),
    Row("GET /api/customers", SELLERS),
    Row("GET /api/customers/{customer_id}", SELLERS, ids=RECORD),
    Row("PATCH /api/customers/{customer_id}", SELLERS, ids=RECORD, body=record),
    Row("DELETE /api/customers/{customer_id}", SELLERS, ids=RECORD, fresh=frozenset({"customer_id"})),
    Row("POST /api/customers/{customer_id}/notes", SELLERS, ids=RECORD, body=lambda world: {"text": world.mark}),
    Row("GET /api/customers/{customer_id}/notes", SELLERS, ids=RECORD),
]
