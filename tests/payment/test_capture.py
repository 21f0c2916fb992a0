"""Money that is held first and taken later, or let go."""

import asyncio
from typing import Any

import pytest

from common.ids import new_id

from .conftest import Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEVEN_DAYS = 7 * 86_400


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


async def held(seller: Shop, **more: Any) -> tuple[str, str]:
    """An order whose money is authorised; its id and the payment's."""
    order = await seller.order(capture="manual", **more)
    return order, (await seller.hears("payment.authorized", order)).payment_id


async def capture(shop: Shop, payment: str, body: dict[str, Any] | None = None) -> Any:
    async with shop.admin() as admin:
        return await admin.post(f"/api/payments/{payment}/capture", json=body or {})


async def void(shop: Shop, payment: str) -> Any:
    async with shop.admin() as admin:
        return await admin.post(f"/api/payments/{payment}/void")


class TestAuthorise:
    async def test_holds_and_takes_nothing(self, shop: Shop) -> None:
        order, payment = await held(shop)
        told = (await shop.payments(order))[0]
        assert (told["status"], told["authorized"], told["captured"]) == ("authorized", gbp(1999), gbp(0))
        assert told["authorizationExpiresAt"] and told["capture"] == "manual"
        assert shop.intent_of(payment)["status"] == "requires_capture"
        assert await shop.balances() == {}

    async def test_leaves_nothing_for_another_try(self, shop: Shop) -> None:
        order, _ = await held(shop)
        async with shop.admin() as admin:
            body = {"orderId": order, "method": "card", "paymentMethodToken": "pm_card_visa"}
            answer = await admin.post("/api/payments/process", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "payment_in_progress")


class TestCapture:
    async def test_takes_all_of_it(self, shop: Shop) -> None:
        order, payment = await held(shop)
        answer = await capture(shop, payment)
        assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
        assert (await shop.hears("payment.succeeded", order)).amount.amount == 1999
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_takes_a_part_and_lets_the_rest_go(self, shop: Shop) -> None:
        order, payment = await held(shop)
        answer = await capture(shop, payment, {"amount": gbp(1500)})
        assert answer.json()["captured"] == gbp(1500)
        account = await shop.on.accounts.for_company(shop.company).get(order)
        assert (account.captured, account.authorized, account.open_amount.amount) == (1500, 0, 499)

    async def test_never_takes_more_than_is_held(self, shop: Shop) -> None:
        _, payment = await held(shop)
        over = await capture(shop, payment, {"amount": gbp(2000)})
        other = await capture(shop, payment, {"amount": {"amount": 1, "currency": "EUR"}})
        assert (over.status_code, over.json()["code"]) == (409, "capture_exceeds_authorized")
        assert (other.status_code, other.json()["code"]) == (422, "currency_mismatch")
        assert shop.intent_of(payment)["status"] == "requires_capture"

    async def test_happens_once_when_asked_many_times(self, shop: Shop) -> None:
        _, payment = await held(shop)
        answers = await asyncio.gather(*(capture(shop, payment, {"amount": gbp(1000 + n)}) for n in range(8)))
        assert [answer.status_code for answer in answers].count(200) == 1
        taken = (await shop.stored(payment)).captured.amount
        assert taken == shop.intent_of(payment)["amount_received"]
        assert await shop.balances() == {"asset:stripe": taken, "income:orders": -taken}

    async def test_is_refused_for_what_is_not_held(self, shop: Shop) -> None:
        order = await shop.order()
        payment = (await shop.hears("payment.succeeded", order)).payment_id
        answer = await capture(shop, payment)
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")

    async def test_an_answer_that_was_lost_is_asked_for_again(self, shop: Shop) -> None:
        order, payment = await held(shop)
        shop.sandbox.fault(dropAnswers=1)
        answer = await capture(shop, payment)
        assert (answer.status_code, answer.json()["status"]) == (202, "authorized")
        await shop.run_sweeper_as_of(120)
        assert (await shop.hears("payment.succeeded", order)).amount.amount == 1999
        assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}

    async def test_needs_permission_and_shop(self, shop: Shop) -> None:
        _, payment = await held(shop, shop="shp_1", customer="cus_own")
        expected = {
            ("customer", "cus_own", ()): 403,
            ("shop_staff", None, ("shp_1",)): 403,
            ("shop_manager", None, ("shp_2",)): 404,
            ("shop_manager", None, ("shp_1",)): 200,
        }
        for (role, customer, shops), status in expected.items():
            for verb in ("void", "capture") if status != 200 else ("capture",):
                who = shop.harness.user(role, shop.company, customer_id=customer, shop_ids=shops)
                async with who as caller:
                    answer = await caller.post(f"/api/payments/{payment}/{verb}", json={})
                    assert answer.status_code == status, (role, verb, answer.text)
        async with shop.harness.user("company_admin", new_id("cmp")) as other:
            assert (await other.post(f"/api/payments/{payment}/capture", json={})).status_code == 404

    async def test_says_nothing_was_taken_where_a_void_was_faster(self, shop: Shop) -> None:
        for _ in range(4):
            _, payment = await held(shop)
            let_go, taken = await asyncio.gather(void(shop, payment), capture(shop, payment))
            assert sorted((taken.status_code, let_go.status_code)) == [200, 409]
            wanted = "succeeded" if taken.status_code == 200 else "voided"
            assert (await shop.stored(payment)).status == wanted


