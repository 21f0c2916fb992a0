"""Every route by every kind of caller, with its own ids and another company's."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from dev.walk import walk
from dev.walk.plan import Plan
from dev.walk.run import show_to_tenants
from tests.walk.conftest import Field
from tests.walk.unindexed import unindexed

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]


class TestTable:
    async def test_has_one_row_for_every_route(self) -> None:
        plan = Plan.whole()
        routes = [row.route for row in plan.rows]
        assert sorted(routes) == sorted(set(routes))
        assert set(routes) == plan.routes


class TestWalk:
    async def test_leaks_nothing_and_is_shown_to_the_tenants(
        self, battlefield: Field, record_property: Callable[[str, object], None]
    ) -> None:
        own, began = battlefield.own, datetime.now(UTC)
        async with unindexed(battlefield.mongo_url) as whole_collections:
            report = await walk(battlefield.home, own, battlefield.foreign, battlefield.callers, Plan.whole())
        assert not whole_collections, "\n".join(sorted(set(whole_collections)))
        record_property("walk", report.summary())
        assert not report.leaks, "\n".join(finding.line() for finding in report.leaks)
        assert not report.wrong, "\n".join(finding.line() for finding in report.wrong)
        assert (report.missing_rows, report.unknown_rows) == ([], [])
        await show_to_tenants(own.base_url, own.platform_login, report, began)
        shown = await own.admin.get(f"/api/companies/{own.known('company')}/isolation-report")
        assert (shown["routes"], shown["calls"], shown["isClean"]) == (len(report.routes), report.calls, True)
