"""Events of orders, tills, shops and products against the real servers."""

import pytest

from common.clock import SystemClock
from common.events.catalogue import ProductUpdated
from common.events.parts import CompanySettings, VariantFact
from common.events.tenancy import CompanyUpdated, ShopCreated
from tests.inventory.conftest import BASE, Company, euros, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


class TestReserve:
    async def test_holds_then_deducts(self, company: Company) -> None:
        await company.stock("A", 10)
        order = await company.order(("A", 3))
        held = await company.ended(order.order_id, "held")
        assert held["lines"] == [{"sku": "A", "warehouseId": company.warehouse_id, "quantity": 3}]
        row = await company.row("A")
        assert (row["onHand"], row["reserved"], row["available"]) == (10, 3, 7)
        await company.confirm(order)
        await company.ended(order.order_id, "deducted")
        row = await company.row("A")
        assert (row["onHand"], row["reserved"], row["available"]) == (7, 0, 7)
        sold, received = await company.movements(sku="A")
        assert (sold["delta"], sold["reason"], sold["onHandAfter"]) == (-3, "sold", 7)
        assert sold["reference"] == {"type": "order", "id": order.order_id}
        assert sold["actor"] == {"type": "user", "id": "test"}
        assert (received["delta"], received["onHandAfter"]) == (10, 10)

    async def test_happens_once_when_events_come_three_times(self, company: Company) -> None:
        await company.stock("A", 10)
        order = company.created(("A", 3))
        await company.harness.publish(order, company.id, times=3)
        await company.ended(order.order_id, "held")
        await company.confirm(order, times=3)
        await company.ended(order.order_id, "deducted")
        await company.cancel(order, times=3)
        await company.ended(order.order_id, "restocked")
        marker = await company.order(("A", 1))
        await company.ended(marker.order_id, "held")
        heard = [event.type for event in company.harness.events.heard if event.subject == order.order_id]
        for told in ("inventory.reserved", "inventory.deducted", "inventory.restocked"):
            await company.harness.events.wait_for(told, lambda e: e.subject == order.order_id)
            assert heard.count(told) <= 1
        assert [entry["delta"] for entry in await company.movements(sku="A")] == [3, -3, 10]

    async def test_holds_nothing_when_a_line_falls_short(self, company: Company) -> None:
        await company.stock("A", 10)
        await company.stock("B", 1)
        order = await company.order(("A", 3), ("B", 2))
        failed = await company.ended(order.order_id, "failed")
        assert failed["shortages"] == [{"sku": "B", "requested": 2, "available": 1}]
        assert (await company.row("A"))["reserved"] == 0
        (told,) = await company.harness.events.wait_for(
            "inventory.reservation_failed", lambda e: e.subject == order.order_id
        )
        assert told.causation_id is not None

    async def test_sums_lines_of_one_sku(self, company: Company) -> None:
        await company.stock("A", 1)
        order = await company.order(("A", 1), ("A", 1))
        failed = await company.ended(order.order_id, "failed")
        assert failed["shortages"] == [{"sku": "A", "requested": 2, "available": 1}]
        assert (await company.row("A"))["available"] == 1

    async def test_falls_back_to_a_warehouse_that_has_it(self, company: Company) -> None:
        await company.stock("A", 1)
        await company.stock("B", 5)
        async with company.admin() as admin:
            made = (await admin.post(f"{BASE}/warehouses", json={"name": "Central", "code": "C"})).json()
            body = {"warehouseId": made["id"], "sku": "A", "delta": 9, "reason": "received"}
            await admin.post(f"{BASE}/adjustments", json=body)
        order = await company.order(("A", 2), ("B", 2))
        held = await company.ended(order.order_id, "held")
        places = {line["sku"]: line["warehouseId"] for line in held["lines"]}
        assert places == {"A": made["id"], "B": company.warehouse_id}
        await company.cancel(order)
        await company.ended(order.order_id, "released")
        assert (await company.row("A"))["reserved"] == 0

    async def test_serves_an_order_without_a_shop(self, company: Company) -> None:
        await company.stock("A", 1)
        order = await company.order(("A", 1), shop=False)
        assert (await company.ended(order.order_id, "held"))["lines"][0]["warehouseId"] == company.warehouse_id

    async def test_never_takes_another_companys_stock(self, company: Company) -> None:
        other = await Company(company.harness).open()
        await other.stock("A", 10)
        order = await company.order(("A", 1))
        await company.ended(order.order_id, "failed")
        assert (await other.row("A"))["reserved"] == 0

    async def test_sells_ten_to_fifty_buyers(self, company: Company) -> None:
        await company.stock("A", 10)
        orders = [await company.order(("A", 1)) for _ in range(50)]
        states = [(await company.ended(order.order_id, "held", "failed"))["status"] for order in orders]
        row = await company.row("A")
        assert (states.count("held"), row["available"], row["reserved"]) == (10, 0, 10)