class TestVoid:
    async def test_lets_the_hold_go(self, shop: Shop) -> None:
        order, payment = await held(shop)
        first, again = await void(shop, payment), await void(shop, payment)
        assert (first.status_code, first.json()["status"], again.json()["status"]) == (200, "voided", "voided")
        await shop.hears("payment.voided", order)
        assert shop.intent_of(payment)["status"] == "canceled"
        late = await capture(shop, payment)
        assert (late.status_code, late.json()["code"]) == (409, "invalid_transition")
        account = await shop.on.accounts.for_company(shop.company).get(order)
        assert account.open_amount.amount == 1999

    async def test_is_refused_for_money_that_moved(self, shop: Shop) -> None:
        _, payment = await held(shop)
        await capture(shop, payment)
        answer = await void(shop, payment)
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")

    async def test_follows_a_cancelled_order(self, shop: Shop) -> None:
        order, payment = await held(shop)
        await shop.cancel(order)
        await shop.hears("payment.voided", order)
        assert shop.intent_of(payment)["status"] == "canceled"


class TestExpiry:
    async def test_a_hold_that_nobody_takes_is_let_go(self, shop: Shop) -> None:
        order, payment = await held(shop)
        await shop.run_sweeper_as_of(SEVEN_DAYS)
        await shop.hears("payment.expired", order)
        assert shop.intent_of(payment)["status"] == "canceled"

    async def test_a_hold_stands_before_that(self, shop: Shop) -> None:
        _, payment = await held(shop)
        await shop.run_sweeper_as_of(86_400)
        assert (await shop.stored(payment)).status == "authorized"


class TestConfirmation:
    async def test_a_hold_may_need_the_buyer(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_authenticationRequired", capture="manual")
        payment = (await shop.hears("payment.requires_action", order)).payment_id
        shop.authenticate(shop.intent_of(payment)["id"])
        async with shop.admin() as admin:
            answer = await admin.post(f"/api/payments/{payment}/confirm")
        assert (answer.status_code, answer.json()["status"]) == (200, "authorized")

    async def test_asks_the_provider_and_believes_nobody_else(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_authenticationRequired", customer="cus_own")
        payment = (await shop.hears("payment.requires_action", order)).payment_id
        path = f"/api/payments/{payment}/confirm"
        async with shop.harness.user("customer", shop.company, customer_id="cus_own") as customer:
            early = await customer.post(path)
            forged = await customer.post(path, json={"status": "succeeded"})
            assert (early.status_code, early.json()["status"]) == (202, "requires_action")
            assert forged.json()["status"] == "requires_action"
            assert early.json()["nextAction"]["type"] == "redirect"
            shop.authenticate(shop.intent_of(payment)["id"])
            after = await customer.post(path)
        assert (after.status_code, after.json()["status"]) == (200, "succeeded")
        async with shop.harness.user("customer", shop.company, customer_id="cus_other") as other:
            assert (await other.post(path)).status_code == 404

    async def test_a_buyer_whom_the_bank_declines_afterwards(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_threeDSecureRequiredChargeDeclined")
        payment = (await shop.hears("payment.requires_action", order)).payment_id
        shop.authenticate(shop.intent_of(payment)["id"])
        async with shop.admin() as admin:
            answer = await admin.post(f"/api/payments/{payment}/confirm")
        assert (answer.status_code, answer.json()["status"]) == (200, "failed")
        assert answer.json()["failure"]["code"] == "card_declined"
        assert (await shop.hears("payment.failed", order)).final is True

    async def test_a_buyer_who_never_comes_back(self, shop: Shop) -> None:
        order = await shop.order(token="pm_card_authenticationRequired")
        payment = (await shop.hears("payment.requires_action", order)).payment_id
        await shop.run_sweeper_as_of(1000)
        await shop.hears("payment.expired", order)
        assert shop.intent_of(payment)["status"] == "canceled"


class TestSplitTender:
    async def test_cash_and_card_together_pay_an_order(self, shop: Shop) -> None:
        order = await shop.order(None)
        await until(lambda: shop.account(order))
        async with shop.admin() as admin:
            cash = {"orderId": order, "method": "cash", "amount": gbp(500)}
            card = {"orderId": order, "method": "card", "paymentMethodToken": "pm_card_visa"}
            first = await admin.post("/api/payments/process", json=cash)
            over = await admin.post("/api/payments/process", json=card | {"amount": gbp(1500)})
            second = await admin.post("/api/payments/process", json=card | {"amount": gbp(1000)})
            last = await admin.post("/api/payments/process", json=card)
            none = await admin.post("/api/payments/process", json=cash)
        assert first.json()["captured"] == gbp(500)
        assert (over.status_code, over.json()["code"], over.json()["due"]) == (409, "amount_exceeds_due", gbp(1499))
        assert (second.json()["captured"], last.json()["captured"]) == (gbp(1000), gbp(499))
        assert (none.status_code, none.json()["code"]) == (409, "already_paid")
        assert await shop.balances() == {"asset:cash": 500, "asset:stripe": 1499, "income:orders": -1999}
