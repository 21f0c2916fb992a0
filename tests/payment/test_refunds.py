"""Money back in parts: never over what came in, within what the caller may give, over several payments."""

import asyncio
from typing import Any

import pytest

from common.events.parts import CompanySettings
from common.events.tenancy import CompanyUpdated
from common.ids import new_id
from common.money import Money

from .conftest import Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def gbp(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP"}


async def paid(seller: Shop, token: str = "pm_card_visa", **more: Any) -> tuple[str, str]:
    order = await seller.order(token=token, **more)
    return order, (await seller.hears("payment.succeeded", order)).payment_id


async def split(seller: Shop, **more: Any) -> str:
    """An order paid with 500 in cash, then 1499 by card."""
    order = await seller.order(None, **more)
    await until(lambda: seller.account(order))
    async with seller.admin() as admin:
        await admin.post("/api/payments/process", json={"orderId": order, "method": "cash", "amount": gbp(500)})
        body = {"orderId": order, "method": "card", "paymentMethodToken": "pm_card_visa"}
        assert (await admin.post("/api/payments/process", json=body)).json()["status"] == "succeeded"
    return order


class TestConcurrently:
    async def test_fifty_at_once_never_give_back_more_than_came_in(self, shop: Shop) -> None:
        order, payment = await paid(shop)
        async with shop.admin() as admin:
            body = {"amount": gbp(100), "reason": "x"}
            asked = (admin.post(f"/api/payments/{payment}/refund", json=body) for _ in range(50))
            answers = await asyncio.gather(*asked)
        codes = [answer.status_code for answer in answers]
        assert set(codes) <= {201, 409, 503} and codes.count(201) <= 19
        async with asyncio.timeout(60):
            while not await self._all_settled(shop, payment):
                await asyncio.sleep(0.05)
        stored = await shop.stored(payment)
        assert stored.refunded.amount == 100 * codes.count(201) == shop.refunded_at_provider(order)
        assert (await shop.balances()).get("income:orders", 0) == stored.refunded.amount - 1999

    async def test_what_is_set_aside_is_not_answered_as_if_nothing_were(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who loses every race before is told 503; who loses after the money went is told that it is pending."""
        _, payment = await paid(shop)
        monkeypatch.setattr("services.payment.service.foundation.CONFLICT_TRIES", 1)
        async with shop.admin() as admin:
            body = {"amount": gbp(100), "reason": "x"}
            asked = (admin.post(f"/api/payments/{payment}/refund", json=body) for _ in range(16))
            codes = [answer.status_code for answer in await asyncio.gather(*asked)]
        assert set(codes) <= {201, 503}
        assert len((await shop.stored(payment)).refunds) == codes.count(201)

    async def _all_settled(self, shop: Shop, payment: str) -> bool:
        """The sweeper looks at what lost every race after 15 seconds."""
        return all(refund.status != "pending" for refund in (await shop.stored(payment)).refunds)


class TestOfAnOrder:
    async def test_comes_from_the_newest_payment_first(self, shop: Shop) -> None:
        order = await split(shop)
        path = f"/api/payments/orders/{order}/refund"
        async with shop.admin() as admin:
            first = await admin.post(path, json={"amount": gbp(1500), "reason": "x"})
            over = await admin.post(path, json={"amount": gbp(500), "reason": "x"})
            rest = await admin.post(path, json={"reason": "x"})
            none = await admin.post(path, json={"reason": "x"})
        assert first.status_code == 201, first.text
        assert [each["amount"]["amount"] for each in first.json()["refunds"]] == [1499, 1]
        assert (over.status_code, over.json()["code"]) == (409, "refund_exceeds_captured")
        assert rest.json()["amount"] == gbp(499)
        assert (none.status_code, none.json()["code"]) == (409, "refund_exceeds_captured")
        assert await shop.balances() == {}

    async def test_once_under_one_key(self, shop: Shop) -> None:
        order = await split(shop)
        async with shop.admin() as admin:
            for _ in range(2):
                answer = await admin.post(
                    f"/api/payments/orders/{order}/refund",
                    json={"amount": gbp(700), "reason": "x"},
                    headers={"Idempotency-Key": order},
                )
                assert answer.status_code == 201
        assert (await shop.balances())["income:orders"] == -1299

    async def test_another_companys_order_is_not_there(self, shop: Shop) -> None:
        order = await split(shop)
        async with shop.harness.user("company_admin", new_id("cmp")) as other:
            assert (await other.post(f"/api/payments/orders/{order}/refund", json={"reason": "x"})).status_code == 404


class TestLimit:
    async def test_shop_staff_give_back_up_to_the_companys_limit(self, shop: Shop) -> None:
        settings = CompanySettings(staff_refund_limit=Money.of(1000, "GBP"))
        told = CompanyUpdated(company_id=shop.company, settings=settings)
        await shop.harness.publish(told, shop.company)
        _, payment = await paid(shop, shop="shp_1")
        copies = shop.on.companies
        await until(lambda: copies.find(shop.company, shop.company))
        path = f"/api/payments/{payment}/refund"
        async with shop.harness.user("shop_staff", shop.company, shop_ids=["shp_1"]) as staff:
            answers = [
                await staff.post(path, json={"amount": gbp(amount), "reason": "x"}) for amount in (1001, 600, 401, 400)
            ]
        assert [answer.status_code for answer in answers] == [403, 201, 403, 201]
        assert answers[0].json()["code"] == "refund_limit_exceeded"
        async with shop.harness.user("shop_manager", shop.company, shop_ids=["shp_1"]) as manager:
            assert (await manager.post(path, json={"reason": "x"})).status_code == 201

    async def test_however_many_payments_an_order_was_cut_into(self, shop: Shop) -> None:
        settings = CompanySettings(staff_refund_limit=Money.of(1000, "GBP"))
        await shop.harness.publish(CompanyUpdated(company_id=shop.company, settings=settings), shop.company)
        order = await split(shop, shop="shp_1")
        await until(lambda: shop.on.companies.find(shop.company, shop.company))
        async with shop.admin() as admin:
            payments = [each["id"] for each in (await admin.get(f"/api/payments?orderId={order}")).json()["items"]]
        async with shop.harness.user("shop_staff", shop.company, shop_ids=["shp_1"]) as staff:
            whole = await staff.post(f"/api/payments/orders/{order}/refund", json={"amount": gbp(1001), "reason": "x"})
            parts = [
                (await staff.post(f"/api/payments/{payment}/refund", json={"amount": gbp(490), "reason": "x"}))
                for payment in payments
            ]
            rest = await staff.post(f"/api/payments/orders/{order}/refund", json={"amount": gbp(21), "reason": "x"})
        assert (whole.status_code, whole.json()["code"]) == (403, "refund_limit_exceeded")
        assert [part.status_code for part in parts] == [201, 201]
        assert (rest.status_code, rest.json()["code"]) == (403, "refund_limit_exceeded")


class TestFailed:
    async def test_is_shown_and_can_be_tried_again(self, shop: Shop) -> None:
        shop.sales.door = shop.harness
        order, payment = await paid(shop, "pm_card_refundFail")
        async with shop.admin() as admin:
            path = f"/api/payments/{payment}/refund"
            await admin.post(path, json={"reason": "x"})
            await shop.hears("payment.refund_failed", order)
            again = await admin.post(path, json={"reason": "x"})
            listed = (await admin.get(f"/api/payments/{payment}/refunds?sort=createdAt")).json()["items"]
        assert again.status_code == 201
        assert (listed[0]["status"], len(listed)) == ("failed", 2)
        await shop.hears("payment.refund_failed", order, 2)
        assert (await shop.balances())["income:orders"] == -1999