class TestConfirm:
    async def test_waits_for_an_order_not_heard_of(self, company: Company) -> None:
        await company.stock("A", 2)
        order = company.created(("A", 2))
        await company.confirm(order)
        await company.harness.publish(order, company.id)
        await company.ended(order.order_id, "deducted")
        assert (await company.row("A"))["onHand"] == 0

    async def test_takes_the_goods_of_a_hold_that_had_expired(self, company: Company) -> None:
        await company.stock("A", 2)
        order = await company.order(("A", 2), deadline_seconds=-3600)
        assert (await company.ended(order.order_id, "released", sweeping=True))["reason"] == "expired"
        await company.stock("A", -1, "lost")
        await company.confirm(order)
        ended = await company.ended(order.order_id, "deducted")
        assert ended["shortages"] == [{"sku": "A", "requested": 2, "available": 1}]
        assert (await company.row("A"))["onHand"] == -1


class TestCancel:
    async def test_frees_what_was_held(self, company: Company) -> None:
        await company.stock("A", 2)
        order = await company.order(("A", 2))
        await company.ended(order.order_id, "held")
        await company.cancel(order, times=3)
        await company.ended(order.order_id, "released")
        row = await company.row("A")
        assert (row["reserved"], row["available"]) == (0, 2)
        (told,) = await company.harness.events.wait_for("inventory.released", lambda e: e.subject == order.order_id)
        assert told.data.reason == "cancelled"

    async def test_before_the_order_leaves_a_tombstone(self, company: Company) -> None:
        await company.stock("A", 2)
        order = company.created(("A", 2))
        await company.cancel(order)
        await company.ended(order.order_id, "released")
        await company.harness.publish(order, company.id)
        await company.confirm(order)
        marker = await company.order(("A", 2))
        assert (await company.ended(marker.order_id, "held", "failed"))["status"] == "held"
        assert (await company.reservation(order.order_id) or {})["status"] == "released"
        assert (await company.row("A"))["onHand"] == 2


class TestExpire:
    async def test_frees_a_hold_a_minute_after_the_deadline(self, company: Company) -> None:
        await company.stock("A", 2)
        overdue = await company.order(("A", 1), deadline_seconds=-61)
        fresh = await company.order(("A", 1), deadline_seconds=-30)
        assert (await company.ended(overdue.order_id, "released", sweeping=True))["reason"] == "expired"
        assert (await company.ended(fresh.order_id, "held"))["status"] == "held"
        assert (await company.row("A"))["reserved"] == 1


class TestSell:
    async def test_takes_once_and_tells_what_the_books_lacked(self, company: Company) -> None:
        await company.stock("A", 5)
        order_id = await company.sell(("A", 2), ("A", 2), ("B", 3), times=3)
        ended = await company.ended(order_id, "deducted")
        assert ended["shortages"] == [{"sku": "B", "requested": 3, "available": 0}]
        assert ((await company.row("A"))["onHand"], (await company.row("B"))["onHand"]) == (1, -3)
        (told,) = await company.harness.events.wait_for("inventory.discrepancy_found", lambda e: e.subject == order_id)
        assert told.data.shortages[0].sku == "B"
        assert [entry["delta"] for entry in await company.movements(sku="B")] == [-3]


class TestAnnounce:
    async def test_tells_each_crossing_once(self, company: Company) -> None:
        await company.product("A")
        await company.stock("A", 7)
        for quantity in (1, 1, 4):
            order = await company.order(("A", quantity))
            await company.ended(order.order_id, "held")
        order = await company.order(("A", 1))
        await company.ended(order.order_id, "held")
        await company.stock("A", 2)
        await company.harness.events.wait_for("stock.adjusted", lambda e: e.company_id == company.id, count=2)

        def crossed() -> list[tuple[str, int]]:
            heard = [event for event in company.harness.events.heard if event.company_id == company.id]
            facts = [event for event in heard if hasattr(event.data, "stock_id")]
            return [(event.type.split(".")[1], event.data.available) for event in facts]

        async def told() -> list[tuple[str, int]]:
            return crossed()

        assert await until(told, lambda found: len(found) >= 5) == [
            ("back_in_stock", 7),
            ("low_stock", 5),
            ("out_of_stock", 0),
            ("back_in_stock", 2),
            ("low_stock", 2),
        ]

    async def test_tells_of_a_new_product_only_when_it_is_missed(self, company: Company) -> None:
        product_id = await company.product("A")

        async def rows() -> int:
            async with company.admin() as admin:
                answer = await admin.get(f"{BASE}/products/A")
            return len(answer.json().get("warehouses", []))

        await until(rows, lambda count: count == 1)
        order = await company.order(("A", 1))
        (told,) = await company.harness.events.wait_for("inventory.out_of_stock", lambda e: e.company_id == company.id)
        assert (told.data.product_id, told.data.sku, told.shop_id) == (product_id, "A", company.shop_id)
        assert told.sequence == 1
        await company.ended(order.order_id, "failed")

    async def test_judges_by_the_companys_new_threshold(self, company: Company) -> None:
        await company.stock("A", 8)
        changed = CompanyUpdated(
            company_id=company.id,
            name="C",
            slug="c",
            status="active",
            currency="EUR",
            timezone="UTC",
            settings=CompanySettings(low_stock_threshold=10),
        )
        await company.harness.publish(changed, company.id)
        (told,) = await company.harness.events.wait_for("inventory.low_stock", lambda e: e.company_id == company.id)
        assert (told.data.available, told.data.threshold) == (8, 10)


