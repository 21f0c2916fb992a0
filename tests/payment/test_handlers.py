"""What the order's events do to its money, on the real servers and the provider sandbox."""

import pytest

from common.clock import SystemClock
from common.events.orders import SaleCompleted
from common.events.parts import Tender
from common.events.payments import DebtPaymentRecorded
from common.ids import new_id
from common.money import Money

from .conftest import Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def gbp(amount: int) -> Money:
    return Money.of(amount, "GBP")


class TestChargeOrder:
    async def test_charges_once_the_goods_are_held(self, shop: Shop) -> None:
        order = await shop.order()
        done = await shop.hears("payment.succeeded", order)
        assert (done.method, done.provider, done.amount) == ("card", "stripe", gbp(1999))
        assert (await shop.hears("payment.initiated", order)).payment_id == done.payment_id
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_charges_when_the_reservation_comes_first(self, shop: Shop) -> None:
        order = new_id("ord")
        await shop.reserve(order)
        await until(lambda: shop.account(order))
        await shop.create(order)
        assert (await shop.hears("payment.succeeded", order)).amount == gbp(1999)

    async def test_charges_once_for_events_delivered_three_times(self, shop: Shop) -> None:
        order = await shop.order(reserve=False)
        await shop.reserve(order, times=3)
        await shop.reserve(order)
        done = await shop.hears("payment.succeeded", order)
        assert shop.intents_of(done.payment_id) == 1
        assert len(await shop.payments(order)) == 1
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_a_decline_is_final(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_visa_chargeDeclined")
        failed = await shop.hears("payment.failed", order)
        assert (failed.code, failed.decline_code, failed.final) == ("card_declined", "generic_decline", True)
        assert await shop.balances() == {}

    async def test_a_wallet_that_the_provider_does_not_know_is_final(self, shop: Shop) -> None:
        order = await shop.order("paypal", "wallet-of-nobody")
        failed = await shop.hears("payment.failed", order)
        assert (failed.code, failed.final) == ("token_id_not_found", True)

    async def test_many_charges_overlap(self, shop: Shop) -> None:
        shop.sandbox.fault(delayMs=1000)
        orders = [await shop.order() for _ in range(6)]
        for order in orders:
            await shop.hears("payment.succeeded", order)
        told = [event.type for event in shop.harness.events.heard if getattr(event.data, "order_id", None) in orders]
        begun = [each for each in told if each in ("payment.initiated", "payment.succeeded")]
        assert begun.index("payment.succeeded") > 1, "the first was through before the second began"

    async def test_leaves_an_order_without_payment_alone(self, shop: Shop) -> None:
        order, marker = await shop.order(None), await shop.order()
        await shop.hears("payment.succeeded", marker)
        assert await shop.payments(order) == []

    async def test_takes_cash_once_the_goods_are_held(self, shop: Shop) -> None:
        order = await shop.order("cash", reserve=False)
        await shop.reserve(order, times=2)
        assert (await shop.hears("payment.succeeded", order)).provider == "cash"
        assert await shop.balances() == {"asset:cash": 1999, "income:orders": -1999}

    async def test_an_order_for_nothing_is_paid_without_a_charge(self, shop: Shop) -> None:
        order = await shop.order(amount=0)
        done = await shop.hears("payment.succeeded", order)
        assert (done.amount, shop.intents_of(done.payment_id)) == (gbp(0), 0)

    @pytest.mark.parametrize("method", ["cash_on_delivery", "on_account"])
    async def test_records_a_promise_and_charges_nothing(self, shop: Shop, method: str) -> None:
        order = await shop.order(method)
        await shop.hears("payment.initiated", order)
        payments = await shop.payments(order)
        assert [(each["method"], each["status"]) for each in payments] == [(method, "pending")]
        assert await shop.balances() == {}


class TestOutage:
    async def test_repeats_an_unanswered_charge_with_the_same_key(self, shop: Shop) -> None:
        shop.sandbox.fault(dropAnswers=1)
        order = await shop.order()
        done = await shop.hears("payment.succeeded", order)
        assert shop.intents_of(done.payment_id) == 1
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_waits_for_a_provider_that_is_away(self, shop: Shop) -> None:
        shop.sandbox.fault(serverErrors=1)
        order = await shop.order()
        assert (await shop.hears("payment.succeeded", order)).amount == gbp(1999)

    async def test_picks_up_what_a_crash_left_between_the_commits(self, shop: Shop) -> None:
        order = await shop.order("card", token=None)
        await until(lambda: shop.account(order))
        await shop.begin_and_crash(order, "pm_card_visa")
        done = await shop.hears("payment.succeeded", order)
        assert shop.intents_of(done.payment_id) == 1

    async def test_gives_up_at_the_deadline(self, shop: Shop) -> None:
        shop.sandbox.fault(serverErrors=1000)
        order = await shop.order(seconds=1)
        expired = await shop.hears("payment.expired", order)
        assert (await shop.payments(order))[0]["status"] == "expired"
        assert shop.intents_of(expired.payment_id) == 0

    async def test_finds_what_was_taken_when_the_deadline_has_passed(self, shop: Shop) -> None:
        shop.sandbox.fault(dropAnswers=1)
        order = await shop.order(seconds=1)
        done = await shop.hears("payment.succeeded", order)
        assert shop.intents_of(done.payment_id) == 1


class TestReturnMoney:
    async def test_refunds_what_was_captured_once(self, shop: Shop) -> None:
        order = await shop.order()
        await shop.hears("payment.succeeded", order)
        await shop.cancel(order, times=3)
        back = await shop.hears("payment.refunded", order)
        assert (back.amount, back.refunded, back.captured) == (gbp(1999), gbp(1999), gbp(1999))
        await shop.settled()
        assert shop.refunded_at_provider(order) == 1999
        assert await shop.balances() == {}
        assert (await shop.payments(order))[0]["status"] == "refunded"

    async def test_voids_what_was_only_promised(self, shop: Shop) -> None:
        order = await shop.order("cash_on_delivery")
        await shop.hears("payment.initiated", order)
        await shop.cancel(order)
        await shop.hears("payment.voided", order)

    async def test_charges_nothing_for_an_order_cancelled_first(self, shop: Shop) -> None:
        order = new_id("ord")
        await shop.cancel(order)
        await until(lambda: shop.account(order))
        await shop.create(order)
        await shop.reserve(order)
        voided = await shop.hears("payment.voided", order)
        assert [(each["id"], each["status"]) for each in await shop.payments(order)] == [(voided.payment_id, "voided")]
        assert await shop.balances() == {}

    async def test_voids_what_waited_for_goods_that_were_not_there(self, shop: Shop) -> None:
        order = await shop.order(reserve=False)
        await shop.hears("payment.initiated", order)
        await shop.cancel(order, reason="out_of_stock")
        await shop.hears("payment.voided", order)
        assert [each["status"] for each in await shop.payments(order)] == ["voided"]

    async def test_refunds_money_that_comes_late(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_authenticationRequired")
        asked = await shop.hears("payment.requires_action", order)
        intent = shop.intent_of(asked.payment_id)
        shop.authenticate(intent["id"])  # the webhook is not connected: only asking tells
        await shop.cancel(order)
        await shop.hears("payment.succeeded", order)
        assert (await shop.hears("payment.refunded", order)).reason == "late_payment"
        assert await shop.balances() == {}

    async def test_lets_go_of_a_payment_that_waits_for_the_buyer(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_authenticationRequired")
        asked = await shop.hears("payment.requires_action", order)
        await shop.cancel(order)
        await shop.hears("payment.voided", order)
        assert shop.intent_of(asked.payment_id)["status"] == "canceled"

    async def test_refunds_what_a_charge_under_way_brings_in(self, shop: Shop) -> None:
        shop.sandbox.fault(dropAnswers=1)
        order = await shop.order()
        await shop.hears("payment.initiated", order)
        await shop.cancel(order)
        await shop.hears("payment.refunded", order)
        assert await shop.balances() == {}


class TestRecordTenders:
    async def test_books_each_tender_without_the_change(self, shop: Shop) -> None:
        order = new_id("ord")
        tenders = [Tender(method="card", amount=gbp(1000)), Tender(method="cash", amount=gbp(1200))]
        tenders.append(Tender(method="on_account", amount=gbp(300)))
        await shop.harness.publish(sale(order, tenders, total=2300, change=200), shop.company, times=2)
        await shop.hears("payment.succeeded", order, count=2)
        await shop.settled()
        found = {each["method"]: (each["status"], each["captured"]["amount"]) for each in await shop.payments(order)}
        assert found == {"card": ("succeeded", 1000), "cash": ("succeeded", 1000), "on_account": ("pending", 0)}
        assert await shop.balances() == {"asset:cash": 1000, "asset:terminal": 1000, "income:orders": -2000}


def sale(order: str, tenders: list[Tender], *, total: int, change: int) -> SaleCompleted:
    return SaleCompleted(
        order_id=order,
        number="1",
        client_sale_id="c1",
        customer_id="cus_1",
        lines=[],
        total=gbp(total),
        tenders=tenders,
        change=gbp(change),
        sold_at=SystemClock().now(),
    )


class TestRecordDebtPayment:
    async def test_books_parts_once_and_succeeds_with_the_last(self, shop: Shop) -> None:
        order = await shop.order("on_account")
        for number, amount in (("1", 999), ("1", 999), ("2", 1000)):
            await shop.harness.publish(self.paid(order, number, amount), shop.company)
        last = await shop.hears("payment.succeeded", order, count=2)
        assert last.amount == gbp(1999)
        assert (await shop.payments(order))[0]["status"] == "succeeded"
        assert await shop.balances() == {"asset:bank": 1999, "income:orders": -1999}

    async def test_returns_what_comes_in_for_an_order_that_ended(self, shop: Shop) -> None:
        order = await shop.order("on_account")
        await shop.cancel(order)
        await shop.hears("payment.voided", order)
        await shop.harness.publish(self.paid(order, "1", 500), shop.company)
        assert (await shop.hears("payment.refunded", order)).amount == gbp(500)
        assert await shop.balances() == {}

    async def test_returns_a_part_when_the_order_ends(self, shop: Shop) -> None:
        order = await shop.order("on_account")
        await shop.harness.publish(self.paid(order, "1", 500), shop.company)
        await until(lambda: shop.captured(order))
        await shop.cancel(order)
        assert (await shop.hears("payment.refunded", order)).amount == gbp(500)
        assert await shop.balances() == {}

    @staticmethod
    def paid(order: str, number: str, amount: int) -> DebtPaymentRecorded:
        return DebtPaymentRecorded(
            debt_id="dbt_1",
            debt_payment_id=f"dpy_{order}{number}",
            order_id=order,
            method="bank_transfer",
            amount=gbp(amount),
            outstanding=gbp(0),
        )
