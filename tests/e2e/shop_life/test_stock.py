"""Stock: warehouses, movements that add up, batches with a result a row, levels that the storefront sees."""

import pytest

from tests.e2e.api_client import Client, eventually, some
from tests.e2e.shapes import BATCH, MOVEMENT, PRODUCT, STOCK, STOCK_ROW, WAREHOUSE, check, page_of
from tests.e2e.shop_life.conftest import UNKNOWN, Life

PATH = "/api/inventory/v1"


class TestWarehouses:
    def test_are_made_and_listed(self, life: Life) -> None:
        body = {"name": "Second", "code": some("w"), "shopId": life.shop["id"], "priority": 2}
        made = check(life.admin.post(f"{PATH}/warehouses", body), WAREHOUSE)
        assert (made["shopId"], made["priority"]) == (life.shop["id"], 2)
        page = check(life.admin.get(f"{PATH}/warehouses", limit=100), page_of(WAREHOUSE))
        assert {life.warehouse_id, made["id"]} <= {warehouse["id"] for warehouse in page["items"]}
        life.admin.refused(409, "code_taken", "POST", f"{PATH}/warehouses", body)


class TestAdjustments:
    def test_move_stock_at_once_and_never_below_zero(self, life: Life) -> None:
        sku = life.product(stock=0)["sku"]
        opened = life.adjust(sku, 10)
        assert (opened["delta"], opened["onHandAfter"], opened["reason"]) == (10, 10, "opening")
        assert life.adjust(sku, -4, "damaged")["onHandAfter"] == 6
        body = {"warehouseId": life.warehouse_id, "sku": sku, "delta": -7, "reason": "lost"}
        life.admin.refused(409, "insufficient_stock", "POST", f"{PATH}/adjustments", body)
        assert check(life.stock(sku), STOCK)["onHand"] == 6

    @pytest.mark.parametrize(
        ("field", "wrong"),
        [("delta", 1.5), ("delta", "3"), ("reason", "because"), ("warehouseId", None), ("why", "typo")],
    )
    def test_refuse_what_is_wrong(self, life: Life, field: str, wrong: object) -> None:
        body = {"warehouseId": life.warehouse_id, "sku": "S", "delta": 1, "reason": "found", field: wrong}
        problem = life.admin.refused(422, None, "POST", f"{PATH}/adjustments", body)
        assert [error["field"] for error in problem["errors"]] == [field]

    def test_are_done_once_for_a_key(self, life: Life) -> None:
        sku = life.product(stock=0)["sku"]
        body = {"warehouseId": life.warehouse_id, "sku": sku, "delta": 3, "reason": "found"}
        key = {"Idempotency-Key": some("key")}
        first = life.admin.post(f"{PATH}/adjustments", body, headers=key)
        assert "Idempotent-Replayed" not in life.admin.last.headers
        assert life.admin.post(f"{PATH}/adjustments", body, headers=key) == first
        assert life.admin.last.headers["Idempotent-Replayed"] == "true"
        other = {**body, "delta": 4}
        life.admin.refused(422, "idempotency_key_reused", "POST", f"{PATH}/adjustments", other, headers=key)
        assert life.stock(sku)["onHand"] == 3
        long = {"Idempotency-Key": "k" * 256}
        life.admin.refused(422, None, "POST", f"{PATH}/adjustments", body, headers=long)

    def test_are_for_staff_of_that_shop(self, life: Life, stranger: Life) -> None:
        sku = life.product(stock=0)["sku"]
        body = {"warehouseId": life.warehouse_id, "sku": sku, "delta": 1, "reason": "found"}
        check(life.employ().post(f"{PATH}/adjustments", body), MOVEMENT)
        life.customer().refused(403, "permission_denied", "POST", f"{PATH}/adjustments", body)
        stranger.admin.refused(404, None, "POST", f"{PATH}/adjustments", body)
        assert life.stock(sku)["onHand"] == 1

    def test_in_a_batch_stand_each_for_itself(self, life: Life) -> None:
        sku = life.product(stock=1)["sku"]
        row = {"warehouseId": life.warehouse_id, "sku": sku, "delta": 2, "reason": "received"}
        rows = [row, {**row, "delta": -50, "reason": "lost"}, {**row, "warehouseId": f"whs_{UNKNOWN}"}, row]
        answer = check(life.admin.post(f"{PATH}/adjustments/batch", {"adjustments": rows}, status=200), BATCH)
        assert [result["status"] for result in answer["results"]] == ["accepted", "rejected", "rejected", "accepted"]
        assert (answer["accepted"], answer["replayed"], answer["rejected"]) == (2, 0, 2)
        check(answer["results"][0]["result"], MOVEMENT)
        assert answer["results"][1]["problem"]["code"] == "insufficient_stock"
        assert life.stock(sku)["onHand"] == 5
        too_many = {"adjustments": [row] * 501}
        life.admin.refused(422, None, "POST", f"{PATH}/adjustments/batch", too_many)


