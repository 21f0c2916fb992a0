"""Methods that customers keep, and what a company takes."""

from typing import Any

import pytest

from common.ids import new_id

from .conftest import Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def customer(shop: Shop, customer_id: str, company: str | None = None) -> Any:
    return shop.harness.user("customer", company or shop.company, customer_id=customer_id)


async def keep(shop: Shop, customer_id: str, token: str = "pm_card_visa") -> dict[str, Any]:
    async with customer(shop, customer_id) as caller:
        answer = await caller.post("/api/payments/methods", json={"paymentMethodToken": token})
    assert answer.status_code == 201, answer.text
    return answer.json()


def paying(order: str, token: str) -> dict[str, Any]:
    return {"orderId": order, "method": "card", "paymentMethodToken": token}


async def unpaid(shop: Shop, customer_id: str) -> str:
    order = await shop.order(None, customer=customer_id)
    await until(lambda: shop.account(order))
    return order


class TestKeep:
    async def test_shows_what_the_owner_knows_it_from_and_nothing_of_the_provider(self, shop: Shop) -> None:
        kept = await keep(shop, "cus_a")
        assert (kept["brand"], kept["last4"], kept["expiryYear"], kept["ownerId"]) == ("visa", "4242", 2034, "cus_a")
        stored = await shop.on.methods.for_company(shop.company).get(kept["id"])
        async with customer(shop, "cus_a") as owner:
            told = (await owner.get("/api/payments/methods")).text
        assert kept["id"] in told
        assert stored.kept.reference not in told and stored.kept.payer_reference not in told

    async def test_once_under_one_key(self, shop: Shop) -> None:
        async with customer(shop, "cus_once") as caller:
            for _ in range(2):
                body, headers = {"paymentMethodToken": "pm_card_visa"}, {"Idempotency-Key": "k"}
                answer = await caller.post("/api/payments/methods", json=body, headers=headers)
                assert answer.status_code == 201
            assert len((await caller.get("/api/payments/methods")).json()["items"]) == 1

    @pytest.mark.parametrize(
        ("token", "code"),
        [
            ("4242 4242 4242 4242", "card_number_refused"),
            ("pm_unknown", "payment_method_refused"),
            ("x", "invalid_body"),
        ],
    )
    async def test_refuses_what_is_no_token(self, shop: Shop, token: str, code: str) -> None:
        async with customer(shop, "cus_a") as caller:
            answer = await caller.post("/api/payments/methods", json={"paymentMethodToken": token})
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_is_for_customers_who_are_signed_in(self, shop: Shop) -> None:
        body = {"paymentMethodToken": "pm_card_visa"}
        async with shop.harness.client(tenant=shop.company) as stranger:
            assert (await stranger.post("/api/payments/methods", json=body)).status_code == 401
            assert (await stranger.get("/api/payments/methods")).json()["items"] == []
        async with shop.admin() as admin:
            assert (await admin.post("/api/payments/methods", json=body)).status_code == 403


class TestSee:
    async def test_own_ones_only_unless_staff_name_the_customer(self, shop: Shop) -> None:
        kept = await keep(shop, "cus_mine")
        path = "/api/payments/methods"
        async with customer(shop, "cus_else") as other:
            assert (await other.get(path)).json()["items"] == []
            assert (await other.get(path, params={"customerId": "cus_mine"})).status_code == 404
        async with shop.admin() as admin:
            assert (await admin.get(path)).json()["items"] == []
            found = (await admin.get(path, params={"customerId": "cus_mine"})).json()["items"]
        assert [each["id"] for each in found] == [kept["id"]]
        async with shop.harness.user("company_admin", new_id("cmp")) as stranger:
            assert (await stranger.get(path, params={"customerId": "cus_mine"})).json()["items"] == []

    async def test_what_the_company_takes_beside_them(self, shop: Shop) -> None:
        async with customer(shop, "cus_a") as caller:
            told = (await caller.get("/api/payments/methods")).json()["accepted"]
        assert {"method": "card", "provider": "stripe"} in told and {"method": "paypal", "provider": "paypal"} in told


