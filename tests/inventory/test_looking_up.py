"""Finding reservations and movements, and explaining what is on hand."""

import pytest

from common.ids import new_id
from tests.inventory.conftest import BASE, Company

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestReservations:
    async def test_are_found_by_sku_warehouse_and_day(self, company: Company) -> None:
        await company.stock("A", 5)
        await company.stock("B", 5)
        order, other = await company.order(("A", 1)), await company.order(("B", 1))
        mine = (await company.ended(order.order_id, "held"))["id"]
        both = {mine, (await company.ended(other.order_id, "held"))["id"]}
        expected: list[tuple[dict[str, str], set[str]]] = [
            ({"sku": "A"}, {mine}),
            ({"sku": "A", "status": "failed"}, set()),
            ({"warehouseId": company.warehouse_id}, both),
            ({"warehouseId": new_id("whs")}, set()),
            ({"from": "2020-01-01"}, both),
            ({"to": "2020-01-01"}, set()),
        ]
        async with company.admin() as admin:
            for query, ids in expected:
                answer = await admin.get(f"{BASE}/reservations", params=query)
                assert {one["id"] for one in answer.json()["items"]} == ids, query
            bad = await admin.get(f"{BASE}/reservations", params={"from": "soon"})
            unknown = await admin.get(f"{BASE}/reservations", params={"colour": "red"})
        assert (bad.status_code, unknown.status_code) == (422, 422)

    async def test_are_read_by_their_company_and_shop_only(self, company: Company) -> None:
        await company.stock("A", 5)
        order = await company.order(("A", 1))
        held = await company.ended(order.order_id, "held")
        path = f"{BASE}/reservations/{held['id']}"
        user = company.harness.user
        async with (
            company.admin() as admin,
            user("company_admin", new_id("cmp")) as stranger,
            user("shop_staff", company.id, shop_ids=[new_id("shp")]) as elsewhere,
        ):
            assert (await admin.get(path)).json() == held
            assert (await stranger.get(path)).status_code == 404
            assert (await elsewhere.get(path)).status_code == 404


class TestExplanation:
    async def test_adds_up_to_what_is_on_hand(self, company: Company) -> None:
        await company.stock("A/1", 10)
        await company.stock("A/1", -2, reason="damaged")
        order = await company.order(("A/1", 3))
        await company.ended(order.order_id, "held")
        await company.confirm(order)
        await company.ended(order.order_id, "deducted")
        async with company.admin() as admin:
            told = (await admin.get(f"{BASE}/products/A/1/explanation")).json()
            missing = await admin.get(f"{BASE}/products/none/explanation")
        (place,) = told["warehouses"]
        assert (told["onHand"], told["ledger"], told["isExplained"]) == (5, 5, True)
        assert {one["reason"]: one["delta"] for one in place["reasons"]} == {"received": 10, "damaged": -2, "sold": -3}
        assert missing.status_code == 404
        (sold,) = await company.movements(referenceId=order.order_id)
        assert (sold["delta"], sold["reason"]) == (-3, "sold")

    async def test_shows_what_the_ledger_does_not_explain(self, company: Company) -> None:
        await company.stock("A", 10)
        stock = company.harness.runtime.ground.database["stock"]
        await stock.update_one({"companyId": company.id, "sku": "A"}, {"$inc": {"onHand": 1}})
        async with company.admin() as admin:
            told = (await admin.get(f"{BASE}/products/A/explanation")).json()
        assert (told["onHand"], told["ledger"], told["isExplained"]) == (11, 10, False)

    async def test_leaves_out_other_shops_and_companies(self, company: Company) -> None:
        await company.stock("A", 10)
        other = await Company(company.harness).open()
        await other.stock("A", 3)
        async with other.admin() as admin:
            assert (await admin.get(f"{BASE}/products/A/explanation")).json()["onHand"] == 3
        staff = company.harness.user("shop_staff", company.id, shop_ids=[new_id("shp")])
        async with staff as elsewhere:
            told = (await elsewhere.get(f"{BASE}/products/A/explanation")).json()
        assert (told["onHand"], told["warehouses"]) == (0, [])
