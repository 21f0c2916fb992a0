"""The saga through the broker, on the real servers."""

import pytest

from tests.sales.conftest import Trade

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestSaga:
    async def test_confirms_a_card_order_once_held_and_paid(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer, payment={"method": "card", "paymentMethodToken": "pm_card_visa"})
            created = (await trade.sales.events.wait_for("order.created", lambda e: e.subject == order["id"]))[0]
            await trade.reserve(order["id"], times=3)
            await trade.when(customer, order["id"], fulfilmentStatus="reserved", status="pending")
            await trade.pay(order["id"], 2000, times=3)
            shown = await trade.when(customer, order["id"], status="confirmed")
        assert created.data.has_payment_token and "pm_card_visa" not in created.data.model_dump_json()
        assert (shown["paymentStatus"], shown["paid"]["amount"], shown["due"]["amount"]) == ("paid", 2000, 0)
        assert [entry["type"] for entry in shown["timeline"]] == ["created", "reserved", "paid", "confirmed"]
        confirmed = await trade.sales.events.wait_for("order.confirmed", lambda e: e.subject == order["id"])
        assert (confirmed[0].data.payment_status, confirmed[0].sequence) == ("paid", 2)
