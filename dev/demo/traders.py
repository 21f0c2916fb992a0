"""Everybody who trades in the live minute: web customers, account sales, tills, and a rush on the last few."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from common.ids import sortable_part
from dev.demo.goods import Good
from dev.demo.house import Company
from dev.demo.journal import Deal
from dev.trading import Api

GOOD_CARD = "pm_card_visa"
BAD_CARD = "pm_card_visa_chargeDeclined"
ADDRESS = {"name": "Demo Buyer", "line1": "1 Market Row", "city": "Berlin", "postalCode": "10115", "country": "DE"}
RUSH = 20
WAIT = {"Prefer": "wait=10"}

Trade = Callable[[], Awaitable[None]]


class Traders:
    """The traders of one company. Every accepted order goes into the journal with the end it must have."""

    def __init__(self, company: Company, rng: random.Random, advance: Callable[[str], None]) -> None:
        self._company = company
        self._rng = rng
        self._advance = advance

    async def trade(self, seconds: float) -> None:
        """Trade until the time is over; what was begun is finished."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for customer in self._company.customers[:5]:
                group.create_task(self._again(until, partial(self._web_order, customer)))
            group.create_task(self._again(until, self._account_order))
            for shop_id, till in self._company.tills[:1]:
                group.create_task(self._again(until, partial(self._till_sale, shop_id, till)))
            group.create_task(self._rush())

    async def _again(self, until: float, trade: Trade) -> None:
        while time.monotonic() < until:
            await trade()
            await asyncio.sleep(self._rng.uniform(0.2, 0.9))

    def _basket(self) -> list[tuple[Good, int]]:
        goods = self._rng.sample(self._company.goods, self._rng.randint(1, 3))
        return [(good, self._rng.randint(1, 2)) for good in goods]

    async def _web_order(self, customer: Api) -> None:
        """By cart; mostly card, some declined, some paid on delivery, some cancelled again."""
        basket, kind = self._basket(), self._rng.random()
        total = _total(basket)
        payment = {"method": "cash_on_delivery"} if kind > 0.8 else {"method": "card", "paymentMethodToken": GOOD_CARD}
        if kind < 0.1:
            payment["paymentMethodToken"] = BAD_CARD
        body = {
            "items": _items(basket),
            "shippingAddress": ADDRESS,
            "payment": payment,
            "expectedTotal": {"amount": total, "currency": self._company.currency},
        }
        order = await customer.post("/api/orders", body, **WAIT)
        reason = "payment_failed" if kind < 0.1 else None
        was_confirmed = reason is None
        if was_confirmed and self._rng.random() < 0.1:
            await customer.post(f"/api/orders/{order['id']}/cancel", {"reason": "changed my mind"})
            reason = "customer"
        self._note(order, basket, payment["method"], reason, was_confirmed=was_confirmed)
        self._advance(reason or payment["method"])

    async def _account_order(self) -> None:
        """Staff sell on account."""
        basket = self._basket()
        body = {
            "items": _items(basket),
            "customerId": self._rng.choice(self._company.account_customer_ids),
            "shopId": self._company.shop_ids[0],
            "payment": {"method": "on_account"},
        }
        order = await self._company.admin.post("/api/orders", body, **WAIT)
        self._note(order, basket, "on_account", None, was_confirmed=True)
        self._advance("on_account")

    async def _till_sale(self, shop_id: str, till: Api) -> None:
        """Cash over the counter, paid and handed over in one answer."""
        basket = self._basket()
        total = _total(basket)
        body = {
            "clientSaleId": sortable_part(),
            "shopId": shop_id,
            "items": _items(basket),
            "tenders": [{"method": "cash", "amount": {"amount": total, "currency": self._company.currency}}],
            "soldAt": _now(),
        }
        sale = await till.post("/api/pos/sales", body)
        self._note(sale, basket, "cash", None, was_confirmed=True, is_till=True)
        self._advance("till sale")

    async def _rush(self) -> None:
        """More buyers than pieces, all at once."""

        async def buy(customer: Api) -> None:
            body = {
                "items": _items([(self._company.scarce, 1)]),
                "shippingAddress": ADDRESS,
                "payment": {"method": "card", "paymentMethodToken": GOOD_CARD},
            }
            self._company.journal.scarce_orders.append(await customer.post("/api/orders", body, **WAIT))
            self._advance("the last few")

        customers = self._company.customers
        await asyncio.gather(*(buy(customers[number % len(customers)]) for number in range(RUSH)))

    def _note(
        self,
        order: dict[str, Any],
        basket: list[tuple[Good, int]],
        method: str,
        reason: str | None,
        *,
        was_confirmed: bool,
        is_till: bool = False,
    ) -> None:
        pieces: dict[str, int] = {}
        for good, quantity in basket:
            pieces[good.sku] = pieces.get(good.sku, 0) + quantity
        self._company.journal.deals.append(
            Deal(
                order_id=order["id"],
                total=_total(basket),
                pieces=pieces,
                method=method,
                month=order["placedAt"][:7],
                cancelled_for=reason,
                was_confirmed=was_confirmed,
                has_email=not is_till,
                is_till=is_till,
            )
        )


def _items(basket: list[tuple[Good, int]]) -> list[dict[str, Any]]:
    items = []
    for good, quantity in basket:
        item: dict[str, Any] = {"productId": good.product_id, "quantity": quantity}
        items.append(item | ({"variantId": good.variant_id} if good.variant_id else {}))
    return items


def _total(basket: list[tuple[Good, int]]) -> int:
    return sum(good.price * quantity for good, quantity in basket)


def _now() -> str:
    from common.clock import SystemClock

    return SystemClock().now().isoformat().replace("+00:00", "Z")
