"""Payments, refunds and what a company takes."""

from typing import Any

from dev.walk.callers import ADMINS, BUYERS, CUSTOMER, EVERYBODY, MANAGER, MANAGERS, SCOPELESS, SELLERS, STAFF, VISITORS
from dev.walk.rows import STATE, Row
from dev.walk.world import World, eur

PAYMENT = {"payment_id": "payment"}
ORDER = {"order_id": "paid_order"}
ACCOUNT = {"account_id": "payment_account"}
ELSEWHERE = {"payment_id": "payment_of_other_shop"}
IN_SHOP = {MANAGER: ELSEWHERE, STAFF: ELSEWHERE}
PERSONAL = {CUSTOMER: {"payment_id": "payment_of_others"}}
OTHER_ORDER = {"order_id": "order_of_other_shop"}
WITHOUT_ITS_TOKEN = dict.fromkeys(VISITORS, frozenset({404}))
OWNERS = frozenset({CUSTOMER})
"""Who buys keeps a card; who sells keeps none."""

UNSIGNED = frozenset({400, 401, 404})


async def process(world: World) -> dict[str, Any]:
    return {
        "orderId": await world.id_of("shop_order"),
        "method": "card",
        "paymentMethodToken": "pm_card_visa_chargeDeclined",
    }


def refund(_: World) -> dict[str, Any]:
    return {"amount": eur(1), "reason": "walk"}


def account(world: World) -> dict[str, Any]:
    """PayPal's, so that cards go on through the suite's own account."""
    return {"provider": "paypal", "name": world.mark, "clientId": "walking", "clientSecret": "walking-secret"}


ROWS = [
    Row(
        "POST /api/payments/process",
        EVERYBODY,
        body=process,
        body_ids={"orderId": "order", "paymentMethodToken": "kept_method"},
        foreign_in_body=frozenset({404, 409, 422}),
        ok=STATE,
        answers=WITHOUT_ITS_TOKEN,
    ),
    Row("GET /api/payments", SELLERS, query={"orderId": "order"}),
    Row(
        "GET /api/payments/{payment_id}",
        BUYERS | VISITORS,
        ids=PAYMENT,
        hidden=PERSONAL | IN_SHOP,
        answers=WITHOUT_ITS_TOKEN,
    ),
    Row(
        "GET /api/payments/{payment_id}/refunds",
        BUYERS | VISITORS,
        ids=PAYMENT,
        hidden=PERSONAL | IN_SHOP,
        answers=WITHOUT_ITS_TOKEN,
    ),
    Row("POST /api/payments/{payment_id}/refund", SELLERS, ids=PAYMENT, body=refund, hidden=IN_SHOP, ok=STATE),
    Row(
        "POST /api/payments/orders/{order_id}/refund",
        SELLERS,
        ids=ORDER,
        body=refund,
        hidden={MANAGER: OTHER_ORDER, STAFF: OTHER_ORDER},
        ok=STATE,
    ),
    Row(
        "POST /api/payments/{payment_id}/capture",
        MANAGERS,
        ids=PAYMENT,
        body=lambda _: {"amount": eur(1)},
        hidden={MANAGER: ELSEWHERE},
        ok=STATE,
    ),
    Row("POST /api/payments/{payment_id}/void", MANAGERS, ids=PAYMENT, hidden={MANAGER: ELSEWHERE}, ok=STATE),
    Row(
        "POST /api/payments/{payment_id}/confirm",
        EVERYBODY,
        ids=PAYMENT,
        hidden=PERSONAL | IN_SHOP,
        ok=STATE,
        answers=WITHOUT_ITS_TOKEN,
    ),
    Row("GET /api/payments/methods", EVERYBODY, query={"customerId": "customer"}),
    Row("POST /api/payments/methods", OWNERS, body=lambda _: {"paymentMethodToken": "pm_card_visa"}),
    Row(
        "DELETE /api/payments/methods/{method_id}",
        OWNERS,
        ids={"method_id": "kept_method"},
        fresh=frozenset({"method_id"}),
    ),
    Row("GET /api/payments/settings", ADMINS),
    Row(
        "PATCH /api/payments/settings",
        ADMINS,
        body=lambda _: {"acceptedMethods": ["card", "paypal", "cash", "cash_on_delivery", "on_account"]},
    ),
    Row("GET /api/payments/accounts", ADMINS),
    Row("POST /api/payments/accounts", ADMINS, body=account, ok=STATE),
    Row("PATCH /api/payments/accounts/{account_id}", ADMINS, ids=ACCOUNT, body=lambda world: {"name": world.mark}),
    Row("DELETE /api/payments/accounts/{account_id}", ADMINS, ids=ACCOUNT, fresh=frozenset({"account_id"})),
    Row("GET /api/payments/provider-events", ADMINS),
    Row("GET /api/payments/ledger/balances", ADMINS),
    Row("GET /api/payments/ledger/accounts", ADMINS),
    Row("GET /api/payments/ledger/entries", ADMINS, query={"orderId": "paid_order", "paymentId": "payment"}),
    Row(
        "GET /api/payments/ledger/accounts/{account}/explanation",
        ADMINS,
        fixed={"account": "sales"},
        ok=frozenset({200, 404}),
    ),
    Row(
        "POST /api/payments/webhooks/stripe/{account_id}",
        EVERYBODY | {SCOPELESS},
        ids=ACCOUNT,
        content=b"{}",
        foreign=UNSIGNED,
        ok=UNSIGNED,
    ),
    Row(
        "POST /api/payments/webhooks/paypal/{account_id}",
        EVERYBODY | {SCOPELESS},
        ids=ACCOUNT,
        content=b"{}",
        foreign=UNSIGNED,
        ok=UNSIGNED,
    ),
]
