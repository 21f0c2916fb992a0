"""Buyers at once: nothing is sold twice, and every race has one winner."""

import asyncio
from functools import partial
from operator import eq
from typing import Any

import pytest

from tests.e2e.conftest import WAIT, Market, by_card, close_market, eventually, open_market, order_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUYERS, PIECES, ROUNDS = 50, 10, 20
DEADLINE_SECONDS = 3
FOUGHT_OVER_SECONDS = 90


class TestManyBuyers:
    @pytest.mark.timeout(300)
    async def test_sell_exactly_what_is_there(self, market: Market) -> None:
        """Fifty warm connections, ten pieces, twenty rounds: ten sold each time, none below zero."""
        payment = {"method": "cash_on_delivery"}
        customer = await market.customer()
        for number in range(ROUNDS):
            product = await market.product(stock=PIECES)
            body = order_of(product, payment=payment)
            orders = await asyncio.gather(*(customer.post("/api/orders", body, **WAIT) for _ in range(BUYERS)))
            ended = [await _ended(market, order) for order in orders]
            sold = [order for order in ended if order["status"] == "confirmed"]
            refused = [order for order in ended if order["cancelReason"] == "out_of_stock"]
            others = [(order["status"], order["cancelReason"]) for order in ended if order not in sold + refused]
            assert (len(sold), len(refused), others) == (PIECES, BUYERS - PIECES, []), f"round {number}"
            await market.stock_settles(product["sku"], 0)


class TestTwoLinesOfOneSku:
    async def test_share_the_last_piece_with_nobody(self, market: Market) -> None:
        product, customer = await market.product(stock=1), await market.customer()
        line = {"productId": product["id"], "quantity": 1}
        body = {**order_of(product, payment=by_card()), "items": [line, line]}
        order = await customer.post("/api/orders", body, **WAIT)
        assert (order["status"], order["cancelReason"]) == ("cancelled", "out_of_stock")
        await market.stock_settles(product["sku"], 1)
        await market.adjust(product["sku"], 1, "received")
        order = await customer.post("/api/orders", body, **WAIT)
        assert order["status"] == "confirmed"
        await market.stock_settles(product["sku"], 0)


class TestExpiryAgainstLatePayment:
    @pytest.mark.timeout(180)
    async def test_has_one_winner_and_loses_no_money(self, gateway_url: str) -> None:
        market = await open_market(gateway_url, paymentDeadlineSeconds=DEADLINE_SECONDS)
        product, customer = await market.product(price=500, stock=20), await market.customer()

        async def pay_late(pause: float) -> str:
            order = await customer.post("/api/orders", order_of(product))
            await asyncio.sleep(DEADLINE_SECONDS + pause)  # the race itself: payment meets the sweeper
            body = {"orderId": order["id"], "method": "card", "paymentMethodToken": "pm_card_visa"}
            await asyncio.gather(customer.post("/api/payments/process", body), return_exceptions=True)
            return str(order["id"])

        ids = await asyncio.gather(*(pay_late(0.1 * number - 1.0) for number in range(20)))
        sold = 0
        for order_id in ids:
            order = await eventually(lambda order_id=order_id: market.order(order_id), _is_ended)
            sold += order["status"] == "confirmed"
            wanted = 500 if order["status"] == "confirmed" else 0  # late money goes back after the order has ended
            await eventually(partial(_kept, market, order_id), partial(eq, wanted))
        await market.stock_settles(product["sku"], 20 - sold)
        await close_market(market)


async def _ended(market: Market, order: dict[str, Any]) -> dict[str, Any]:
    """The order once it waits no more; one that was fought over comes back later, after seconds."""
    if order["status"] != "pending":
        return order
    ended: dict[str, Any] = await eventually(
        partial(market.order, order["id"]), lambda now: bool(now["status"] != "pending"), FOUGHT_OVER_SECONDS
    )
    return ended


async def _kept(market: Market, order_id: str) -> int:
    """What was captured for an order and not returned."""
    payments = (await market.admin.get("/api/payments", orderId=order_id))["items"]
    return sum(payment["captured"]["amount"] - payment["refunded"]["amount"] for payment in payments)


def _is_ended(order: dict[str, object]) -> bool:
    if order["status"] == "confirmed":
        return order["paymentStatus"] == "paid"
    return order["status"] == "cancelled" and order["paymentStatus"] in ("expired", "refunded", "failed", "unpaid")
