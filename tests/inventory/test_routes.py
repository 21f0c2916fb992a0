"""Routes of the inventory service on the real servers."""

import pytest

from common.ids import new_id
from tests.inventory.conftest import BASE, Company, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestWarehouses:
    async def test_opens_one_and_announces_it(self, company: Company) -> None:
        async with company.admin() as admin:
            answer = await admin.post(f"{BASE}/warehouses", json={"name": "Central", "code": "C1", "priority": 3})
            taken = await admin.post(f"{BASE}/warehouses", json={"name": "Central", "code": "C1"})
            read = await admin.get(f"{BASE}/warehouses/{answer.json()['id']}")
        assert answer.status_code == 201, answer.text
        assert answer.json() == read.json()
        assert answer.json() | {"name": "Central", "code": "C1", "priority": 3, "shopId": None} == answer.json()
        assert (taken.status_code, taken.json()["code"]) == (409, "code_taken")

    async def test_changes_what_was_sent(self, company: Company) -> None:
        path = f"{BASE}/warehouses/{company.warehouse_id}"
        async with company.admin() as admin:
            changed = await admin.patch(path, json={"priority": 4}, headers={"If-Match": '"1"'})
            stale = await admin.patch(path, json={"priority": 5}, headers={"If-Match": '"1"'})
            fixed = await admin.patch(path, json={"code": "X"})
        assert (changed.status_code, changed.json()["priority"], changed.json()["version"]) == (200, 4, 2)
        assert (stale.status_code, stale.json()["code"]) == (412, "version_conflict")
        assert (fixed.status_code, fixed.json()["code"]) == (422, "immutable_field")
        (told,) = await company.harness.events.wait_for("warehouse.updated", lambda e: e.company_id == company.id)
        assert told.data.before == {"priority": 1}

    async def test_gives_a_managers_warehouse_to_their_shop(self, company: Company) -> None:
        async with company.harness.user("shop_manager", company.id, shop_ids=[company.shop_id]) as manager:
            own = await manager.post(f"{BASE}/warehouses", json={"name": "Back room", "code": "BR"})
            body = {"name": "Theirs", "code": "TH", "shopId": new_id("shp")}
            foreign = await manager.post(f"{BASE}/warehouses", json=body)
        assert own.json()["shopId"] == company.shop_id
        assert foreign.status_code == 404

    async def test_needs_the_permission(self, company: Company) -> None:
        body = {"name": "Central", "code": "C1"}
        async with company.harness.user("shop_staff", company.id, shop_ids=[company.shop_id]) as staff:
            assert (await staff.post(f"{BASE}/warehouses", json=body)).status_code == 403
        async with company.harness.user("customer", company.id) as customer:
            assert (await customer.get(f"{BASE}/products")).status_code == 403
        async with company.harness.client() as anonymous:
            assert (await anonymous.get(f"{BASE}/warehouses")).status_code == 401


