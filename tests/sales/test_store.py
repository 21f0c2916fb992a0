"""Orders, numbers and expiry in the real database, with several copies at work."""

import asyncio
from datetime import timedelta

import pytest

from common.clock import FixedClock, SystemClock
from common.errors import Conflict
from common.ids import new_id
from services.sales.service.endings import Endings
from services.sales.service.sweeper import Sweeper
from services.sales.store import NumberSeries, Orders
from services.sales.store.orders import due_by
from tests.sales.conftest import Trade

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestNumberSeries:
    async def test_gives_no_number_twice_to_two_copies(self, trade: Trade) -> None:
        copies = [NumberSeries(trade.sales.runtime.database) for _ in range(2)]
        company = new_id("cmp")
        calls = [series.take(company, "orders", count) for series in copies for count in (1, 70, 3, 40, 1, 1)]
        taken = [number for numbers in await asyncio.gather(*calls) for number in numbers]
        assert len(taken) == len(set(taken)) == 232
        assert min(taken) >= 1


class TestSweeper:
    async def test_ends_an_order_once_with_many_copies(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            orders = [await trade.place(customer) for _ in range(5)]
            later = FixedClock(SystemClock().now() + timedelta(seconds=901))
            store = Orders(trade.sales.runtime.ground)
            copies = [Sweeper(store, Endings(), later, 1000) for _ in range(4)]
            await asyncio.gather(*(copy.sweep() for copy in copies))
            shown = [(await customer.get(f"/api/orders/{order['id']}")).json() for order in orders]
        assert {order["cancelReason"] for order in shown} == {"expired"}
        mine = {order["id"] for order in orders}
        await trade.sales.events.wait_for("order.cancelled", lambda e: e.subject in mine, count=5)
        told = [event.subject for event in trade.sales.events.heard if event.type == "order.cancelled"]
        assert sorted(subject for subject in told if subject in mine) == sorted(mine)

    async def test_looks_only_at_what_waits(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            await trade.place(customer)
        orders = trade.sales.runtime.database["orders"]
        plan = await orders.find(due_by(SystemClock().now())).sort("dueAt", 1).explain()
        scan = plan["queryPlanner"]["winningPlan"]["inputStage"]
        assert (scan["stage"], scan["indexName"]) == ("IXSCAN", "due")
        assert await orders.count_documents({"dueAt": None, "status": "pending"}) == 0


class TestOrders:
    async def test_make_one_order_of_a_cart(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            made = [await trade.place(customer) for _ in range(2)]
        store = Orders(trade.sales.runtime.ground).for_company(trade.company)
        first, second = [await store.get(order["id"]) for order in made]
        cart = {"cart_id": "crt_1", "cart_key": "k1"}
        await store.collection.delete_many({"companyId": trade.company})
        await store.place(first.model_copy(update=cart))
        with pytest.raises(Conflict) as refused:
            await store.place(second.model_copy(update=cart))
        assert refused.value.code == "cart_used"
        assert await store.was_made_of("crt_1", "k9") and await store.was_made_of("crt_9", "k1")
        assert not await store.was_made_of("crt_9", "k9")
