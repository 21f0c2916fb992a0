"""Orders on account become debts, once, whatever the delivery."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from common.clock import SystemClock
from common.events.orders import SaleCompleted, SaleReturned
from common.events.parts import Tender
from common.ids import new_id
from common.money import Money

from .conftest import Lender

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def debts_of(lender: Lender, order: str) -> list[dict[str, object]]:
    async with lender.admin() as admin:
        answer = await admin.get("/api/debts", params={"orderId": order})
    items: list[dict[str, object]] = answer.json()["items"]
    return items


class TestOweOrder:
    async def test_owes_the_total_once_for_three_deliveries(self, lender: Lender) -> None:
        order, after = new_id("ord"), new_id("ord")
        await lender.confirm(order, times=3)
        await lender.confirm(order)
        await lender.confirm(after)
        await lender.owed(after)
        debts = await debts_of(lender, order)
        assert len(debts) == 1
        assert debts[0]["principal"] == debts[0]["outstanding"] == {"amount": 5000, "currency": "GBP"}
        assert (debts[0]["debtorType"], debts[0]["debtorId"]) == ("customer", lender.customer)
        assert debts[0]["status"] == "open"

    async def test_owes_nothing_for_an_order_paid_otherwise(self, lender: Lender) -> None:
        paid, owed = new_id("ord"), new_id("ord")
        await lender.confirm(paid, method="card")
        await lender.confirm(owed)
        await lender.owed(owed)
        assert await debts_of(lender, paid) == []


class TestOweSale:
    async def test_owes_only_what_went_on_account(self, lender: Lender) -> None:
        order = new_id("ord")
        tenders = [
            Tender(method="cash", amount=Money.of(1000, "GBP")),
            Tender(method="on_account", amount=Money.of(500, "GBP")),
        ]
        sale = SaleCompleted(
            order_id=order,
            number="1",
            client_sale_id="c1",
            customer_id=lender.customer,
            lines=[],
            total=Money.of(1500, "GBP"),
            tenders=tenders,
            change=Money.zero("GBP"),
            sold_at=SystemClock().now(),
        )
        await lender.harness.publish(sale, lender.company, times=2)
        await lender.owed(order)
        assert [debt["principal"] for debt in await debts_of(lender, order)] == [{"amount": 500, "currency": "GBP"}]


class TestReverseDebt:
    async def test_writes_the_debt_off(self, lender: Lender) -> None:
        order = new_id("ord")
        await lender.confirm(order)
        debt = await lender.owed(order)
        await lender.cancel(order)
        written = await lender.hears("debt.written_off", debt)
        assert written["amount"] == Money.of(5000, "GBP")
        assert (await debts_of(lender, order))[0]["status"] == "written_off"

    async def test_waits_for_a_confirmation_that_comes_later(self, lender: Lender) -> None:
        order = new_id("ord")
        await lender.cancel(order)
        await lender.confirm(order)
        await lender.hears("debt.written_off", await lender.owed(order))


class TestOweLess:
    async def test_takes_what_came_back_off_once(self, lender: Lender) -> None:
        order = new_id("ord")
        back = returned(order, 2000)
        await lender.harness.publish(back, lender.company)  # before the debt is here
        await lender.confirm(order)
        await lender.harness.publish(back, lender.company, times=2)
        await lender.harness.publish(returned(order, 500), lender.company)

        async def outstanding() -> object:
            (debt,) = await debts_of(lender, order) or [{}]
            return debt.get("outstanding")

        await _until(outstanding, {"amount": 2500, "currency": "GBP"})
        (debt,) = await debts_of(lender, order)
        assert (debt["principal"], debt["status"]) == ({"amount": 2500, "currency": "GBP"}, "open")

    async def test_settles_what_is_left_when_that_is_paid(self, lender: Lender) -> None:
        order = new_id("ord")
        await lender.confirm(order)
        debt_id = await lender.owed(order)
        async with lender.admin() as admin:
            body = {"amount": {"amount": 3000, "currency": "GBP"}, "method": "cash"}
            await admin.post(f"/api/debts/{debt_id}/payments", json=body)
        await lender.harness.publish(returned(order, 2000), lender.company)
        (settled,) = await lender.harness.events.wait_for("debt.settled", lambda e: e.data.order_id == order)
        assert settled.data.principal.amount == 3000


def returned(order: str, amount: int) -> SaleReturned:
    money = Money.of(amount, "GBP")
    return SaleReturned(
        return_id=new_id("ret"),
        number="TR-1",
        client_return_id="c1",
        shop_id="shp_1",
        order_id=order,
        lines=[],
        outcome="restock",
        total=money,
        tenders=[Tender(method="on_account", amount=money)],
        returned_at=SystemClock().now(),
    )


async def _until(look: Callable[[], Awaitable[object]], wanted: object) -> None:
    async with asyncio.timeout(20):
        while await look() != wanted:
            await asyncio.sleep(0.02)