class TestFollow:
    async def test_makes_one_default_warehouse_a_shop(self, company: Company) -> None:
        again = ShopCreated(shop_id=company.shop_id, name="High Street", code="HS", timezone="UTC")
        same_code = ShopCreated(shop_id="shp_other", name="Low Street", code="HS", timezone="UTC")
        await company.harness.publish(again, company.id, times=2)
        await company.harness.publish(same_code, company.id, times=2)
        await company.harness.events.wait_for("warehouse.created", lambda e: e.company_id == company.id, count=2)
        async with company.admin() as admin:
            items = (await admin.get(f"{BASE}/warehouses")).json()["items"]
        assert sorted(item["shopId"] for item in items) == sorted([company.shop_id, "shp_other"])
        assert len({item["code"] for item in items}) == 2

    async def test_stocks_variants_in_place_of_their_product(self, company: Company) -> None:
        def variant(name: str) -> VariantFact:
            return VariantFact(id=f"var_{name}", sku=f"P-{name}", options={"Size": name}, price=euros(100))

        product_id = await company.product("P", variants=[variant("S")])
        edited = ProductUpdated(product_id=product_id, sku="P", name="P", variants=[variant("S"), variant("M")])
        await company.harness.publish(edited, company.id)

        async def skus() -> list[tuple[str, str]]:
            async with company.admin() as admin:
                items = (await admin.get(f"{BASE}/products", params={"sort": "sku"})).json()["items"]
            return [(item["sku"], item["variantId"]) for item in items]

        assert await until(skus, lambda found: len(found) == 2) == [("P-M", "var_M"), ("P-S", "var_S")]


class TestSweep:
    """What a worker that died between its bulk write and its conclusion leaves, another finishes without a repeat."""

    async def crash(self, company: Company, order_id: str, state: str) -> None:
        """The document as such a worker leaves it: in work, under a lease that has run out."""
        past = SystemClock().now().replace(year=2020)
        left = {"$set": {"state": state, "until": past, "wakeAt": past}}
        await company.harness.runtime.database["reservations"].update_one({"orderId": order_id}, left)

    async def test_finishes_a_reservation(self, company: Company) -> None:
        await company.stock("A", 5)
        order = await company.order(("A", 2))
        held = await company.ended(order.order_id, "held")
        await self.crash(company, order.order_id, "reserving")
        again = await company.ended(order.order_id, "held", sweeping=True)
        assert again["lines"] == held["lines"]
        assert (await company.row("A"))["reserved"] == 2

    async def test_finishes_a_release(self, company: Company) -> None:
        await company.stock("A", 5)
        order = await company.order(("A", 2))
        await company.ended(order.order_id, "held")
        await self.crash(company, order.order_id, "releasing")
        await company.ended(order.order_id, "released", sweeping=True)
        await self.crash(company, order.order_id, "releasing")
        await company.ended(order.order_id, "released", sweeping=True)
        assert (await company.row("A"))["reserved"] == 0

    async def test_finishes_a_deduction_and_a_restock(self, company: Company) -> None:
        await company.stock("A", 5)
        order = await company.order(("A", 2))
        await company.ended(order.order_id, "held")
        for state, ended, on_hand in (
            ("deducting", "deducted", 3),
            ("deducting", "deducted", 3),
            ("restocking", "restocked", 5),
            ("restocking", "restocked", 5),
        ):
            await self.crash(company, order.order_id, state)
            await company.ended(order.order_id, ended, sweeping=True)
            assert (await company.row("A"))["onHand"] == on_hand
        assert sorted(entry["delta"] for entry in await company.movements(sku="A")) == [-2, 2, 5]

    async def test_finishes_a_till_sale(self, company: Company) -> None:
        order_id = await company.sell(("A", 2))
        await company.ended(order_id, "deducted")
        await self.crash(company, order_id, "taking")
        await company.ended(order_id, "deducted", sweeping=True)
        assert (await company.row("A"))["onHand"] == -2

    async def test_tells_a_crossing_that_a_crash_left_untold(self, company: Company) -> None:
        await company.stock("A", 3)
        await company.harness.events.wait_for("inventory.low_stock", lambda e: e.company_id == company.id)
        stock = company.harness.runtime.database["stock"]
        left = {"$set": {"announced": "in_stock", "crossedAt": SystemClock().now()}}
        await stock.update_one({"companyId": company.id}, left)
        await company.harness.service.sweeping.sweep()
        await company.harness.events.wait_for("inventory.low_stock", lambda e: e.company_id == company.id, count=2)
        row = await stock.find_one({"companyId": company.id})
        assert row is not None
        assert (row["announced"], "crossedAt" in row) == ("low_stock", False)
