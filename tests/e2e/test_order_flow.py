"""The flow by each payment method, and every way it can end."""

import asyncio
import secrets

import pytest

from common.clock import SystemClock
from dev.trading import Api, LiveCounter, Refused
from tests.e2e.conftest import WAIT, Market, by_card, eur, eventually, order_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestCard:
    async def test_goes_through_every_service(self, market: Market) -> None:
        product, customer = await market.product(price=1250, stock=7), await market.customer()
        async with LiveCounter(market.admin, ["orders"]) as live:
            order = await customer.post("/api/orders", order_of(product, 2, payment=by_card()), **WAIT)
            assert (order["status"], order["paymentStatus"]) == ("confirmed", "paid")
            assert order["totals"]["grandTotal"] == order["paid"] == eur(2500)
            await eventually(_value(live.counts, "order.confirmed"), bool)
        await market.stock_settles(product["sku"], 5)
        payment = (await market.admin.get("/api/payments", orderId=order["id"]))["items"][0]
        assert (payment["status"], payment["captured"]) == ("succeeded", eur(2500))
        mails = await eventually(
            lambda: market.admin.get("/api/notifications", type="order_confirmation", referenceId=order["id"]),
            lambda page: bool(page["items"]) and page["items"][0]["status"] == "sent",
        )
        assert len(mails["items"]) == 1
        board = await eventually(lambda: market.admin.get("/api/analytics/dashboard"), lambda b: b["orders"] >= 1)
        assert board["currency"] == "EUR"
        await eventually(
            lambda: market.admin.get("/api/audit/events", action="order.confirmed"),
            lambda page: order["id"] in [event["resource"]["id"] for event in page["items"]],
        )
        assert (await market.admin.get("/api/audit/verify"))["ok"] is True
        assert order["timeline"][0]["type"] == "created"

    async def test_declined_ends_cancelled_and_frees_the_stock(self, market: Market) -> None:
        product, customer = await market.product(stock=3), await market.customer()
        body = order_of(product, payment=by_card("pm_card_visa_chargeDeclined"))
        order = await customer.post("/api/orders", body, **WAIT)
        assert (order["status"], order["cancelReason"]) == ("cancelled", "payment_failed")
        assert order["paymentStatus"] == "failed"
        await market.stock_settles(product["sku"], 3)

    async def test_the_same_key_gives_the_same_order(self, market: Market) -> None:
        product, customer, key = await market.product(stock=5), await market.customer(), secrets.token_hex(8)
        body = order_of(product, payment=by_card())
        answers = await asyncio.gather(*(customer.post("/api/orders", body, key=key) for _ in range(5)))
        assert len({order["id"] for order in answers}) == 1
        with pytest.raises(Refused) as refused:
            await customer.post("/api/orders", order_of(product, 2), key=key)
        assert refused.value.code == "idempotency_key_reused"
        await market.order_becomes(answers[0]["id"], status="confirmed")
        await market.stock_settles(product["sku"], 4)


class TestCashOnDelivery:
    async def test_is_confirmed_unpaid_and_paid_at_the_door(self, market: Market) -> None:
        product, customer = await market.product(stock=4), await market.customer()
        order = await customer.post("/api/orders", order_of(product, payment={"method": "cash_on_delivery"}), **WAIT)
        assert (order["status"], order["paymentStatus"]) == ("confirmed", "unpaid")
        await market.stock_settles(product["sku"], 3)
        await market.admin.post("/api/payments/process", {"orderId": order["id"], "method": "cash"})
        paid = await market.order_becomes(order["id"], paymentStatus="paid")
        assert paid["due"] == eur(0)


class TestOnAccount:
    async def test_becomes_a_debt_and_is_paid_when_it_is_settled(self, market: Market) -> None:
        product = await market.product(price=3000, stock=4)
        customer = await market.admin.post("/api/customers", {"email": f"{secrets.token_hex(4)}@on.example"})
        body = order_of(product, customerId=customer["id"], payment={"method": "on_account"})
        order = await market.admin.post("/api/orders", body, **WAIT)
        assert (order["status"], order["paymentStatus"]) == ("confirmed", "unpaid")
        debts = await eventually(
            lambda: market.admin.get("/api/debts", debtorId=customer["id"]), lambda page: bool(page["items"])
        )
        debt = debts["items"][0]
        assert (debt["orderId"], debt["outstanding"]) == (order["id"], eur(3000))
        for amount in (1000, 2000):
            await market.admin.post(f"/api/debts/{debt['id']}/payments", {"amount": eur(amount), "method": "cash"})
        await market.order_becomes(order["id"], paymentStatus="paid")


