"""Events of orders, tills, shops and products against the real servers."""

import pytest

from tests.inventory.conftest import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestReserve:
    async def test_holds_then_deducts(self, company: Company) -> None:
        await company.stock("A", 10)
        order = await company.order(("A", 3))
        held = await company.ended(order.order_id, "held")
        assert held["lines"] == [{"sku": "A", "warehouseId": company.warehouse_id, "quantity": 3}]
        row = await company.row("A")
        assert (row["onHand"], row["reserved"], row["available"]) == (10, 3, 7)
        await company.confirm(order, times=3)
        await company.ended(order.order_id, "deducted")
        row = await company.row("A")
        assert (row["onHand"], row["reserved"], row["available"]) == (7, 0, 7)
        sold, received = await company.movements(sku="A")
        assert (sold["delta"], sold["reason"], sold["onHandAfter"]) == (-3, "sold", 7)
        assert sold["reference"] == {"type": "order", "id": order.order_id}
        assert (received["delta"], received["onHandAfter"]) == (10, 10)
        events = [event.type for event in company.harness.events.heard if event.subject == order.order_id]
        assert events.count("inventory.reserved") == 1

    async def test_holds_nothing_when_a_line_falls_short(self, company: Company) -> None:
        await company.stock("A", 10)
        await company.stock("B", 1)
        order = await company.order(("A", 3), ("B", 2))
        failed = await company.ended(order.order_id, "failed")
        assert failed["shortages"] == [{"sku": "B", "requested": 2, "available": 1}]
        assert (await company.row("A"))["reserved"] == 0

    async def test_sums_lines_of_one_sku(self, company: Company) -> None:
        await company.stock("A", 1)
        order = await company.order(("A", 1), ("A", 1))
        failed = await company.ended(order.order_id, "failed")
        assert failed["shortages"] == [{"sku": "A", "requested": 2, "available": 1}]
        assert (await company.row("A"))["available"] == 1
