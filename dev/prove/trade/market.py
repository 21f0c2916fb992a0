"""Orders placed and journalled, across whatever falls meanwhile."""

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from dev.prove.trade.house import Good, House
from dev.prove.trade.journal import Journal
from dev.trading import Api, Refused

CARD = {"method": "card", "paymentMethodToken": "pm_card_visa"}
DECLINED_CARD = {"method": "card", "paymentMethodToken": "pm_card_visa_chargeDeclined"}
CASH = {"method": "cash_on_delivery"}
ADDRESS = {"name": "Proof Buyer", "line1": "1 Market Row", "city": "Berlin", "postalCode": "10115", "country": "DE"}


class Market:
    """Buyers of one house. Each order is sent with one key until there is an answer."""

    def __init__(self, house: House, journal: Journal) -> None:
        self.house = house
        self.journal = journal

    async def place(
        self, lines: Sequence[tuple[Good, int]], payment: dict[str, Any], *, buyer: Api | None = None, **headers: str
    ) -> dict[str, Any] | None:
        """The order as it was answered; None where it was refused or no answer came."""
        key = f"proof-{secrets.token_hex(8)}"
        sold = [[good.sku, quantity] for good, quantity in lines]
        self.journal.note("order.sent", key=key, companyId=self.house.company_id, lines=sold, payment=payment["method"])
        body = {"items": items(lines), "shippingAddress": ADDRESS, "payment": payment}
        try:
            order: dict[str, Any] = await (buyer or self.house.admin).post("/api/orders", body, key=key, **headers)
        except Refused as refused:
            kind = "order.refused" if refused.status else "order.unknown"
            self.journal.note(kind, key=key, status=refused.status, code=refused.code, reason=str(refused))
            return None
        self.journal.note("order.accepted", key=key, orderId=order["id"], total=order["totals"]["grandTotal"]["amount"])
        return order

    async def trade(
        self,
        orders: int,
        *,
        at_once: int,
        rng: random.Random,
        payment: Callable[[random.Random], dict[str, Any]] = lambda _: CARD,
        placed: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Place ``orders`` with ``at_once`` clients: one to three goods, one or two of each."""
        baskets = iter([(self._basket(rng), payment(rng)) for _ in range(orders)])
        done = 0

        async def client(buyer: Api) -> None:
            nonlocal done
            for lines, paid in baskets:
                await self.place(lines, paid, buyer=buyer)
                done += 1
                placed(done)

        buyers = self.house.customers or [self.house.admin]
        async with asyncio.TaskGroup() as group:
            for number in range(at_once):
                group.create_task(client(buyers[number % len(buyers)]))

    def _basket(self, rng: random.Random) -> list[tuple[Good, int]]:
        goods = rng.sample(self.house.goods, min(rng.randint(1, 3), len(self.house.goods)))
        return [(good, rng.randint(1, 2)) for good in goods]


def items(lines: Sequence[tuple[Good, int]]) -> list[dict[str, Any]]:
    """Order lines as the API takes them."""
    return [{"productId": good.product_id, "quantity": quantity} for good, quantity in lines]