class TestAdjust:
    async def test_answers_the_movement(self, company: Company) -> None:
        body = {"warehouseId": company.warehouse_id, "sku": "85123A/x y", "delta": 4, "reason": "opening", "note": "$5"}
        async with company.admin() as admin:
            answer = await admin.post(f"{BASE}/adjustments", json=body)
            row = await admin.get(f"{BASE}/products/85123A/x y")
        assert answer.status_code == 201, answer.text
        assert answer.json() | {**body, "onHandAfter": 4, "reference": None, "companyId": company.id} == answer.json()
        assert (row.json()["sku"], row.json()["available"]) == ("85123A/x y", 4)
        (told,) = await company.harness.events.wait_for("stock.adjusted", lambda e: e.company_id == company.id)
        assert (told.data.on_hand, told.data.delta, told.sequence, told.shop_id) == (4, 4, 1, company.shop_id)

    async def test_refuses_what_is_not_available(self, company: Company) -> None:
        await company.stock("A", 5)
        order = await company.order(("A", 3))
        await company.ended(order.order_id, "held")
        body = {"warehouseId": company.warehouse_id, "sku": "A", "delta": -3, "reason": "damaged"}
        async with company.admin() as admin:
            short = await admin.post(f"{BASE}/adjustments", json=body)
            unknown = await admin.post(f"{BASE}/adjustments", json={**body, "sku": "B"})
            enough = await admin.post(f"{BASE}/adjustments", json={**body, "delta": -2})
        assert (short.status_code, short.json()["code"], short.json()["available"]) == (409, "insufficient_stock", 2)
        assert (unknown.status_code, unknown.json()["code"]) == (409, "insufficient_stock")
        assert (enough.status_code, enough.json()["onHandAfter"]) == (201, 3)

    async def test_happens_once_under_one_key(self, company: Company) -> None:
        body = {"warehouseId": company.warehouse_id, "sku": "A", "delta": 4, "reason": "received"}
        async with company.admin() as admin:
            first = await admin.post(f"{BASE}/adjustments", json=body, headers={"Idempotency-Key": "k"})
            again = await admin.post(f"{BASE}/adjustments", json=body, headers={"Idempotency-Key": "k"})
            other = await admin.post(f"{BASE}/adjustments", json={**body, "delta": 5}, headers={"Idempotency-Key": "k"})
        assert first.json() == again.json()
        assert again.headers["idempotent-replayed"] == "true"
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert (await company.row("A"))["onHand"] == 4

    async def test_runs_again_after_a_crash_without_a_second_effect(self, company: Company) -> None:
        """The effect was stored, the answer was not: the claim is taken over and finds what the first run did."""
        body = {"warehouseId": company.warehouse_id, "sku": "A", "delta": 4, "reason": "received"}
        keys = company.harness.runtime.database["idempotency_keys"]
        async with company.admin() as admin:
            first = await admin.post(f"{BASE}/adjustments", json=body, headers={"Idempotency-Key": "crash"})
            (claim,) = await keys.find({"_id": {"$regex": f"^{company.id}:"}}).to_list()
            crashed = {"$set": {"answer": None, "until": claim["at"].replace(year=2020)}}
            await keys.update_one({"_id": claim["_id"]}, crashed)
            again = await admin.post(f"{BASE}/adjustments", json=body, headers={"Idempotency-Key": "crash"})
        assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
        assert (await company.row("A"))["onHand"] == 4

    async def test_is_closed_to_other_shops_and_companies(self, company: Company) -> None:
        body = {"warehouseId": company.warehouse_id, "sku": "A", "delta": 4, "reason": "received"}
        async with company.harness.user("shop_staff", company.id, shop_ids=[company.shop_id]) as staff:
            assert (await staff.post(f"{BASE}/adjustments", json=body)).status_code == 201
        async with company.harness.user("shop_staff", company.id, shop_ids=[new_id("shp")]) as elsewhere:
            assert (await elsewhere.post(f"{BASE}/adjustments", json=body)).status_code == 404
            assert (await elsewhere.get(f"{BASE}/products")).json()["items"] == []
            assert (await elsewhere.get(f"{BASE}/movements")).json()["items"] == []
            assert (await elsewhere.get(f"{BASE}/warehouses/{company.warehouse_id}")).status_code == 404
        async with company.harness.user("company_admin", new_id("cmp")) as stranger:
            assert (await stranger.post(f"{BASE}/adjustments", json=body)).status_code == 404
            assert (await stranger.get(f"{BASE}/products/A")).json()["warehouses"] == []
            assert (await stranger.get(f"{BASE}/movements")).json()["items"] == []
            assert (await stranger.get(f"{BASE}/reservations")).json()["items"] == []
            assert (await stranger.patch(f"{BASE}/products/A", json={"lowStockThreshold": 1})).status_code == 404
        assert (await company.row("A"))["onHand"] == 4

    @pytest.mark.parametrize(
        "wrong", [{"delta": 0}, {"delta": 1.5}, {"reason": "because"}, {"colour": "red"}, {"sku": ""}, {"delta": None}]
    )
    async def test_refuses_a_bad_body(self, company: Company, wrong: dict[str, object]) -> None:
        body = {"warehouseId": company.warehouse_id, "sku": "A", "delta": 4, "reason": "received"}
        async with company.admin() as admin:
            answer = await admin.post(f"{BASE}/adjustments", json={**body, **wrong})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


class TestAdjustBatch:
    async def test_answers_each_row_on_its_own(self, company: Company) -> None:
        def entry(sku: str, delta: int) -> dict[str, object]:
            return {"warehouseId": company.warehouse_id, "sku": sku, "delta": delta, "reason": "received"}

        rows = [entry("A", 5), entry("B", -1), {"sku": "C"}, entry("A", -4), entry("A", -2)]
        rows.append({**entry("A", 1), "warehouseId": new_id("whs")})
        async with company.admin() as admin:
            answer = await admin.post(f"{BASE}/adjustments/batch", json={"adjustments": rows})
            over = await admin.post(f"{BASE}/adjustments/batch", json={"adjustments": [entry("A", 1)] * 501})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert [one["status"] for one in body["results"]] == [
            "accepted",
            "rejected",
            "rejected",
            "accepted",
            "rejected",
            "rejected",
        ]
        codes = [one["problem"] and one["problem"]["code"] for one in body["results"]]
        assert codes == [None, "insufficient_stock", "invalid_body", None, "insufficient_stock", "not_found"]
        assert (body["accepted"], body["replayed"], body["rejected"]) == (2, 0, 4)
        assert body["results"][3]["result"]["onHandAfter"] == 1
        assert over.status_code == 422

    async def test_enters_five_hundred_at_once_in_their_order(self, company: Company) -> None:
        rows = [
            {"warehouseId": company.warehouse_id, "sku": f"S{number % 200}", "delta": 1, "reason": "opening"}
            for number in range(500)
        ]
        async with company.admin() as admin:
            answer = await admin.post(f"{BASE}/adjustments/batch", json={"adjustments": rows})
            one = (await admin.get(f"{BASE}/products/S0")).json()
        assert answer.json()["accepted"] == 500
        assert [answer.json()["results"][index]["result"]["onHandAfter"] for index in (0, 200, 400)] == [1, 2, 3]
        assert one["onHand"] == 3


