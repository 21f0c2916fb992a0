"""Orders in any state, made without I/O."""

from datetime import UTC, datetime
from typing import Any

from common.money import Money
from services.sales.domain.lines import Priced, Sellable, Tariff, Wanted, price
from services.sales.domain.order import Order, PaymentFact, Placing
from services.sales.domain.record import Actor

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY = Actor(type="user", id="usr_1")
GROSS = Tariff("GBP", tax_inclusive=True, tax_basis_points=2000)
NET = Tariff("GBP", tax_inclusive=False, tax_basis_points=2000)


def gbp(amount: int) -> Money:
    return Money.of(amount, "GBP")


def mug(**more: Any) -> Sellable:
    facts: dict[str, Any] = {"product_id": "prd_1", "sku": "MUG", "name": "Mug", "status": "active", "price": gbp(1000)}
    return Sellable(**{**facts, "tax_basis_points": None, "variants": (), **more})


def priced(*quantities: int, tariff: Tariff = GROSS) -> Priced:
    wanted = [Wanted("prd_1", None, quantity) for quantity in quantities or (2,)]
    return price("ord_1", wanted, {"prd_1": mug()}, tariff)


def order(method: Any = "card", *quantities: int, goods: Priced | None = None) -> Order:
    placing = Placing(
        order_id="ord_1",
        company_id="cmp_1",
        number="SO-1001",
        channel="web",
        customer_id="cus_1",
        email="a@example.com",
        customer_name=None,
        shop_id=None,
        cart_id=None,
        cart_key=None,
        method=method,
        has_payment_token=False,
        capture="automatic",
        fulfilment_method="ship",
        shipping_address=None,
        billing_address=None,
        note=None,
        token_hash=None,
        placed_at=datetime(2011, 1, 4, tzinfo=UTC),
        deadline_seconds=900,
    )
    return Order.place(placing, goods or priced(*quantities), now=NOW, by=BY)


def types(placed: Order) -> list[str]:
    return [event.TYPE for event in placed.recorded]


def payment(payment_id: str, amount: int) -> PaymentFact:
    return PaymentFact(payment_id, "card", gbp(amount))


def confirmed(method: Any = "cash_on_delivery", *quantities: int) -> Order:
    placed = order(method, *quantities)
    placed.stock_reserved(now=NOW)
    return placed
