"""What the order's events do to its money, on the real servers and the provider sandbox."""

import asyncio
import uuid

import pytest

from common.clock import SystemClock
from common.events.orders import SaleCompleted
from common.events.parts import Tender
from common.events.payments import DebtPaymentRecorded
from common.ids import new_id
from common.money import Money

from .conftest import Shop, line

pytestmark = pytest.mark.asyncio(loop_scope="module")

GBP = "GBP"


class TestChargeOrder:
    async def test_charges_once_the_goods_are_held(self, shop: Shop) -> None:
        order = await shop.order()
        done = await shop.hears("payment.succeeded", order)
        assert (done.method, done.provider, done.amount) == ("card", "stripe", Money.of(1999, GBP))
        assert (await shop.hears("payment.initiated", order)).payment_id == done.payment_id
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_charges_when_the_reservation_comes_first(self, shop: Shop) -> None:
        order = new_id("ord")
        await shop.reserve(order)
        shop.sales.tokens[order] = "pm_card_visa"
        created = await shop.order(reserve=False)  # another one, to see the queue move
        await shop.reserve(created, times=3)
        assert (await shop.hears("payment.succeeded", created)).amount.amount == 1999

    async def test_charges_once_for_an_event_delivered_three_times(self, shop: Shop) -> None:
        order = await shop.order(reserve=False)
        await shop.reserve(order, times=3)
        done = await shop.hears("payment.succeeded", order)
        asked = shop.sandbox.look("payments", idempotencyKey=done.payment_id)
        assert len(asked["payments"] if "payments" in asked else asked["items"]) == 1
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_a_decline_ends_the_order(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_visa_chargeDeclined")
        failed = await shop.hears("payment.failed", order)
        assert (failed.code, failed.decline_code, failed.final) == ("card_declined", "generic_decline", True)
        assert await shop.balances() == {}
