"""What the feed brings is counted, once."""

from datetime import UTC, datetime

import pytest

from common.events.orders import SaleReturned
from common.events.parts import Tender
from common.ids import new_id
from common.money import Money
from common.testing import Harness
from tests.analytics.conftest import NOON, RANGE, cancelled, company, confirmed, dashboard, gbp, line, refund, sale

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVER = {"from": "2025-01-01", "to": "2027-12-31"}
"""Around the machine's own time: the day of what is not backdated."""


class TestCount:
    async def test_counts_orders_and_till_sales_on_their_own_day(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(confirmed(line("A", 3), line("B", 1, 50)), owner)
        await analytics.publish(confirmed(line("A", 1)), owner)
        await analytics.publish(sale(line("B", 2, 50), at=datetime(2011, 1, 5, 9, tzinfo=UTC)), owner)
        shown = await dashboard(analytics, owner, lambda shown: shown["orders"] == 3)
        assert shown == {
            "from": "2011-01-01",
            "to": "2011-01-31",
            "currency": "GBP",
            "timezone": "Europe/London",
            "revenue": gbp(550),
            "orders": 3,
            "averageOrderValue": gbp(183),
            "units": 7,
            "refunds": gbp(0),
            "topProducts": [
                {"productId": "prd_A", "sku": "A", "name": "Product A", "units": 4, "revenue": gbp(400)},
                {"productId": "prd_B", "sku": "B", "name": "Product B", "units": 3, "revenue": gbp(150)},
            ],
            "byDay": [
                {"date": "2011-01-04", "revenue": gbp(450), "orders": 2, "units": 5, "refunds": gbp(0)},
                {"date": "2011-01-05", "revenue": gbp(100), "orders": 1, "units": 2, "refunds": gbp(0)},
            ],
        }

    async def test_counts_an_event_that_was_sent_again_once(self, analytics: Harness) -> None:
        owner = await company(analytics)
        event = confirmed(line("A", 3))
        event_id = await analytics.publish(event, owner, times=3)
        await dashboard(analytics, owner, lambda shown: shown["orders"] == 1)
        await analytics.publish(event, owner, event_id=event_id)
        await analytics.publish(confirmed(line("B", 1)), owner)
        shown = await dashboard(analytics, owner, lambda shown: shown["revenue"]["amount"] >= 400)
        assert (shown["orders"], shown["revenue"], shown["units"]) == (2, gbp(400), 4)

    async def test_reckons_days_in_the_companys_zone(self, analytics: Harness) -> None:
        owner = await company(analytics, timezone="Pacific/Auckland")
        await analytics.publish(confirmed(at=datetime(2011, 1, 4, 10, 59, tzinfo=UTC)), owner)
        await analytics.publish(confirmed(at=datetime(2011, 1, 4, 11, 0, tzinfo=UTC)), owner)
        shown = await dashboard(analytics, owner, lambda shown: shown["orders"] == 2)
        assert [day["date"] for day in shown["byDay"]] == ["2011-01-04", "2011-01-05"]

    async def test_takes_a_cancelled_order_back_on_its_own_day(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(confirmed(line("A", 2)), owner)
        await analytics.publish(cancelled(line("A", 2)), owner)
        await analytics.publish(cancelled(line("A", 5), was_confirmed=False), owner)
        now = await dashboard(analytics, owner, lambda shown: shown["orders"] == -1, **EVER)
        assert (now["revenue"], now["units"], now["averageOrderValue"]) == (gbp(-200), -2, gbp(0))
        then = await dashboard(analytics, owner, lambda shown: shown["orders"] == 1)
        assert then["revenue"] == gbp(200)

    async def test_counts_money_of_returns_that_no_payment_tells_of(self, analytics: Harness) -> None:
        owner = await company(analytics)

        def back(order_id: str | None, *tenders: tuple[str, int]) -> SaleReturned:
            given = [Tender(method=method, amount=Money.of(amount, "GBP")) for method, amount in tenders]
            return SaleReturned(
                return_id=new_id("ret"),
                number="TR-1",
                client_return_id="c1",
                shop_id="shp_1",
                order_id=order_id,
                lines=[],
                outcome="restock",
                total=Money.of(sum(amount for _, amount in tenders), "GBP"),
                tenders=given,
                returned_at=NOON,
            )

        await analytics.publish(back("ord_1", ("cash", 50), ("on_account", 7)), owner)
        await analytics.publish(back(None, ("cash", 20), ("card", 3)), owner, times=2)
        shown = await dashboard(analytics, owner, lambda found: found["refunds"]["amount"] >= 30, **RANGE)
        assert (shown["refunds"], shown["revenue"]) == (gbp(30), gbp(0))

    async def test_shows_refunds_beside_gross_revenue(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(confirmed(line("A", 2)), owner)
        await analytics.publish(refund(70), owner)
        now = await dashboard(analytics, owner, lambda shown: shown["refunds"]["amount"] > 0, **EVER)
        assert (now["refunds"], now["revenue"], len(now["byDay"])) == (gbp(70), gbp(0), 1)
        then = await dashboard(analytics, owner, lambda shown: shown["orders"] == 1)
        assert (then["refunds"], then["revenue"]) == (gbp(0), gbp(200))

    async def test_sums_the_lines_and_variants_of_one_product(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(confirmed(line("A", 1, sku="A-S"), line("A", 2, sku="A-M"), at=NOON), owner)
        shown = await dashboard(analytics, owner, lambda shown: shown["orders"] == 1)
        assert [(top["productId"], top["units"]) for top in shown["topProducts"]] == [("prd_A", 3)]
