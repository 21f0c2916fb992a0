"""Payments, refunds and the ledger."""

from typing import Any

from dev.walk.callers import ADMINS, BUYERS, CUSTOMER, EVERYBODY, SCOPELESS, SELLERS, VISITORS
from dev.walk.makers import eur
from dev.walk.rows import STATE, Row
from dev.walk.world import World

PAYMENT = {"payment_id": "payment"}
PERSONAL = {CUSTOMER: {"payment_id": "payment_of_others"}}
WITHOUT_ITS_TOKEN = dict.fromkeys(VISITORS, frozenset({404}))


async def process(world: World) -> dict[str, Any]:
    return {
        "orderId": await world.id_of("shop_order"),
        "method": "card",
        "paymentMethodToken": "pm_card_visa_chargeDeclined",
    }


ROWS = [
    Row(
        "POST /api/payments/process",
        EVERYBODY,
        body=process,
        body_ids={"orderId": "order"},
        ok=STATE,
        answers=WITHOUT_ITS_TOKEN,
    ),
    Row("GET /api/payments", SELLERS, query={"orderId": "order"}),
    Row("GET /api/payments/ledger/balances", ADMINS),
    Row("GET /api/payments/{payment_id}", BUYERS | VISITORS, ids=PAYMENT, hidden=PERSONAL, answers=WITHOUT_ITS_TOKEN),
    Row(
        "POST /api/payments/{payment_id}/refund",
        SELLERS,
        ids=PAYMENT,
        body=lambda _: {"amount": eur(1), "reason": "walk"},
        ok=STATE,
    ),
    Row(
        "POST /api/payments/webhooks/stripe/{account_id}",
        EVERYBODY | {SCOPELESS},
        content=b"{}",
        ok=frozenset({400, 401, 404}),
    ),
]
