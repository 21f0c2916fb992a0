"""Debts."""

from typing import Any

from dev.walk.callers import ADMINS
from dev.walk.rows import Row
from dev.walk.world import World, eur

DEBT = {"debt_id": "debt"}


def debt(world: World) -> dict[str, Any]:
    return {"debtorType": "customer", "debtorId": world.known("customer"), "principal": eur(100)}


ROWS = [
    Row("GET /api/debts", ADMINS, query={"debtorId": "customer", "orderId": "order"}),
    Row("POST /api/debts", ADMINS, body=debt, body_ids={"debtorId": "customer"}),
    Row("GET /api/debts/{debt_id}", ADMINS, ids=DEBT),
    Row("POST /api/debts/{debt_id}/payments", ADMINS, ids=DEBT, body=lambda _: {"amount": eur(1), "method": "cash"}),
    Row("GET /api/debts/ageing", ADMINS),
    Row(
        "POST /api/debts/{debt_id}/write-off",
        ADMINS,
        ids=DEBT,
        body=lambda _: {"reason": "walk"},
        fresh=frozenset({"debt_id"}),
    ),
]
