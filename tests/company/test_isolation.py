"""The isolation report: the platform publishes it, every company reads it, and it names nobody."""

from typing import Any

import pytest

from common.ids import new_id
from common.testing import Harness
from tests.company.conftest import found

pytestmark = pytest.mark.asyncio(loop_scope="module")

WALK: dict[str, Any] = {
    "walkedAt": "2026-11-21T12:00:00Z",
    "suiteVersion": "0.1.0",
    "routes": 190,
    "otherAddresses": 55,
    "calls": 5577,
    "callsByCaller": {"company_admin": 600, "anonymous": 500},
    "leaks": [],
}
PATH = "/api/companies/isolation-reports"


class TestPublish:
    async def test_shows_the_newest_walk_to_a_company_of_its_own(self, company: Harness) -> None:
        ours = (await found(company)).json()["id"]
        async with company.user("super_admin") as platform:
            await platform.post(PATH, json=WALK)
            leak = {"route": "GET /api/orders/{order_id}", "caller": "shop_staff"}
            newer = {**WALK, "walkedAt": "2026-11-22T12:00:00Z", "leaks": [leak]}
            kept = await platform.post(PATH, json=newer)
            await platform.post(PATH, json={**WALK, "walkedAt": "2026-11-20T12:00:00Z"})
        assert kept.status_code == 201, kept.text
        async with company.user("company_admin", company_id=ours) as admin:
            shown = await admin.get(f"/api/companies/{ours}/isolation-report")
        assert shown.json() == {"id": kept.json()["id"], **newer, "isClean": False}
        announced = await company.events.wait_for(
            "isolation.reported", lambda event: event.data.report_id == kept.json()["id"]
        )
        assert (announced[0].data.leaks, announced[0].company_id) == (1, None)

    async def test_is_for_the_platform_alone(self, company: Harness) -> None:
        ours = (await found(company)).json()["id"]
        async with company.user("company_admin", company_id=ours) as admin:
            refused = await admin.post(PATH, json=WALK)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")

    @pytest.mark.parametrize(
        "more",
        [
            {"leaks": [{"route": f"GET /api/orders/{new_id('ord')}", "caller": "customer"}]},
            {"leaks": [{"route": "GET /api/orders", "caller": "Acme & Sons"}]},
            {"callsByCaller": {new_id("cmp"): 1}},
            {"calls": -1},
            {"calls": 1.5},
            {"company": "Acme"},
        ],
    )
    async def test_has_no_room_for_anybodys_name(self, company: Harness, more: dict[str, Any]) -> None:
        async with company.user("super_admin") as platform:
            refused = await platform.post(PATH, json=WALK | more)
        assert refused.status_code == 422, refused.text


class TestRead:
    async def test_is_refused_to_others(self, company: Harness) -> None:
        ours, theirs = [(await found(company)).json()["id"] for _ in range(2)]
        path = f"/api/companies/{theirs}/isolation-report"
        async with company.user("super_admin") as platform:
            await platform.post(PATH, json=WALK)
            assert (await platform.get(path)).status_code == 200
            assert (await platform.get(f"/api/companies/{new_id('cmp')}/isolation-report")).status_code == 404
        async with company.user("company_admin", company_id=ours) as admin:
            assert (await admin.get(path)).status_code == 404
        async with company.user("shop_manager", company_id=theirs) as manager:
            assert (await manager.get(path)).status_code == 403