class TestPaidLater:
    async def test_waits_reserved_until_it_is_paid(self, market: Market) -> None:
        product, customer = await market.product(stock=2), await market.customer()
        order = await customer.post("/api/orders", order_of(product))
        held = await market.order_becomes(order["id"], fulfilmentStatus="reserved")
        assert (held["status"], held["paymentStatus"]) == ("pending", "unpaid")
        declined = {"orderId": order["id"], "method": "card", "paymentMethodToken": "pm_card_visa_chargeDeclined"}
        assert (await customer.post("/api/payments/process", declined))["status"] == "failed"
        assert (await market.order(order["id"]))["status"] == "pending"
        good = {**declined, "paymentMethodToken": "pm_card_visa"}
        assert (await customer.post("/api/payments/process", good))["status"] == "succeeded"
        await market.order_becomes(order["id"], status="confirmed", paymentStatus="paid")
        with pytest.raises(Refused) as refused:
            await customer.post("/api/payments/process", good)
        assert refused.value.code == "already_paid"


class TestShortage:
    async def test_cancels_and_holds_nothing(self, market: Market) -> None:
        short, plenty = await market.product(stock=1), await market.product(stock=9)
        customer = await market.customer()
        items = [{"productId": short["id"], "quantity": 2}, {"productId": plenty["id"], "quantity": 3}]
        body = {**order_of(short, payment=by_card()), "items": items}
        order = await customer.post("/api/orders", body, **WAIT)
        assert (order["status"], order["cancelReason"]) == ("cancelled", "out_of_stock")
        await market.stock_settles(short["sku"], 1)
        await market.stock_settles(plenty["sku"], 9)
        payments = (await market.admin.get("/api/payments", orderId=order["id"]))["items"]
        assert all(payment["captured"] == eur(0) for payment in payments)


class TestCancel:
    async def test_before_payment_frees_the_stock(self, market: Market) -> None:
        product, customer = await market.product(stock=2), await market.customer()
        order = await customer.post("/api/orders", order_of(product))
        await market.order_becomes(order["id"], fulfilmentStatus="reserved")
        cancelled = await customer.post(f"/api/orders/{order['id']}/cancel", {})
        again = await customer.post(f"/api/orders/{order['id']}/cancel", {})
        assert (cancelled["status"], again["status"]) == ("cancelled", "cancelled")
        await market.stock_settles(product["sku"], 2)

    async def test_after_payment_returns_money_and_goods(self, market: Market) -> None:
        product, customer = await market.product(stock=2), await market.customer()
        order = await customer.post("/api/orders", order_of(product, payment=by_card()), **WAIT)
        await market.stock_settles(product["sku"], 1)
        await customer.post(f"/api/orders/{order['id']}/cancel", {"reason": "changed my mind"})
        refunded = await market.order_becomes(order["id"], paymentStatus="refunded")
        assert refunded["refunded"] == order["paid"]
        await market.stock_settles(product["sku"], 2)

    async def test_of_somebody_elses_order_is_not_found(self, market: Market) -> None:
        product, customer, stranger = await market.product(), await market.customer(), await market.customer()
        order = await customer.post("/api/orders", order_of(product))
        for attempt in (
            stranger.get(f"/api/orders/{order['id']}"),
            stranger.post(f"/api/orders/{order['id']}/cancel", {}),
        ):
            with pytest.raises(Refused) as refused:
                await attempt
            assert (refused.value.status, refused.value.code) == (404, "not_found")


class TestTill:
    async def test_sells_in_one_answer_and_takes_the_stock(self, market: Market) -> None:
        product = await market.product(price=700, stock=5)
        body = {
            "clientSaleId": secrets.token_hex(8),
            "shopId": market.shop_id,
            "items": [{"productId": product["id"], "quantity": 2}],
            "tenders": [{"method": "cash", "amount": eur(2000)}],
            "soldAt": SystemClock().now().isoformat(),
        }
        sale = await market.admin.post("/api/pos/sales", body)
        assert (sale["status"], sale["paymentStatus"], sale["fulfilmentStatus"]) == ("completed", "paid", "fulfilled")
        assert sale["change"] == eur(600)
        again = await market.admin.post("/api/pos/sales", body)
        assert again["id"] == sale["id"]
        await market.stock_settles(product["sku"], 3)


class TestTenant:
    async def test_another_companys_ids_do_not_exist(self, market: Market, gateway_url: str) -> None:
        from tests.e2e.conftest import close_market, open_market

        product, other = await market.product(), await open_market(gateway_url)
        with pytest.raises(Refused) as refused:
            await other.admin.get(f"/api/products/{product['id']}")
        assert refused.value.status == 404
        with pytest.raises(Refused) as refused:
            await other.admin.post("/api/orders", order_of(product))
        assert refused.value.status in (404, 422)
        assert (await other.admin.get("/api/orders"))["items"] == []
        await close_market(other)

    async def test_two_that_disagree_are_refused(self, market: Market, gateway_url: str) -> None:
        admin = Api(gateway_url, tenant="cmp_00000000000000000000000000")
        admin._token = market.admin._token
        with pytest.raises(Refused) as refused:
            await admin.get("/api/orders")
        assert refused.value.status in (400, 404)
        await admin.__aexit__()


def _value(counts: dict[str, int], name: str):  # type: ignore[no-untyped-def]
    async def ask() -> int:
        return counts.get(name, 0)

    return ask
