"""Who sees which figures, over which days."""

import pytest

from common.ids import new_id
from common.testing import Harness
from tests.analytics.conftest import RANGE, company, confirmed, dashboard, gbp, line, sale

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/analytics/dashboard"


class TestDashboard:
    async def test_of_a_company_without_trade_is_all_zero(self, analytics: Harness) -> None:
        owner = await company(analytics, timezone="Asia/Tokyo", currency="JPY")
        shown = await dashboard(analytics, owner, lambda shown: True)
        nothing = {"amount": 0, "currency": "JPY"}
        assert shown["timezone"] == "Asia/Tokyo"
        assert [shown[name] for name in ("revenue", "averageOrderValue", "refunds")] == [nothing] * 3
        assert (shown["orders"], shown["units"], shown["topProducts"], shown["byDay"]) == (0, 0, [], [])

    async def test_shows_thirty_days_by_default(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(confirmed(at=analytics.runtime.clock.now()), owner)
        async with analytics.user("company_admin", owner) as admin:
            await dashboard(analytics, owner, lambda shown: shown["orders"] == 1, **{"from": "2026-01-01"})
            shown = (await admin.get(PATH)).json()
        assert shown["orders"] == 1

    async def test_shows_ten_products_by_revenue(self, analytics: Harness) -> None:
        owner = await company(analytics)
        lines = [line(f"P{number:02}", 1, 100 + number) for number in range(12)]
        await analytics.publish(confirmed(*lines), owner)
        shown = await dashboard(analytics, owner, lambda shown: shown["orders"] == 1)
        assert [top["sku"] for top in shown["topProducts"]] == [f"P{number:02}" for number in range(11, 1, -1)]

    @pytest.mark.parametrize(
        "query",
        [
            {"from": "2011-02-01", "to": "2011-01-01"},
            {"from": "2000-01-01", "to": "2011-01-01"},
            {"from": "soon"},
            {"colour": "red"},
        ],
    )
    async def test_refuses_a_bad_range(self, analytics: Harness, query: dict[str, str]) -> None:
        owner = await company(analytics)
        await dashboard(analytics, owner, lambda shown: True)
        async with analytics.user("company_admin", owner) as admin:
            answer = await admin.get(PATH, params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


class TestShops:
    async def test_of_a_manager_are_shown_and_no_others(self, analytics: Harness) -> None:
        owner = await company(analytics)
        await analytics.publish(sale(line("A", 1), shop="shp_1"), owner)
        await analytics.publish(sale(line("B", 2), shop="shp_2"), owner)
        await analytics.publish(confirmed(line("C", 3)), owner)
        await dashboard(analytics, owner, lambda shown: shown["orders"] == 3)
        only = await dashboard(analytics, owner, lambda shown: True, **RANGE, shopId="shp_2")
        assert (only["revenue"], [top["sku"] for top in only["topProducts"]]) == (gbp(200), ["B"])
        async with analytics.user("shop_manager", owner, shop_ids=["shp_1"]) as manager:
            own = (await manager.get(PATH, params=RANGE)).json()
            foreign = await manager.get(PATH, params={**RANGE, "shopId": "shp_2"})
        assert (own["revenue"], own["orders"], [top["sku"] for top in own["topProducts"]]) == (gbp(100), 1, ["A"])
        assert foreign.status_code == 404


class TestTenancy:
    async def test_shows_a_company_its_own_only(self, analytics: Harness) -> None:
        owner, stranger = await company(analytics), await company(analytics)
        await analytics.publish(confirmed(), owner)
        await dashboard(analytics, owner, lambda shown: shown["orders"] == 1)
        assert (await dashboard(analytics, stranger, lambda shown: True))["orders"] == 0

    async def test_shows_the_platform_one_dashboard_a_currency(self, analytics: Harness) -> None:
        days = {"from": "1999-05-01", "to": "1999-05-31"}
        at = analytics.runtime.clock.now().replace(year=1999, month=5, day=4, hour=12)
        first, second = await company(analytics, currency="CHF"), await company(analytics, currency="CHF")
        third = await company(analytics, currency="SEK")
        for owner, currency in ((first, "CHF"), (second, "CHF"), (third, "SEK")):
            await analytics.publish(confirmed(line("A", 1, 100, currency), at=at), owner)
        await dashboard(analytics, third, lambda shown: shown["orders"] == 1, **days)
        async with analytics.user("super_admin", None) as admin:
            items = (await admin.get(PATH, params=days)).json()["items"]
        assert [(item["currency"], item["revenue"]["amount"], item["orders"]) for item in items] == [
            ("CHF", 200, 2),
            ("SEK", 100, 1),
        ]
        async with analytics.user("super_admin", None, tenant=first) as admin:
            assert (await admin.get(PATH, params=days)).json()["orders"] == 1

    async def test_needs_the_permission(self, analytics: Harness) -> None:
        for role in ("shop_staff", "customer"):
            async with analytics.user(role, new_id("cmp")) as user:
                assert (await user.get(PATH)).status_code == 403
        async with analytics.client() as anonymous:
            assert (await anonymous.get(PATH)).status_code == 401
