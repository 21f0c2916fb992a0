"""Who sees which events, and by which filters."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from common.events.identity import UserSignedIn
from common.events.parts import CompanySettings
from common.events.tenancy import CompanyCreated, ShopCreated, ShopStaffAdded
from common.ids import new_id
from common.testing import Harness
from services.audit.service import criteria
from tests.audit.conftest import events_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def company_in(audit: Harness, timezone: str) -> str:
    company = new_id("cmp")
    created = CompanyCreated(
        company_id=company,
        name="n",
        slug="s",
        status="active",
        currency="EUR",
        timezone=timezone,
        settings=CompanySettings(),
    )
    await audit.publish(created, company)
    await audit.publish(ShopCreated(shop_id="shp_1", name="n", code="c", timezone="UTC"), company)
    await audit.publish(ShopStaffAdded(shop_id="shp_1", user_id="usr_1", email="a@b.example", role="r"), company)
    await events_of(audit, company, 3)
    return company


class TestList:
    async def test_filters(self, audit: Harness) -> None:
        company = await company_in(audit, "Europe/Berlin")
        everything = ["company.created", "shop.created", "shop.staff_added"]
        for query, expected in (
            ({"action": "shop.created"}, everything[1:2]),
            ({"resource": "shp_1"}, everything[1:]),
            ({"resource": "shop"}, everything[1:]),
            ({"resource": f"company:{company}"}, everything[:1]),
            ({"action": "shop.*"}, everything[1:]),
            ({"action": "order.*"}, []),
            ({"requestId": "req_unknown"}, []),
            ({"eventId": "evt_unknown"}, []),
            ({"actor": "test"}, everything),
            ({"actor": "user:test"}, everything),
            ({"actor": "usr_other"}, []),
            ({"from": "2020-01-01", "to": "2099-12-31"}, everything),
            ({"from": "2020-01-01T00:00:00Z", "to": "2099-12-31T00:00:00+02:00"}, everything),
            ({"to": "2020-01-01"}, []),
            ({"from": "2099-01-01"}, []),
        ):
            shown = await events_of(audit, company, 0, **query)
            assert [event["action"] for event in shown] == expected, query

    async def test_finds_what_one_call_caused(self, audit: Harness) -> None:
        company = await company_in(audit, "UTC")
        for event in await events_of(audit, company, 3):
            assert await events_of(audit, company, 1, requestId=event["requestId"]) == [event]
            assert await events_of(audit, company, 1, eventId=event["eventId"]) == [event]

    async def test_means_the_companys_own_day(self, audit: Harness) -> None:
        company = await company_in(audit, "Pacific/Auckland")
        at = "2011-01-04T10:59:59.999Z"  # the last moment of 4 January there
        await audit.runtime.database["audit_events"].update_many(
            {"companyId": company}, {"$set": {"createdAt": at, "at": at}}
        )
        assert len(await events_of(audit, company, 0, **{"from": "2011-01-04", "to": "2011-01-04"})) == 3
        assert await events_of(audit, company, 0, **{"from": "2011-01-05"}) == []
        assert await events_of(audit, company, 0, to="2011-01-03") == []

    async def test_shows_the_newest_first_and_pages(self, audit: Harness) -> None:
        company = await company_in(audit, "UTC")
        async with audit.user("company_admin", company) as admin:
            for sort in ({}, {"sort": "-sequence"}, {"sort": "-createdAt"}):
                seen, cursor = [], None
                while True:
                    query: dict[str, str | int] = {"limit": 2, **sort, **({"cursor": cursor} if cursor else {})}
                    answer = (await admin.get("/api/audit/events", params=query)).json()
                    seen += [item["sequence"] for item in answer["items"]]
                    cursor = answer["nextCursor"]
                    if cursor is None:
                        break
                assert seen == [3, 2, 1]

    @pytest.mark.parametrize(
        "query",
        [
            {"colour": "red"},
            {"from": "yesterday"},
            {"to": "2011-02-30"},
            {"sort": "hash"},
            {"limit": 0},
            {"action": "*"},
        ],
    )
    async def test_refuses_what_it_does_not_know(self, audit: Harness, query: dict[str, str]) -> None:
        async with audit.user("company_admin", new_id("cmp")) as admin:
            assert (await admin.get("/api/audit/events", params=query)).status_code == 422


class TestTenancy:
    async def test_shows_a_company_its_own_only(self, audit: Harness) -> None:
        await company_in(audit, "UTC")
        assert await events_of(audit, new_id("cmp"), 0) == []

    async def test_lets_the_platform_see_its_own_chain_and_that_of_a_tenant(self, audit: Harness) -> None:
        company = await company_in(audit, "UTC")
        await audit.publish(UserSignedIn(user_id="usr_1", session_id="ses_1"), None)
        shown = await events_of(audit, None, 1)
        assert {event["companyId"] for event in shown} == {None}
        async with audit.user("super_admin", None, tenant=company) as admin:
            answer = (await admin.get("/api/audit/events")).json()
            verdict = (await admin.get("/api/audit/verify")).json()
        assert {event["companyId"] for event in answer["items"]} == {company}
        assert verdict["events"] == 3

    @pytest.mark.parametrize("path", ["events", "verify", "export", "checkpoints", "events/aud_1"])
    async def test_needs_the_permission(self, audit: Harness, path: str) -> None:
        for role in ("shop_manager", "shop_staff", "customer"):
            async with audit.user(role, new_id("cmp")) as user:
                assert (await user.get(f"/api/audit/{path}")).status_code == 403, role
        async with audit.client() as anonymous:
            assert (await anonymous.get(f"/api/audit/{path}")).status_code == 401


class TestFind:
    async def test_shows_one_event_to_its_company_only(self, audit: Harness) -> None:
        company = await company_in(audit, "UTC")
        event = (await events_of(audit, company, 3))[1]
        async with audit.user("company_admin", company) as admin:
            answer = await admin.get(f"/api/audit/events/{event['id']}")
            assert (answer.status_code, answer.json()) == (200, event)
            assert (await admin.get("/api/audit/events/aud_unknown")).status_code == 404
        async with audit.user("company_admin", new_id("cmp")) as stranger:
            assert (await stranger.get(f"/api/audit/events/{event['id']}")).status_code == 404


class TestIndexes:
    @pytest.mark.parametrize(
        ("filters", "index"),
        [
            ({}, "company_created"),
            ({"actor": "usr_1"}, "company_actor"),
            ({"actor": "key"}, "company_actor_type"),
            ({"resource": "shp_1"}, "company_resource"),
            ({"resource": "role"}, "company_resource_type"),
            ({"action": "shop.created"}, "company_action"),
            ({"action": "shop.*"}, "company_action"),
            ({"requestId": "req_1"}, "company_request"),
            ({"eventId": "evt_1"}, "company_event"),
            ({"from": "2011-01-01", "to": "2011-12-31"}, "company_created"),
        ],
    )
    @pytest.mark.parametrize("descending", [True, False])
    async def test_answer_each_filter_in_its_order_without_sorting(
        self, audit: Harness, filters: dict[str, str], index: str, descending: bool
    ) -> None:
        events = await with_rare_events(audit)
        wanted = {"$and": [{"companyId": "cmp_1"}, criteria(filters, UTC)]} if filters else {"companyId": "cmp_1"}
        direction = -1 if descending else 1
        plan = await events.find(wanted).sort([("createdAt", direction), ("_id", direction)]).limit(21).explain()
        stages = [*stages_of(plan["queryPlanner"]["winningPlan"])]
        assert {stage["indexName"] for stage in stages if stage["stage"] == "IXSCAN"} == {index}
        assert "COLLSCAN" not in [stage["stage"] for stage in stages]
        assert index == "company_event" or "SORT" not in [stage["stage"] for stage in stages]

    async def test_answer_the_order_of_the_chain(self, audit: Harness) -> None:
        events = audit.runtime.database["audit_events"]
        plan = await events.find({"companyId": "cmp_1"}).sort([("sequence", -1), ("_id", -1)]).limit(21).explain()
        stages = [*stages_of(plan["queryPlanner"]["winningPlan"])]
        assert {stage["indexName"] for stage in stages if stage["stage"] == "IXSCAN"} == {"company_sequence"}


async def with_rare_events(audit: Harness) -> Any:
    """A long log in which one event in a hundred is what the filters ask for."""
    events = audit.runtime.database["audit_events"]
    if not await events.count_documents({"companyId": "cmp_1"}):
        await events.insert_many([_event(number, is_rare=number % 100 == 0) for number in range(1000)])
    return events


def _event(number: int, *, is_rare: bool) -> dict[str, Any]:
    day = "2011-06-01" if is_rare else "2012-06-01"
    return {
        "_id": f"aud_{number}",
        "companyId": "cmp_1",
        "sequence": number,
        "createdAt": f"{day}T00:00:{number:07.3f}Z",
        "actor": {"type": "key" if is_rare else "user", "id": "usr_1" if is_rare else "usr_2"},
        "action": "shop.created" if is_rare else "order.created",
        "resource": {"type": "role" if is_rare else "shop", "id": "shp_1" if is_rare else "shp_2"},
        "requestId": "req_1" if is_rare else "req_2",
        "eventId": f"evt_{number}",
    }


def stages_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all that it stands on."""
    plan = plan.get("queryPlan", plan)
    if "stage" in plan:
        yield plan
    for inner in (plan.get("inputStage"), *plan.get("inputStages", ())):
        if inner is not None:
            yield from stages_of(inner)
