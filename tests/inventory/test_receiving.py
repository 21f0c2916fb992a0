"""Goods that come back over a counter, on the real servers."""

import pytest

from common.clock import SystemClock
from common.events.orders import ReturnedLine, SaleReturned
from common.ids import new_id
from tests.inventory.conftest import BASE, Company, euros, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def returned(company: Company, *lines: tuple[str, int], outcome: str = "restock") -> SaleReturned:
    """These SKUs and quantities come back."""
    return SaleReturned(
        return_id=new_id("ret"),
        number="TR-1",
        client_return_id="c1",
        shop_id=company.shop_id,
        lines=[
            ReturnedLine(product_id="prd_1", sku=sku, name=sku, quantity=quantity, refund=euros(100))
            for sku, quantity in lines
        ],
        outcome=outcome,
        total=euros(100),
        tenders=[],
        reason="too blue",
        returned_at=SystemClock().now(),
    )


class TestTakeBack:
    async def test_puts_goods_on_the_shelf_once(self, company: Company) -> None:
        await company.stock("A", 5)
        event = returned(company, ("A", 2), ("A", 1), ("B", 4))
        for _ in range(2):  # as one event delivered twice, and as another one about the same return
            await company.harness.publish(event, company.id, times=2)
        await company.harness.publish(returned(company, ("C", 1)), company.id)

        async def look() -> list[tuple[str, int]]:
            async with company.admin() as admin:
                rows = (await admin.get(f"{BASE}/products", params={"limit": 100})).json()["items"]
            return sorted((row["sku"], row["onHand"]) for row in rows)

        await until(look, lambda rows: rows == [("A", 8), ("B", 4), ("C", 1)])
        async with company.admin() as admin:
            moves = (await admin.get(f"{BASE}/movements", params={"sku": "A"})).json()["items"]
        (back,) = [move for move in moves if move["reason"] == "returned"]
        assert (back["delta"], back["reference"]) == (3, {"type": "return", "id": event.return_id})

    async def test_writes_off_what_is_damaged_also_where_the_books_fall_short(self, company: Company) -> None:
        await company.sell(("A", 2))  # below zero: nothing was on the shelf

        async def look() -> list[tuple[str, int]]:
            async with company.admin() as admin:
                moves = (await admin.get(f"{BASE}/movements", params={"sku": "A"})).json()["items"]
            return [(move["reason"], move["delta"]) for move in moves]

        await until(look, lambda moves: len(moves) == 1)
        await company.harness.publish(returned(company, ("A", 1), outcome="damaged"), company.id)
        found = await until(look, lambda moves: len(moves) == 3)
        assert sorted(found) == [("damaged", -1), ("returned", 1), ("sold", -2)]