class TestRemove:
    async def test_at_the_provider_too_and_only_by_its_owner(self, shop: Shop) -> None:
        kept = await keep(shop, "cus_a")
        path = f"/api/payments/methods/{kept['id']}"
        async with customer(shop, "cus_b") as other:
            assert (await other.delete(path)).status_code == 404
        async with customer(shop, "cus_a", new_id("cmp")) as elsewhere:
            assert (await elsewhere.delete(path)).status_code == 404
        async with customer(shop, "cus_a") as owner:
            assert (await owner.delete(path)).status_code == 204
            assert (await owner.delete(path)).status_code == 404
            assert (await owner.get("/api/payments/methods")).json()["items"] == []
        order = await unpaid(shop, "cus_a")
        async with customer(shop, "cus_a") as owner:
            assert (await owner.post("/api/payments/process", json=paying(order, kept["id"]))).status_code == 404


class TestPay:
    async def test_with_a_kept_method_twice(self, shop: Shop) -> None:
        kept = await keep(shop, "cus_a")
        for _ in range(2):
            order = await unpaid(shop, "cus_a")
            async with customer(shop, "cus_a") as owner:
                answer = await owner.post("/api/payments/process", json=paying(order, kept["id"]))
            assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
        assert (await shop.stored(answer.json()["id"])).payer_reference

    async def test_another_customers_is_not_there(self, shop: Shop) -> None:
        kept = await keep(shop, "cus_a")
        order = await unpaid(shop, "cus_b")
        async with customer(shop, "cus_b") as thief:
            answer = await thief.post("/api/payments/process", json=paying(order, kept["id"]))
        assert answer.status_code == 404
        async with shop.admin() as admin:  # nor for staff, who pay the order of somebody else
            assert (await admin.post("/api/payments/process", json=paying(order, kept["id"]))).status_code == 404
        assert await shop.payments(order) == []

    async def test_staff_charge_what_the_orders_customer_keeps(self, shop: Shop) -> None:
        kept = await keep(shop, "cus_a")
        order = await unpaid(shop, "cus_a")
        async with shop.admin() as admin:
            answer = await admin.post("/api/payments/process", json=paying(order, kept["id"]))
        assert answer.json()["status"] == "succeeded"

    async def test_an_order_that_carries_it(self, shop: Shop) -> None:
        kept = await keep(shop, "cus_a")
        order = await shop.order(token=kept["id"], customer="cus_a")
        await shop.hears("payment.succeeded", order)
        stolen = await shop.order(token=kept["id"], customer="cus_b")
        assert (await shop.hears("payment.failed", stolen)).code == "instrument_refused"


class TestAccept:
    async def test_switches_methods_off_for_one_company(self, shop: Shop) -> None:
        async with shop.admin() as admin:
            before = await admin.get("/api/payments/settings")
            assert before.json()["acceptedMethods"] == ["card", "paypal", "cash", "cash_on_delivery", "on_account"]
            changed = await admin.patch("/api/payments/settings", json={"acceptedMethods": ["cash"]})
            assert changed.json()["acceptedMethods"] == ["cash"]
            order = await unpaid(shop, "cus_a")
            answer = await admin.post("/api/payments/process", json=paying(order, "pm_card_visa"))
            assert (answer.status_code, answer.json()["code"]) == (422, "method_unavailable")
            stale = await admin.patch(
                "/api/payments/settings", json={"acceptedMethods": []}, headers={"If-Match": '"7"'}
            )
            assert stale.status_code == 412
        carried = await shop.order()
        assert (await shop.hears("payment.failed", carried)).code == "method_unavailable"
        async with shop.harness.user("company_admin", new_id("cmp")) as other:
            assert "card" in (await other.get("/api/payments/settings")).json()["acceptedMethods"]
        async with shop.harness.user("shop_manager", shop.company, shop_ids=["shp_1"]) as manager:
            assert (await manager.get("/api/payments/settings")).status_code == 403
