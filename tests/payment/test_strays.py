"""After a restore: money taken for forgotten orders goes back; what is known, or somebody else's, stays."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from common.clock import SystemClock
from services.payment.domain.stray import Restoration
from services.payment.service.orders import carried_id
from services.payment.service.strays import Strays

from .conftest import Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def paid(shop: Shop, *, capture: str = "automatic") -> tuple[str, str]:
    """An order whose money the provider holds or has; its id and the payment's. The company is known here."""
    await shop.on.companies.take(shop.company, shop.company, 1, {"settings": {}})
    order = await shop.order(capture=capture)
    await shop.hears("payment.authorized" if capture == "manual" else "payment.succeeded", order)
    return order, carried_id(order)


async def forget(shop: Shop, order: str) -> None:
    """As a database does that goes back to before the order."""
    await shop.on.payments.collection.delete_many({"orderId": order})
    await shop.on.accounts.collection.delete_one({"_id": order})


async def restored(shop: Shop) -> Callable[[], Awaitable[list[dict[str, Any]]]]:
    """A restoration to look at; returns how to read what it says was given back."""
    restorations = shop.on.restorations._collection
    await restorations.replace_one({"_id": "1.1"}, {"_id": "1.1", "doneAt": SystemClock().now()}, upsert=True)

    async def noted() -> list[dict[str, Any]]:
        found = await restorations.find_one({"_id": "1.1"})
        return list((found or {}).get("givenBack", []))

    return noted


async def look(shop: Shop) -> None:
    now = SystemClock().now()
    strays = Strays(shop.on, shop.harness.service.orders)
    await strays.look(Restoration("1.1", now - timedelta(minutes=1), now))


class TestLook:
    async def test_money_of_a_forgotten_order_goes_back_once(self, shop: Shop) -> None:
        order, _ = await paid(shop)
        await forget(shop, order)
        noted = await restored(shop)
        await look(shop)
        await look(shop)
        assert shop.refunded_at_provider(order) == 1999
        assert await shop.ended(order)
        assert [(each["orderId"], each["amount"]["amount"]) for each in await noted()] == [(order, 1999)]

    async def test_a_hold_is_let_go(self, shop: Shop) -> None:
        order, payment = await paid(shop, capture="manual")
        await forget(shop, order)
        await look(shop)
        assert shop.intent_of(payment)["status"] == "canceled"

    async def test_a_payment_that_is_known_stays(self, shop: Shop) -> None:
        order, _ = await paid(shop)
        await look(shop)
        assert shop.refunded_at_provider(order) == 0

    async def test_an_order_that_sales_knows_begins_its_payment_again(self, shop: Shop) -> None:
        order, _ = await paid(shop)
        await forget(shop, order)
        shop.sales.orders[order] = {"id": order}
        await look(shop)
        assert shop.refunded_at_provider(order) == 0
        await shop.create(order)
        await shop.reserve(order)
        await shop.hears("payment.succeeded", order, count=2)
        assert shop.intents_of(carried_id(order)) == 1

    async def test_what_is_another_suites_is_left_alone(self, shop: Shop) -> None:
        order, _ = await paid(shop)
        await forget(shop, order)
        await shop.on.companies.collection.delete_one({"_id": shop.company})
        await look(shop)
        assert shop.refunded_at_provider(order) == 0
