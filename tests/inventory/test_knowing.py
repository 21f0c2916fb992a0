"""SKUs and companies that no event has told of: asked at their owner before anything is refused or assumed."""

from collections.abc import Iterator

import pytest

from common.ids import new_id
from tests.inventory.conftest import BASE, Company, until
from tests.inventory.desk import UNSOLD, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def nobody_home(desk: Desk) -> Iterator[None]:
    """The neighbours do not answer."""
    desk.away = True
    yield
    desk.away = False


def entry(company: Company, sku: str, delta: int = 1) -> dict[str, object]:
    """A body of an adjustment."""
    return {"warehouseId": company.warehouse_id, "sku": sku, "delta": delta, "reason": "received"}


async def rows(company: Company) -> int:
    """How many stock documents the company has."""
    found: int = await company.harness.runtime.database["stock"].count_documents({"companyId": company.id})
    return found


class TestSku:
    async def test_of_nobody_is_refused_and_leaves_no_row(self, company: Company) -> None:
        async with company.admin() as admin:
            adjusted = await admin.post(f"{BASE}/adjustments", json=entry(company, f"{UNSOLD}1"))
            patched = await admin.patch(f"{BASE}/products/{UNSOLD}1", json={"lowStockThreshold": 3})
            read = await admin.get(f"{BASE}/products/{UNSOLD}1")
        for answer in (adjusted, patched, read):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert await rows(company) == 0

    async def test_of_another_company_is_refused(self, company: Company) -> None:
        await company.product(f"{UNSOLD}-theirs")
        await until(lambda: rows(company), lambda count: count == 1)
        other = await Company(company.harness).open()
        async with other.admin() as admin:
            answer = await admin.post(f"{BASE}/adjustments", json=entry(other, f"{UNSOLD}-theirs"))
        assert answer.status_code == 404
        assert await rows(other) == 0
        assert (await company.stock(f"{UNSOLD}-theirs", 2))["onHandAfter"] == 2

    async def test_in_a_batch_spoils_its_own_row_only(self, company: Company, desk: Desk) -> None:
        desk.asked.clear()
        body = {"adjustments": [entry(company, "A"), entry(company, f"{UNSOLD}1"), entry(company, "B")]}
        async with company.admin() as admin:
            answer = (await admin.post(f"{BASE}/adjustments/batch", json=body)).json()
            await admin.post(f"{BASE}/adjustments/batch", json={"adjustments": [entry(company, "A")]})
        assert [one["status"] for one in answer["results"]] == ["accepted", "rejected", "accepted"]
        assert answer["results"][1]["problem"]["code"] == "not_found"
        assert desk.asked == [(company.id, ["A", f"{UNSOLD}1", "B"])]  # one question a batch, none for what is known

    async def test_that_is_asked_for_brings_its_product(self, company: Company) -> None:
        await company.stock("A", 3)
        async with company.admin() as admin:
            (row,) = (await admin.get(f"{BASE}/products")).json()["items"]
        assert row["productId"] == "prd_A"

    async def test_that_nobody_can_tell_of_waits(self, company: Company, nobody_home: None) -> None:
        async with company.admin() as admin:
            answer = await admin.post(f"{BASE}/adjustments", json=entry(company, "A"))
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert await rows(company) == 0

    async def test_threshold_is_for_those_who_have_a_warehouse(self, company: Company) -> None:
        await company.stock("A", 3)
        user = company.harness.user
        body = {"lowStockThreshold": 2}
        async with user("shop_staff", company.id, shop_ids=[new_id("shp")]) as elsewhere:
            assert (await elsewhere.patch(f"{BASE}/products/A", json=body)).status_code == 404
        async with user("shop_staff", company.id, shop_ids=[company.shop_id]) as staff:
            assert (await staff.patch(f"{BASE}/products/A", json=body)).status_code == 200


class TestCompany:
    async def test_is_asked_for_its_threshold_once(self, company: Company, desk: Desk) -> None:
        told = {"settings": {"lowStockThreshold": 9}, "timezone": "Europe/Berlin", "sequence": 3}
        desk.companies[company.id] = told
        await company.stock("A", 8)
        desk.companies.clear()
        await company.stock("B", 8)
        async with company.admin() as admin:
            items = (await admin.get(f"{BASE}/products")).json()["items"]
        assert [(row["threshold"], row["status"]) for row in items] == [(9, "low_stock")] * 2

    async def test_that_nobody_can_tell_of_has_the_usual_one(self, company: Company, nobody_home: None) -> None:
        await company.product("A")
        await until(lambda: rows(company), lambda count: count == 1)
        assert (await company.row("A"))["warehouses"][0]["threshold"] == 5
