"""Orders whose goods lie in several warehouses."""

from collections import Counter
from typing import Any

import pytest

from common.clock import SystemClock
from common.events.parts import StockLine
from common.ids import new_id
from services.inventory.domain.allocation import Demand
from services.inventory.domain.reservation import Reservation
from services.inventory.store import Reservations, Stock
from tests.inventory.conftest import BASE, Company, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


def places(reservation: dict[str, Any]) -> dict[str, int]:
    """How much comes from each warehouse."""
    return {line["warehouseId"]: line["quantity"] for line in reservation["lines"]}


class TestSplit:
    async def test_is_held_deducted_and_restocked_by_warehouse(self, company: Company) -> None:
        await company.stock("A", 2)
        other = await company.warehouse("C", A=3)
        order = await company.order(("A", 3), ("A", 1))
        held = await company.ended(order.order_id, "held")
        assert places(held) == {other: 3, company.warehouse_id: 1}
        (told,) = await company.harness.events.wait_for("inventory.reserved", lambda e: e.subject == order.order_id)
        assert {line.warehouse_id: line.quantity for line in told.data.lines} == places(held)
        await company.confirm(order, times=2)
        await company.ended(order.order_id, "deducted")
        rows = {row["warehouseId"]: row["onHand"] for row in (await company.row("A"))["warehouses"]}
        assert rows == {other: 0, company.warehouse_id: 1}
        await company.cancel(order, times=2)
        await company.ended(order.order_id, "restocked")
        entries = Counter((one["warehouseId"], one["delta"]) for one in await company.movements(sku="A"))
        assert entries[other, -3] == entries[company.warehouse_id, 1] == entries[company.warehouse_id, -1] == 1
        assert (await company.row("A"))["onHand"] == 5

    async def test_is_given_back_in_all_warehouses(self, company: Company) -> None:
        await company.stock("A", 2)
        await company.warehouse("C", A=3)
        order = await company.order(("A", 5))
        await company.ended(order.order_id, "held")
        await company.cancel(order)
        await company.ended(order.order_id, "released")
        assert (await company.row("A"))["available"] == 5

    async def test_expires_in_all_warehouses(self, company: Company) -> None:
        await company.stock("A", 2)
        await company.warehouse("C", A=3)
        order = await company.order(("A", 5), deadline_seconds=-120)
        await company.ended(order.order_id, "released", sweeping=True)
        assert (await company.row("A"))["reserved"] == 0

    async def test_holds_nothing_when_all_together_have_too_little(self, company: Company) -> None:
        await company.stock("A", 2)
        await company.warehouse("C", A=3)
        order = await company.order(("A", 6))
        failed = await company.ended(order.order_id, "failed")
        assert failed["shortages"] == [{"sku": "A", "requested": 6, "available": 5}]
        assert (await company.row("A"))["reserved"] == 0

    async def test_takes_nothing_for_an_order_cancelled_before_it_came(self, company: Company) -> None:
        await company.stock("A", 2)
        await company.warehouse("C", A=3)
        order = company.created(("A", 5))
        await company.cancel(order)
        await company.ended(order.order_id, "released")
        await company.harness.publish(order, company.id)
        marker = await company.order(("A", 5))
        await company.ended(marker.order_id, "held")

    async def test_is_planned_anew_when_a_part_went_to_somebody_else(self, company: Company) -> None:
        await company.stock("A", 2)
        other = await company.warehouse("C", A=3)
        now = SystemClock().now()
        parts = [
            StockLine(sku="A", warehouse_id=company.warehouse_id, quantity=1),
            StockLine(sku="A", warehouse_id=other, quantity=4),
        ]
        reservation = Reservation.begin(
            company_id=company.id,
            order_id=new_id("ord"),
            shop_id=company.shop_id,
            state="reserving",
            demand=[Demand(sku="A", quantity=5)],
            planned=parts,
            deadline_at=now,
            now=now,
        )
        ground = company.harness.runtime.ground
        claimed = await Reservations(ground).for_company(company.id).begin(reservation)
        assert claimed is not None
        assert not await Stock(ground).for_company(company.id).take(claimed, parts)
        await company.harness.service.reserving.carry_out(claimed)
        held = await company.ended(claimed.order_id, "held", "released")
        assert places(held) == {company.warehouse_id: 2, other: 3}
        assert (await company.row("A"))["onHand"] == 5

    async def test_leaves_out_an_inactive_warehouse(self, company: Company) -> None:
        await company.stock("A", 2)
        other = await company.warehouse("C", A=3)
        async with company.admin() as admin:
            asleep = await admin.patch(f"{BASE}/warehouses/{other}", json={"status": "inactive"})
            kept = await admin.patch(f"{BASE}/warehouses/{company.warehouse_id}", json={"status": "inactive"})
            wrong = await admin.patch(f"{BASE}/warehouses/{other}", json={"status": "gone"})
        assert (asleep.status_code, asleep.json()["status"]) == (200, "inactive")
        assert (kept.status_code, kept.json()["code"]) == (409, "default_warehouse")
        assert wrong.status_code == 422
        order = await company.order(("A", 3))
        failed = await company.ended(order.order_id, "failed")
        assert failed["shortages"] == [{"sku": "A", "requested": 3, "available": 2}]
        assert await company.harness.service.reading.available(company.id, ["A"]) == {"A": 2}

    async def test_never_oversells_to_buyers_who_split(self, company: Company) -> None:
        await company.stock("A", 5)
        for code in ("C", "D"):
            await company.warehouse(code, A=5)
        orders = [await company.order(("A", 2)) for _ in range(30)]
        ended = [await company.ended(order.order_id, "held", "failed") for order in orders]
        held = [one for one in ended if one["status"] == "held"]
        assert len(held) == 7
        assert all(sum(places(one).values()) == 2 for one in held)
        row = await until(lambda: company.row("A"), lambda row: row["reserved"] == 14)
        assert all(one["available"] >= 0 for one in row["warehouses"])
