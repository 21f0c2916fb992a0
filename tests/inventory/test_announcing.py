"""What is told when a SKU runs low, runs out and comes back: once for each, however much moves around it."""

import asyncio
from itertools import product
from typing import Any

import pytest

from common.testing import Harness
from services.inventory.domain.stock import Status, steady_status
from services.inventory.store.expressions import STEADY
from tests.inventory.conftest import BASE, Company

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def told(company: Company) -> list[tuple[str, int, str | None]]:
    """The SKU events so far: kind, available, what was told before. Events of a row come in their order."""
    last = await company.stock("A", 1000, "found")
    await company.harness.events.wait_for(
        "stock.adjusted", lambda e: e.company_id == company.id and e.data.movement_id == last["id"]
    )
    heard = [event for event in company.harness.events.heard if event.company_id == company.id]
    facts = [event for event in heard if hasattr(event.data, "stock_id") and event.data.available < 1000]
    return [(event.type.split(".")[1], event.data.available, event.data.previous) for event in facts]


class TestAnnouncements:
    async def test_are_not_repeated_around_the_threshold(self, company: Company) -> None:
        await company.stock("A", 7)
        rows = [
            {"warehouseId": company.warehouse_id, "sku": "A", "delta": delta, "reason": "correction"}
            for delta in (-2, *([1, -1] * 50))
        ]
        async with company.admin() as admin:
            for row in rows:
                assert (await admin.post(f"{BASE}/adjustments", json=row)).status_code == 201
            shown = (await admin.get(f"{BASE}/products/A")).json()["warehouses"][0]
        assert (shown["available"], shown["status"]) == (5, "low_stock")
        assert await told(company) == [("back_in_stock", 7, None), ("low_stock", 5, "in_stock")]

    async def test_show_the_plain_status_where_nothing_is_told(self, company: Company) -> None:
        await company.stock("A", 5)
        await company.stock("A", 1)
        async with company.admin() as admin:
            listed = (await admin.get(f"{BASE}/products", params={"status": "in_stock"})).json()["items"]
        assert [(row["available"], row["status"]) for row in listed] == [(6, "in_stock")]
        assert await told(company) == [("low_stock", 5, None)]

    async def test_say_that_a_sku_is_back_however_little(self, company: Company) -> None:
        await company.stock("A", 9)
        for delta in (-9, 2, 4, 1):
            await company.stock("A", delta, "correction")
        assert await told(company) == [
            ("back_in_stock", 9, None),
            ("out_of_stock", 0, "in_stock"),
            ("back_in_stock", 2, "out_of_stock"),
            ("low_stock", 2, "out_of_stock"),
            ("back_in_stock", 7, "low_stock"),
        ]

    async def test_are_made_once_by_fifty_buyers_at_once(self, company: Company) -> None:
        await company.stock("A", 54)
        orders = await asyncio.gather(*(company.order(("A", 1)) for _ in range(50)))
        await asyncio.gather(*(company.ended(order.order_id, "held") for order in orders))
        kinds = [kind for kind, _, _ in await told(company)]
        assert kinds == ["back_in_stock", "low_stock"]


class TestStore:
    async def test_judges_as_the_domain_does(self, inventory: Harness) -> None:
        rows = inventory.runtime.database["judged"]
        announced: tuple[Status | None, ...] = (None, "in_stock", "low_stock", "out_of_stock")
        cases = list(product(announced, range(-1, 40), (0, 1, 5, 9, 10, 30)))
        documents = [
            {"_id": number, "announced": last, "onHand": available + 2, "reserved": 2, "threshold": threshold}
            for number, (last, available, threshold) in enumerate(cases)
        ]
        await rows.insert_many(documents)
        found = await rows.aggregate([{"$project": {"steady": STEADY}}])
        judged = {one["_id"]: one["steady"] async for one in found}
        assert [judged[number] for number in range(len(cases))] == [steady_status(*case) for case in cases]


class TestLists:
    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"sort": "sku"},
            {"sort": "-sku"},
            {"status": "low_stock"},
            {"status": "low_stock", "sort": "sku"},
            {"warehouseId": "own"},
            {"warehouseId": "own", "sort": "sku"},
            {"productId": "prd_1"},
            {"sku": "A"},
        ],
    )
    async def test_follow_an_index_in_their_order(self, company: Company, query: dict[str, str]) -> None:
        for sku in ("A", "B", "C"):
            await company.stock(sku, 3)
        place = {"warehouseId": company.warehouse_id} if "warehouseId" in query else {}
        (seen,) = await self._profiled(company, {**query, **place})
        assert "COLLSCAN" not in seen["planSummary"]
        assert not seen.get("hasSortStage"), seen["planSummary"]
        assert seen["docsExamined"] <= 3

    async def test_search_by_how_a_word_begins(self, company: Company) -> None:
        await company.product("x-1")
        await company.stock("A.b", 3)
        async with company.admin() as admin:

            async def found(text: str) -> list[str]:
                answer = await admin.get(f"{BASE}/products", params={"search": text})
                return [row["sku"] for row in answer.json()["items"]]

            assert (await found("a."), await found("GOOD"), await found(".b"), await found(".*")) == (
                ["A.b"],
                ["A.b"],
                [],
                [],
            )

    async def test_leave_the_holds_in_the_database(self, company: Company) -> None:
        await company.stock("A", 3)
        order = await company.order(("A", 1))
        await company.ended(order.order_id, "held")
        page = await company.harness.runtime.database.command(
            {"find": "stock", "filter": {"companyId": company.id}, "projection": {"holds": 1}}
        )
        assert page["cursor"]["firstBatch"][0]["holds"]
        (seen,) = await self._profiled(company, {})
        assert seen["command"]["projection"]["holds"] == 0

    async def _profiled(self, company: Company, query: dict[str, str]) -> list[dict[str, Any]]:
        """How the database answered the list."""
        database = company.harness.runtime.database
        await database.command("profile", 2)
        try:
            async with company.admin() as admin:
                answer = await admin.get(f"{BASE}/products", params=query)
            assert answer.status_code == 200, answer.text
            wanted = {"op": "query", "command.find": "stock", "command.filter.companyId": company.id}
            seen = await database["system.profile"].find({**wanted, "command.sort": {"$exists": True}}).to_list()
        finally:
            await database.command("profile", 0)
        lists = [one for one in seen if "_id" in one["command"]["sort"]]
        return lists[-1:]
