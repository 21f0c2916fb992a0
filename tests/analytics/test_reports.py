"""Reports along one dimension, on the real servers."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from common.clock import monotonic_seconds
from common.events.catalogue import CategoryCreated, ProductCreated
from common.events.orders import CustomerCreated, OrderCreated
from common.events.payments import PaymentFailed, PaymentSucceeded
from common.events.stock import StockAdjusted
from common.events.tenancy import ShopCreated
from common.ids import new_id
from common.money import Money
from common.testing import Harness
from tests.analytics.conftest import (
    DEADLINE_SECONDS,
    NOON,
    RANGE,
    Owners,
    cancelled,
    company,
    confirmed,
    gbp,
    line,
    refund,
    sale,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVER = {"from": "2025-01-01", "to": "2027-12-31"}


async def report(
    harness: Harness, company_id: str, path: str, until: Callable[[dict[str, Any]], bool], **params: str
) -> dict[str, Any]:
    """A report of a company once ``until`` holds."""
    deadline = monotonic_seconds() + DEADLINE_SECONDS
    async with harness.user("company_admin", company_id) as admin:
        while True:
            answer = await admin.get(f"/api/analytics/{path}", params=params)
            shown: dict[str, Any] = answer.json()
            if answer.status_code == 200 and until(shown):
                return shown
            assert monotonic_seconds() < deadline, shown
            await asyncio.sleep(0.02)


def figures(shown: dict[str, Any]) -> tuple[int, int, int]:
    return shown["revenue"]["amount"], shown["orders"], shown["units"]


def placed(order: str = "ord_1") -> OrderCreated:
    total = Money.of(100, "GBP")
    return OrderCreated(
        order_id=order, number="1", channel="web", lines=[], total=total, placed_at=NOON, deadline_at=NOON
    )


class TestSales:
    async def test_adds_up_along_every_dimension(self, analytics: Harness) -> None:
        owner, shop = await company(analytics), new_id("shp")
        category, mug = new_id("cat"), "prd_A"
        await analytics.publish(ShopCreated(shop_id=shop, name="High Street", code="HS", timezone="UTC"), owner)
        await analytics.publish(CategoryCreated(category_id=category, name="Mugs"), owner)
        filed = ProductCreated(
            product_id=f"{mug}{owner}", sku="A", name="Mug", status="active", price=Money.of(100, "GBP"),
            category_id=category,
        )  # fmt: skip
        await analytics.publish(filed, owner)
        await analytics.publish(confirmed(line(f"A{owner}", 3), line("B", 1, 50)), owner)
        await analytics.publish(sale(line("B", 2, 50), at=datetime(2011, 1, 5, 9, tzinfo=UTC), shop=shop), owner)
        by_day = await report(analytics, owner, "sales-metrics", lambda shown: len(shown["items"]) == 2, **RANGE)
        assert [(each["key"], *figures(each)) for each in by_day["items"]] == [
            ("2011-01-04", 350, 1, 4),
            ("2011-01-05", 100, 1, 2),
        ]
        by: dict[str, list[tuple[Any, ...]]] = {}
        for grouping in ("shop", "channel", "category"):
            shown = await report(
                analytics, owner, "sales-metrics", lambda shown: len(shown["items"]) == 2, groupBy=grouping, **RANGE
            )
            by[grouping] = [(each["key"], each["name"], *figures(each)) for each in shown["items"]]
            assert figures(shown["totals"]) == (450, 2, 6)
            assert sum(each["revenue"]["amount"] for each in shown["items"]) == 450
        assert by["shop"] == [("", None, 350, 1, 4), (shop, "High Street", 100, 1, 2)]
        assert by["channel"] == [("web", None, 350, 1, 4), ("pos", None, 100, 1, 2)]
        assert by["category"] == [(category, "Mugs", 300, 0, 3), ("none", None, 150, 0, 3)]

    @pytest.mark.parametrize(
        "params",
        [{"groupBy": "planet"}, {"from": "yesterday"}, {"colour": "red"}, {"from": "2011-02-01", "to": "2011-01-01"}],
    )
    async def test_refuses_what_it_does_not_know(self, analytics: Harness, params: dict[str, str]) -> None:
        owner = await company(analytics)
        async with analytics.user("company_admin", owner) as admin:
            await report(analytics, owner, "sales-metrics", lambda _: True)
            answer = await admin.get("/api/analytics/sales-metrics", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")

    async def test_shows_nobody_another_companys_shop(self, analytics: Harness) -> None:
        owner, stranger, shop = await company(analytics), await company(analytics), new_id("shp")
        await analytics.publish(ShopCreated(shop_id=shop, name="One", code="1", timezone="UTC"), owner)
        await report(analytics, owner, "sales-metrics", lambda _: True, shopId=shop)
        async with analytics.user("company_admin", stranger) as admin:
            assert (await admin.get("/api/analytics/sales-metrics", params={"shopId": shop})).status_code == 404

    async def test_shows_a_manager_the_own_shops_alone(self, analytics: Harness) -> None:
        owner, shop = await company(analytics), new_id("shp")
        await analytics.publish(confirmed(line("A", 1), shop=shop), owner)
        await analytics.publish(confirmed(line("A", 5)), owner)
        await report(analytics, owner, "sales-metrics", lambda shown: figures(shown["totals"])[2] == 6, **RANGE)
        async with analytics.user("shop_manager", owner, shop_ids=[shop]) as manager:
            shown = (await manager.get("/api/analytics/sales-metrics", params=RANGE)).json()
            assert figures(shown["totals"]) == (100, 1, 1)
        async with analytics.user("shop_staff", owner, shop_ids=[shop]) as staff:
            assert (await staff.get("/api/analytics/sales-metrics")).status_code == 403


class TestOverview:
    async def test_compares_with_as_many_days_before(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(confirmed(line("A", 1), at=datetime(2010, 12, 31, 12, tzinfo=UTC)), owner)
        await analytics.publish(placed(), owner)
        await analytics.publish(confirmed(line("A", 3)), owner)
        shown = await report(analytics, owner, "summary/overview", lambda shown: shown["orders"] == 1, **RANGE)
        assert (figures(shown), figures(shown["previous"])) == ((300, 1, 3), (100, 1, 1))
        assert (shown["placedOrders"], shown["netRevenue"]) == (1, gbp(300))

    async def test_takes_refunds_from_the_net_on_their_own_day(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(refund(70), owner)
        shown = await report(analytics, owner, "summary/overview", lambda shown: shown["refunds"]["amount"] > 0, **EVER)
        assert (shown["netRevenue"], shown["revenue"]) == (gbp(-70), gbp(0))

    async def test_shows_today(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(refund(70), owner)
        shown = await report(analytics, owner, "real-time/current", lambda shown: shown["refunds"]["amount"] > 0)
        assert shown["from"] == shown["to"]


class TestProducts:
    async def test_ranks_by_revenue_or_units(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(confirmed(line("A", 1, 1000), line("B", 5, 100), line("C", 1, 500)), owner)
        best = await report(analytics, owner, "product-performance", lambda shown: shown["items"], **RANGE)
        assert [each["productId"] for each in best["items"]] == ["prd_A", "prd_B", "prd_C"]
        assert best["items"][0]["shareBasisPoints"] == 5000
        sold = await report(
            analytics, owner, "product-performance", lambda shown: shown["items"], sort="-units", limit="1", **RANGE
        )
        assert [(each["productId"], each["averagePrice"]) for each in sold["items"]] == [("prd_B", gbp(100))]

    async def test_shows_one_by_day_and_hides_another_companys(self, analytics: Harness) -> None:
        owner, stranger = await company(analytics), await company(analytics)
        product = f"prd_X{owner}"
        made = ProductCreated(product_id=product, sku="X", name="X", status="active", price=Money.of(1, "GBP"))
        await analytics.publish(made, owner)
        await analytics.publish(confirmed(line(f"X{owner}", 2)), owner)
        path = f"products/{product}"
        shown = await report(analytics, owner, path, lambda shown: shown["units"] == 2, **RANGE)
        assert shown["byDay"] == [{"date": "2011-01-04", "units": 2, "revenue": gbp(200)}]
        async with analytics.user("company_admin", stranger) as admin:
            assert (await admin.get(f"/api/analytics/{path}")).status_code == 404


class TestOrders:
    async def test_tells_what_became_of_them(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(placed(), owner)
        await analytics.publish(confirmed(line("A", 1)), owner)
        await analytics.publish(cancelled(line("A", 1)), owner)
        await analytics.publish(cancelled(line("A", 1), was_confirmed=False), owner)
        shown = await report(
            analytics, owner, "orders", lambda shown: shown["cancelled"] == 2, **{**EVER, "from": "2025-06-01"}
        )
        assert [(each["key"], each["count"]) for each in shown["cancelReasons"]] == [("customer", 2)]
        then = await report(analytics, owner, "orders", lambda shown: shown["confirmed"] == 1, **RANGE)
        assert then["byDay"] == [{"date": "2011-01-04", "placed": 1, "confirmed": 1, "cancelled": 0, "fulfilled": 0}]
        assert [(each["key"], *figures(each)) for each in then["byChannel"]] == [("web", 100, 1, 1)]


class TestPayments:
    async def test_sums_by_method(self, analytics: Harness) -> None:
        owner = await company(analytics)
        money = Money.of(500, "GBP")
        facts = {"payment_id": "pay_1", "order_id": "ord_1", "method": "card", "amount": money}
        await analytics.publish(PaymentSucceeded(**facts, provider="stripe"), owner)
        await analytics.publish(
            PaymentFailed(**facts, code="card_declined", decline_code="lost_card", final=True), owner
        )
        await analytics.publish(refund(70), owner)
        shown = await report(analytics, owner, "payments", lambda shown: shown["refunded"]["amount"] > 0, **EVER)
        assert shown["byMethod"] == [{"method": "card", "payments": 1, "captured": gbp(500), "refunded": gbp(70)}]
        assert (shown["failed"], shown["failures"]) == (1, [{"key": "lost_card", "count": 1, "amount": gbp(500)}])


class TestStock:
    async def test_sums_by_reason(self, analytics: Harness) -> None:
        owner = await company(analytics)
        for delta, reason in ((10, "received"), (5, "received"), (-2, "damaged")):
            moved = StockAdjusted(
                movement_id=new_id("mov"), warehouse_id="whs_1", sku="A", delta=delta, reason=reason, on_hand=1
            )
            await analytics.publish(moved, owner)
        shown = await report(analytics, owner, "inventory", lambda shown: len(shown["items"]) == 2, **EVER)
        assert shown["items"] == [
            {"reason": "received", "movements": 2, "units": 15},
            {"reason": "damaged", "movements": 1, "units": -2},
        ]


class TestCustomer:
    async def test_sums_what_one_bought(self, analytics: Harness) -> None:
        owner, stranger, buyer = await company(analytics), await company(analytics), new_id("cus")
        await analytics.publish(CustomerCreated(customer_id=buyer, name="Ada"), owner)
        early = datetime(2011, 1, 2, 12, tzinfo=UTC)
        for bought in (confirmed(line("A", 2)), confirmed(line("A", 1), at=early), cancelled(line("A", 1))):
            await analytics.publish(bought.model_copy(update={"customer_id": buyer}), owner)
        shown = await report(
            analytics, owner, f"customers/{buyer}", lambda shown: (shown["orders"], shown["units"]) == (1, 2)
        )
        assert (shown["name"], shown["revenue"]) == ("Ada", gbp(200))
        assert (shown["firstOrderAt"], shown["lastOrderAt"]) == ("2011-01-02T12:00:00.000Z", "2011-01-04T12:00:00.000Z")
        async with analytics.user("company_admin", stranger) as admin:
            assert (await admin.get(f"/api/analytics/customers/{buyer}")).status_code == 404


class TestFresh:
    async def test_asks_the_owner_for_what_no_event_has_told(self, analytics: Harness, owners: Owners) -> None:
        """Clients read at once what they have just made; only what the owner does not know either is 404."""
        owner = await company(analytics)
        await report(analytics, owner, "sales-metrics", lambda _: True)
        product, customer, shop = new_id("prd"), new_id("cus"), new_id("shp")
        async with analytics.user("company_admin", owner) as admin:
            paths = (f"products/{product}", f"customers/{customer}", f"sales-metrics?shopId={shop}")
            before = [(await admin.get(f"/api/analytics/{path}")).status_code for path in paths]
            facts = {"name": "New", "categoryId": None, "sequence": 1}
            owners.facts |= dict.fromkeys((product, customer, shop), facts)
            after = [await admin.get(f"/api/analytics/{path}") for path in paths]
        owners.facts.clear()
        assert before == [404] * 3
        assert [answer.status_code for answer in after] == [200] * 3, [answer.text for answer in after]
        assert [answer.json()["name"] for answer in after[:2]] == ["New", "New"]