class TestLedger:
    def test_adds_up_to_what_is_there(self, life: Life) -> None:
        product = life.product(stock=20)
        life.order(life.buyer, product, quantity=3, payment={"method": "cash_on_delivery"})
        life.adjust(product["sku"], -2, "damaged")
        movements = [check(row, MOVEMENT) for row in life.admin.walk(f"{PATH}/movements", 3, sku=product["sku"])]
        assert sum(row["delta"] for row in movements) == life.stock(product["sku"])["onHand"]

    def test_shows_a_row_for_each_warehouse(self, life: Life) -> None:
        sku = life.product(stock=2)["sku"]
        second = life.admin.post(f"{PATH}/warehouses", {"name": "W", "code": some("w"), "shopId": life.shop["id"]})
        row = {"warehouseId": second["id"], "sku": sku, "delta": 5, "reason": "received"}
        life.admin.post(f"{PATH}/adjustments", row)
        stock = check(life.stock(sku), STOCK)
        held = {found["warehouseId"]: found["onHand"] for found in stock["warehouses"]}
        assert {held[life.warehouse_id], held[second["id"]], stock["onHand"]} == {2, 5, 7}
        page = check(life.admin.get(f"{PATH}/products", limit=100), page_of(STOCK_ROW))
        assert all(found["available"] == found["onHand"] - found["reserved"] for found in page["items"])

    def test_is_not_for_customers_nor_strangers(self, life: Life, stranger: Life) -> None:
        sku = life.product(stock=1)["sku"]
        for path in (f"{PATH}/products", f"{PATH}/movements", f"{PATH}/reservations"):
            life.customer().refused(403, "permission_denied", "GET", path)
            life.anonymous().refused(401, None, "GET", path)
        stranger.admin.refused(404, None, "GET", f"{PATH}/products/{sku}")


class TestReservations:
    def test_are_listed_while_an_order_holds_them(self, life: Life) -> None:
        product = life.product(stock=5)
        order = life.order(life.buyer, product, quantity=2)
        life.becomes(order["id"], fulfilmentStatus="reserved")
        assert life.stock(product["sku"])["available"] == 3
        page = life.admin.get(f"{PATH}/reservations", limit=100)
        assert order["id"] in life.admin.last.text
        assert set(page) == {"items", "nextCursor"}


class TestLevels:
    def test_reach_the_storefront(self, life: Life) -> None:
        product, visitor = life.product(stock=0), life.anonymous()

        def shown(client: Client = visitor) -> str:
            return str(check(client.get(f"/api/products/{product['id']}"), PRODUCT)["stockStatus"])

        for delta, level in ((20, "in_stock"), (-17, "low_stock"), (-3, "out_of_stock"), (30, "in_stock")):
            life.adjust(product["sku"], delta, "correction")
            eventually(shown, level.__eq__)
