"""What the walk counts as a leak, without any server."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from dev.trading import Api
from dev.walk.callers import ADMIN, CUSTOMER, STAFF, SUPER, Caller
from dev.walk.engine import Step
from dev.walk.judging import Judge
from dev.walk.places import is_all_rejected, replaced
from dev.walk.report import Report
from dev.walk.rows import OK, Row
from dev.walk.world import World

ROW = Row("GET /api/orders/{order_id}", frozenset({ADMIN}), ids={"order_id": "order"}, sees_all=frozenset({SUPER}))
FOREIGN_ORDER = "ord_0foreign"


def world(mark: str, **ids: str) -> World:
    api, login = Api("http://127.0.0.1:1"), ("nobody", "nothing")
    return World("", mark, api, api, api, api, api, api, login, ids=ids, made=set(ids.values()))


def judged(
    caller: str, variation: str, body: Any, *, status: int = 200, sent: str = "", expected: frozenset[int] = OK
) -> Report:
    report = Report()
    own = world("alpha-1", order="ord_0own", order_of_other_shop="ord_0elsewhere")
    request = httpx2.Request("GET", f"http://127.0.0.1:1/api/orders/{sent}")
    answer = httpx2.Response(status, json=body, request=request)
    step = Step(variation, {}, {}, None, expected)
    Judge(own, world("bravo-2", order=FOREIGN_ORDER), report).judge(ROW, Caller(caller), step, answer)
    return report


class TestJudge:
    def test_passes_over_what_is_the_callers(self) -> None:
        assert judged(ADMIN, "its own", {"id": "ord_0own", "name": "alpha-1"}).is_clean

    @pytest.mark.parametrize("told", [FOREIGN_ORDER, "Company bravo-2"])
    def test_finds_what_is_another_companys(self, told: str) -> None:
        assert len(judged(ADMIN, "its own", {"items": [told]}).leaks) == 1

    def test_finds_a_success_with_anothers_id_even_if_nothing_is_shown(self) -> None:
        assert len(judged(ADMIN, "another company's order_id", {}, sent=FOREIGN_ORDER).leaks) == 1

    def test_lets_an_answer_repeat_what_was_sent(self) -> None:
        problem = {"detail": f"no {FOREIGN_ORDER}"}
        assert judged(ADMIN, "another company's ?orderId", problem, sent=FOREIGN_ORDER).is_clean

    def test_finds_what_a_role_must_not_see_of_its_own_company(self) -> None:
        shown = {"items": [{"id": "ord_0elsewhere"}]}
        assert [len(judged(who, "its own", shown).leaks) for who in (STAFF, CUSTOMER, ADMIN, SUPER)] == [1, 1, 0, 0]

    def test_notes_an_answer_that_is_not_in_the_table(self) -> None:
        report = judged(ADMIN, "no such order_id", {"code": "permission_denied"}, status=403, expected=frozenset({404}))
        assert (len(report.wrong), len(report.leaks)) == (1, 0)

    def test_takes_a_batch_without_an_accepted_row_for_a_refusal(self) -> None:
        rejected = {"results": [{"status": "rejected", "problem": {"code": "not_found"}}]}
        assert judged(ADMIN, "another company's orderIds.0", rejected).is_clean
        accepted = {"results": [{"status": "accepted", "problem": None}]}
        assert not judged(ADMIN, "another company's orderIds.0", accepted).is_clean
        assert not is_all_rejected(httpx2.Response(200, json={"results": []}))


class TestReport:
    def test_tells_tenants_no_ids(self) -> None:
        report = judged(ADMIN, "another company's order_id", {"id": FOREIGN_ORDER})
        told = report.for_tenants(datetime(2026, 11, 21, tzinfo=UTC), "1.2.3")
        assert told["leaks"] == [{"route": "GET /api/orders/{order_id}", "caller": ADMIN}]
        assert FOREIGN_ORDER not in str(told)


@pytest.mark.parametrize(
    ("body", "place", "wanted"),
    [
        ({"a": 1}, "a", {"a": "x"}),
        ({}, "a", {"a": "x"}),
        ({}, "rule.categoryId", {"rule": {"categoryId": "x"}}),
        ({"items": [{"id": 1}, {"id": 2}]}, "items.0.id", {"items": [{"id": "x"}, {"id": 2}]}),
        ({}, "ids.0", {"ids": ["x"]}),
    ],
)
def test_places_are_filled_or_made(body: dict[str, Any], place: str, wanted: dict[str, Any]) -> None:
    before = str(body)
    assert replaced(body, place, "x") == wanted
    assert str(body) == before