class TestStock:
    async def test_lists_rows_with_filters_and_cursor(self, company: Company) -> None:
        await company.product("B2")
        for sku, quantity in (("A1", 1), ("A2", 100), ("B1", 3)):
            await company.stock(sku, quantity)

        async def listed(**query: str) -> list[str]:
            async with company.admin() as admin:
                answer = await admin.get(f"{BASE}/products", params={"sort": "sku", **query})
            assert answer.status_code == 200, answer.text
            return [row["sku"] for row in answer.json()["items"]]

        assert await until(listed, lambda found: len(found) == 4) == ["A1", "A2", "B1", "B2"]
        assert await listed(status="low_stock") == ["A1", "B1"]
        assert await listed(status="out_of_stock") == ["B2"]
        assert await listed(search="a") == ["A1", "A2"]
        assert await listed(search="thing") == ["B2"]
        assert await listed(sku="A1", warehouseId=company.warehouse_id) == ["A1"]
        assert await listed(warehouseId=new_id("whs")) == []
        async with company.admin() as admin:
            first = (await admin.get(f"{BASE}/products", params={"sort": "sku", "limit": 3})).json()
            query = {"sort": "sku", "limit": 3, "cursor": first["nextCursor"]}
            second = (await admin.get(f"{BASE}/products", params=query)).json()
            unknown = await admin.get(f"{BASE}/products", params={"colour": "red"})
        assert [row["sku"] for row in second["items"]] == ["B2"]
        assert second["nextCursor"] is None
        assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_query")

    async def test_sums_over_warehouses(self, company: Company) -> None:
        await company.stock("A", 3)
        async with company.admin() as admin:
            made = (await admin.post(f"{BASE}/warehouses", json={"name": "Central", "code": "C"})).json()
            body = {"warehouseId": made["id"], "sku": "A", "delta": 9, "reason": "received"}
            await admin.post(f"{BASE}/adjustments", json=body)
        row = await company.row("A")
        assert (row["onHand"], row["available"], len(row["warehouses"])) == (12, 12, 2)
        async with company.harness.service_client("catalog", company.id) as catalog:
            told = await catalog.get("/internal/stock", params={"skus": "A,none"})
        assert told.json() == {"items": [{"sku": "A", "available": 12}, {"sku": "none", "available": 0}]}

    async def test_keeps_the_internal_address_to_services(self, company: Company) -> None:
        async with company.admin() as admin:
            assert (await admin.get("/internal/stock", params={"skus": "A"})).status_code == 403

    async def test_sets_and_clears_a_threshold(self, company: Company) -> None:
        await company.stock("A", 8)
        path = f"{BASE}/products/A"
        async with company.admin() as admin:
            own = (await admin.patch(path, json={"lowStockThreshold": 9})).json()["warehouses"][0]
            cleared = (await admin.patch(path, json={"lowStockThreshold": None})).json()["warehouses"][0]
            elsewhere = await admin.patch(path, json={"lowStockThreshold": 9, "warehouseId": new_id("whs")})
        assert (own["lowStockThreshold"], own["threshold"], own["status"]) == (9, 9, "low_stock")
        assert (cleared["lowStockThreshold"], cleared["threshold"], cleared["status"]) == (None, 5, "in_stock")
        assert elsewhere.status_code == 404
        (told, _) = await company.harness.events.wait_for(
            "stock.threshold_changed", lambda e: e.company_id == company.id, count=2
        )
        assert (told.data.before, told.data.after) == ({"lowStockThreshold": None}, {"lowStockThreshold": 9})
        await company.harness.events.wait_for("inventory.low_stock", lambda e: e.company_id == company.id)


class TestMovements:
    async def test_filters_the_ledger(self, company: Company) -> None:
        await company.stock("A", 3)
        await company.stock("A", -1, "damaged")
        await company.stock("B", 3)
        assert [entry["delta"] for entry in await company.movements(sku="A")] == [-1, 3]
        assert [entry["sku"] for entry in await company.movements(reason="damaged")] == ["A"]
        assert len(await company.movements(warehouseId=company.warehouse_id)) == 3
        assert await company.movements(to="2020-01-01") == []
        assert len(await company.movements(**{"from": "2020-01-01", "to": "2100-01-01T00:00:00Z"})) == 3
        async with company.admin() as admin:
            bad = await admin.get(f"{BASE}/movements", params={"from": "soon"})
        assert (bad.status_code, bad.json()["code"]) == (422, "invalid_query")

    async def test_shows_what_still_sits_in_the_stock_document(self, company: Company) -> None:
        """The relay of another copy died: its movement is pending, and the list has it all the same."""
        await company.stock("A", 3)
        await company.movements()
        stock = company.harness.runtime.database["stock"]
        ledger = company.harness.runtime.database["movements"]
        entry = await ledger.find_one_and_delete({"companyId": company.id})
        assert entry is not None
        pending = {"$push": {"movements": entry}, "$set": {"movementsAt": entry["at"]}}
        await stock.update_one({"companyId": company.id}, pending)
        (shown,) = await company.movements(sku="A")
        assert (shown["id"], shown["onHandAfter"]) == (entry["_id"], 3)
