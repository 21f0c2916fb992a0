"""Requests that took effect and whose answer was lost with the process: asked again they find what they did."""

from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import Shop, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def lose_the_answer(shop: Shop, key: str) -> None:
    """As a kill between the commit and the answer leaves it, once the lease has run out."""
    keys = shop.harness.runtime.database["idempotency_keys"]
    lost = await keys.update_one({"_id": {"$regex": f"\\|{key}$"}}, {"$set": {"answer": None, "until": LONG_AGO}})
    assert lost.modified_count == 1


async def twice(shop: Shop, path: str, body: dict[str, Any], key: str) -> tuple[Any, Any]:
    """The answer before the crash, and the one to the same request after it."""
    async with shop.admin() as admin:
        first = await admin.post(path, json=body, headers={"Idempotency-Key": key})
        await lose_the_answer(shop, key)
        return first, await admin.post(path, json=body, headers={"Idempotency-Key": key})


async def test_a_capture(shop: Shop) -> None:
    order = await shop.order(capture="manual")
    payment = (await shop.hears("payment.authorized", order)).payment_id
    first, again = await twice(shop, f"/api/payments/{payment}/capture", {}, "capture-1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["captured"] == first.json()["captured"]
    assert await shop.balances() == {"asset:stripe": 1999, "income:orders": -1999}


async def test_cash_for_what_was_promised_on_delivery(shop: Shop) -> None:
    order = await shop.order("cash_on_delivery")
    await until(lambda: shop.account(order))
    body = {"orderId": order, "method": "cash"}
    first, again = await twice(shop, "/api/payments/process", body, "cash-1")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["id"] == first.json()["id"]
    assert await shop.balances() == {"asset:cash": 1999, "income:orders": -1999}
