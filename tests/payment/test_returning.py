"""Money that goes back over a counter with returned goods, on the real servers and the provider sandbox."""

import pytest

from common.clock import SystemClock
from common.events.orders import SaleReturned
from common.events.parts import Tender
from common.ids import new_id

from .conftest import Shop, until
from .test_handlers import gbp, sale

pytestmark = pytest.mark.asyncio(loop_scope="module")


def tender(method: str, amount: int) -> Tender:
    return Tender(method=method, amount=gbp(amount))


def returned(order: str | None, *tenders: Tender) -> SaleReturned:
    return SaleReturned(
        return_id=new_id("ret"),
        number="TR-1",
        client_return_id="c1",
        shop_id="shp_1",
        order_id=order,
        lines=[],
        outcome="restock",
        total=gbp(sum(each.amount.amount for each in tenders)),
        tenders=list(tenders),
        returned_at=SystemClock().now(),
    )


async def sold(shop: Shop, *tenders: Tender) -> str:
    order = new_id("ord")
    total = sum(each.amount.amount for each in tenders)
    await shop.harness.publish(sale(order, list(tenders), total=total, change=0), shop.company)
    await until(lambda: shop.account(order))
    return order


class TestReturned:
    async def test_gives_back_the_way_it_came_once(self, shop: Shop) -> None:
        order = await sold(shop, tender("card", 1000), tender("cash", 700))
        event = returned(order, tender("cash", 300), tender("card", 400))
        for _ in range(2):
            await shop.harness.publish(event, shop.company, times=2)
        await shop.hears("payment.refunded", order, count=2)
        await shop.settled()
        assert await shop.balances() == {"asset:cash": 400, "asset:terminal": 600, "income:orders": -1000}
        found = {each["method"]: each["refunded"]["amount"] for each in await shop.payments(order)}
        assert found == {"card": 400, "cash": 300}

    async def test_waits_for_the_sale(self, shop: Shop) -> None:
        order = new_id("ord")
        await shop.harness.publish(returned(order, tender("cash", 300)), shop.company)
        await shop.harness.publish(sale(order, [tender("cash", 700)], total=700, change=0), shop.company)
        assert (await shop.hears("payment.refunded", order)).amount == gbp(300)
        assert await shop.balances() == {"asset:cash": 400, "income:orders": -400}

    async def test_hands_cash_for_what_a_card_had_paid(self, shop: Shop) -> None:
        order = await sold(shop, tender("card", 1000), tender("cash", 200))
        await shop.harness.publish(returned(order, tender("cash", 900)), shop.company)
        await shop.hears("payment.refunded", order, count=2)
        assert await shop.balances() == {"asset:cash": -700, "asset:terminal": 1000, "income:orders": -300}

    async def test_asks_the_provider_for_what_it_holds(self, shop: Shop) -> None:
        order = await shop.order()
        await shop.hears("payment.succeeded", order)
        await shop.harness.publish(returned(order, tender("card", 500)), shop.company)
        assert (await shop.hears("payment.refunded", order)).refunded == gbp(500)
        assert shop.refunded_at_provider(order) == 500
        assert await shop.balances() == {"asset:stripe": 1499, "income:orders": -1499}

    async def test_books_what_no_payment_stands_for(self, shop: Shop) -> None:
        order = await sold(shop, tender("cash", 500))
        await shop.harness.publish(returned(order, tender("cash", 600)), shop.company)
        event = returned(None, tender("cash", 50), tender("card", 70))
        await shop.harness.publish(event, shop.company, times=2)
        await shop.hears("payment.refunded", order)
        await shop.settled()

        async def booked() -> bool:
            return len(await shop.balances()) == 3

        await until(booked)
        assert await shop.balances() == {"asset:cash": -150, "asset:terminal": -70, "income:orders": 220}

    async def test_waits_for_less_of_what_is_on_account(self, shop: Shop) -> None:
        order = await sold(shop, tender("on_account", 1000))
        event = returned(order, tender("on_account", 400))
        for _ in range(2):
            await shop.harness.publish(event, shop.company, times=2)
        await shop.settled()

        async def less() -> bool:
            return bool((await shop.payments(order))[0]["amount"]["amount"] == 600)

        await until(less)
        await shop.harness.publish(returned(order, tender("on_account", 600)), shop.company)
        await shop.hears("payment.voided", order)
        assert await shop.balances() == {}
