"""Buyers who collect declines are slowed down, and nobody else."""

import asyncio
import hashlib
from collections import Counter
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


class TestOrdersThatCarryTheirPayment:
    async def test_are_counted_as_well(self, shop: Shop) -> None:
        shop.sales.placed_by = {"kind": "visitor", "id": "", "address": "2001:db8::1"}
        failures = []
        for number in range(12):
            shop.sales.placed_by["address"] = f"2001:db8::{number}"  # one network's, as many as they like
            payment = await ended(shop, await shop.order(token=DECLINED))
            failures.append(payment["failure"]["code"])
        assert failures == ["card_declined"] * 10 + ["too_many_declines"] * 2
        shop.sales.placed_by["address"] = "2001:db8:1::1"
        assert (await ended(shop, await shop.order()))["status"] == "succeeded"
        shop.sales.placed_by = None

    async def test_at_once_wait_for_their_turn_until_the_measure_is_full(self, shop: Shop) -> None:
        shop.sales.placed_by = {"kind": "visitor", "id": "", "address": "203.0.113.9"}
        orders = await asyncio.gather(*(shop.order(token=DECLINED) for _ in range(30)))
        codes = Counter([(await ended(shop, order))["failure"]["code"] for order in orders])
        assert codes == {"card_declined": 10, "too_many_declines": 20}
        shop.sales.placed_by = None


async def ended(shop: Shop, order: str) -> dict[str, Any]:
    """The order's one payment as an admin sees it, once there is a verdict."""
    async with shop.admin() as admin:

        async def verdict() -> dict[str, Any] | None:
            items = (await admin.get("/api/payments", params={"orderId": order})).json()["items"]
            return next((each for each in items if each["status"] in ("failed", "succeeded")), None)

        found: dict[str, Any] = await until(verdict)
        return found
