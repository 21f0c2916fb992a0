"""The saga through the broker, on the real servers."""

import pytest

from common.events.catalogue import ProductUpdated
from common.events.identity import UserRegistered
from common.events.parts import Shortage
from common.events.payments import DebtSettled, PaymentFailed, PaymentRefunded
from common.events.stock import ReservationFailed
from common.identity.permissions import permissions_of
from common.identity.principal import Principal
from common.ids import new_id
from services.sales.routes.translation import asked
from services.sales.schemas.orders import OrderIn
from tests.sales.conftest import Trade, eventually, gbp, open_trade

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

    async def test_takes_money_that_comes_before_the_goods_are_held(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer, payment={"method": "card", "paymentMethodToken": "pm_card_visa"})
            await trade.pay(order["id"], 2000)
            await trade.when(customer, order["id"], paymentStatus="paid", status="pending")
            await trade.reserve(order["id"])
            await trade.when(customer, order["id"], status="confirmed")

    async def test_keeps_what_comes_before_the_order_itself(self, trade: Trade) -> None:
        order_id = new_id("ord")
        await trade.reserve(order_id)
        role = "company_admin"
        admin = Principal("user", "usr_1", role, permissions_of(role), trade.company, trade.company)
        async with trade.staff() as staff:
            assert (await staff.get(f"/api/orders/{order_id}")).status_code == 404
            body = OrderIn.model_validate({"items": [trade.line(2)]})
            placed = await trade.sales.service.placing.place(admin, asked(body), order_id)
            again = await trade.sales.service.placing.place(admin, asked(body), order_id)
            assert again.order.number == placed.order.number
            await trade.when(staff, order_id, fulfilmentStatus="reserved")

    async def test_cancels_what_is_out_of_stock(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer)
            shortage = [Shortage(sku="MUG", requested=2, available=1)]
            await trade.sales.publish(
                ReservationFailed(order_id=order["id"], shortages=shortage), trade.company, times=2
            )
            shown = await trade.when(customer, order["id"], status="cancelled")
        assert (shown["cancelReason"], shown["fulfilmentStatus"]) == ("out_of_stock", "unfulfilled")
        heard = await trade.sales.events.wait_for("order.cancelled", lambda e: e.subject == order["id"])
        assert (heard[0].data.reason, heard[0].data.was_confirmed) == ("out_of_stock", False)

    async def test_cancels_when_the_orders_own_payment_is_declined(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer, payment={"method": "card", "paymentMethodToken": "pm_x"})
            await trade.reserve(order["id"])
            failed = PaymentFailed(
                payment_id="pay_1", order_id=order["id"], method="card", amount=gbp(2000), code="declined", final=True
            )
            await trade.sales.publish(failed, trade.company)
            shown = await trade.when(customer, order["id"], status="cancelled")
        assert (shown["cancelReason"], shown["paymentStatus"]) == ("payment_failed", "failed")

    async def test_expires_what_nobody_pays_and_returns_late_money(self, trade: Trade) -> None:
        hasty = await open_trade(trade.sales, payment_deadline_seconds=0)
        async with hasty.customer() as customer:
            order = await hasty.place(customer)
            shown = await hasty.when(customer, order["id"], status="cancelled")
            assert (shown["cancelReason"], shown["paymentStatus"]) == ("expired", "expired")
            assert shown["timeline"][-1]["actor"] == {"type": "system", "id": None}
            await hasty.pay(order["id"], 2000)
            refund = PaymentRefunded(
                payment_id="pay_1",
                order_id=order["id"],
                refund_id="rfd_1",
                method="card",
                amount=gbp(2000),
                refunded=gbp(2000),
                captured=gbp(2000),
                reason="cancelled",
            )
            await hasty.sales.publish(refund, hasty.company)
            shown = await hasty.when(customer, order["id"], paymentStatus="refunded")
        assert (shown["status"], shown["refunded"]["amount"]) == ("cancelled", 2000)
        assert (
            len([e for e in hasty.sales.events.heard if e.type == "order.cancelled" and e.subject == order["id"]]) == 1
        )

    async def test_pays_an_order_on_account_when_its_debt_is_settled(self, trade: Trade) -> None:
        async with trade.customer() as customer:
            order = await trade.place(customer, payment={"method": "on_account"})
            await trade.reserve(order["id"])
            await trade.when(customer, order["id"], status="confirmed", paymentStatus="unpaid")
            settled = DebtSettled(debt_id="dbt_1", order_id=order["id"], principal=gbp(2000))
            await trade.sales.publish(settled, trade.company, times=2)
            await trade.when(customer, order["id"], paymentStatus="paid")
        await trade.sales.events.wait_for("order.paid", lambda e: e.subject == order["id"])


class TestCopies:
    async def test_take_a_new_price_and_never_an_older_one(self, trade: Trade) -> None:
        def priced(amount: int) -> ProductUpdated:
            return ProductUpdated(product_id=trade.mug, sku="MUG", name="Mug", status="active", price=gbp(amount))

        await trade.sales.publish(priced(1200), trade.company, sequence=10_002)
        await trade.sales.publish(priced(900), trade.company, sequence=10_001)
        await trade.sales.publish(priced(1300), trade.company, sequence=10_003)
        copies = trade.sales.runtime.database["products"]

        async def look() -> bool:
            return bool(await copies.find_one({"_id": trade.mug, "sequence": 10_003}))

        await eventually(look)
        async with trade.customer() as customer:
            order = await trade.place(customer)
        assert order["totals"]["grandTotal"]["amount"] == 2600


class TestCustomers:
    async def test_get_a_record_when_they_register(self, trade: Trade) -> None:
        customer_id = new_id("cus")
        registered = UserRegistered(user_id=new_id("usr"), email="Ann@Example.com", name="Ann", customer_id=customer_id)
        await trade.sales.publish(registered, trade.company, times=2)
        async with trade.staff() as staff:

            async def look() -> dict[str, object] | None:
                answer = await staff.get(f"/api/customers/{customer_id}")
                return answer.json() if answer.status_code == 200 else None

            shown = await eventually(look)
        assert (shown["email"], shown["name"], shown["userId"]) == ("ann@example.com", "Ann", registered.user_id)
