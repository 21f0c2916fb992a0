"""Buyers who collect declines are slowed down, and nobody else."""

import hashlib
from typing import Any

import pytest

from .conftest import Shop, until
from .test_routes import card, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

DECLINED = "pm_card_visa_chargeDeclined"
GUEST = {"X-Order-Token": "secret"}


async def guest_order(shop: Shop) -> str:
    order = await shop.order(None)
    await until(lambda: shop.account(order))
    shop.sales.orders[order] = told(shop, order, orderTokenHash=hashlib.sha256(b"secret").hexdigest())
    return order


async def attempt(caller: Any, order: str, token: str) -> Any:
    return await caller.post("/api/payments/process", json=card(order, token), headers=GUEST)


class TestStrangers:
    async def test_are_stopped_after_ten_declines(self, shop: Shop) -> None:
        async with shop.harness.client(tenant=shop.company) as guest:
            for _ in range(2):
                order = await guest_order(shop)
                for _ in range(5):
                    assert (await attempt(guest, order, DECLINED)).json()["status"] == "failed"
            order = await guest_order(shop)
            stopped = await attempt(guest, order, "pm_card_visa")
        assert (stopped.status_code, stopped.json()["code"]) == (429, "too_many_declines")
        assert 0 < int(stopped.headers["Retry-After"]) <= 900
        async with shop.admin() as admin:  # somebody known pays the same order
            assert (await admin.post("/api/payments/process", json=card(order))).status_code == 200
        elsewhere = Shop(shop.harness, shop.sales, shop.sandbox)
        async with shop.harness.client(tenant=elsewhere.company) as guest:  # and so do strangers at another shop
            assert (await attempt(guest, await guest_order(elsewhere), "pm_card_visa")).json()["status"] == "succeeded"

    async def test_are_not_stopped_by_declines_of_people_with_a_name(self, shop: Shop) -> None:
        async with shop.admin() as admin:
            for _ in range(2):
                order = await guest_order(shop)
                for _ in range(5):
                    await admin.post("/api/payments/process", json=card(order, DECLINED))
        async with shop.harness.client(tenant=shop.company) as guest:
            assert (await attempt(guest, await guest_order(shop), "pm_card_visa")).status_code == 200


class TestCustomers:
    async def test_are_stopped_by_account_and_others_are_not(self, shop: Shop) -> None:
        async with shop.harness.user("customer", shop.company) as tester:
            for _ in range(2):
                order = await guest_order(shop)
                for _ in range(5):
                    assert (await attempt(tester, order, DECLINED)).json()["status"] == "failed"
            stopped = await attempt(tester, await guest_order(shop), "pm_card_visa")
        assert (stopped.status_code, stopped.json()["code"]) == (429, "too_many_declines")
        async with shop.harness.user("customer", shop.company) as other:
            assert (await attempt(other, await guest_order(shop), "pm_card_visa")).status_code == 200
        async with shop.harness.client(tenant=shop.company) as guest:
            assert (await attempt(guest, await guest_order(shop), "pm_card_visa")).status_code == 200

    async def test_are_stopped_together_where_many_accounts_take_turns(self, shop: Shop) -> None:
        for _ in range(6):
            async with shop.harness.user("customer", shop.company) as tester:
                order = await guest_order(shop)
                for _ in range(5):
                    assert (await attempt(tester, order, DECLINED)).json()["status"] == "failed"
        async with shop.harness.user("customer", shop.company) as tester:
            assert (await attempt(tester, await guest_order(shop), "pm_card_visa")).status_code == 429
