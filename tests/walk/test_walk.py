"""Every route by every kind of caller, with its own ids and another company's."""

import pytest

from dev.walk import walk
from dev.walk.aliasing import alias_rows, unbuilt_rows
from dev.walk.run import public_routes
from dev.walk.table import ROWS
from tests.walk.conftest import Field

OTHERS = [*alias_rows(ROWS), *unbuilt_rows()]
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]


class TestTable:
    async def test_has_one_row_for_every_route(self) -> None:
        routes = [row.route for row in ROWS]
        assert sorted(routes) == sorted(set(routes))
        assert set(routes) == public_routes()


class TestWalk:
    async def test_leaks_nothing_and_answers_as_the_table_says(self, battlefield: Field) -> None:
        report = await walk(battlefield.own, battlefield.foreign, battlefield.callers, ROWS, public_routes(), OTHERS)
        print(report.summary())
        assert [finding.line() for finding in report.leaks] == []
        assert [finding.line() for finding in report.wrong] == []
        assert (report.missing_rows, report.unknown_rows) == ([], [])
