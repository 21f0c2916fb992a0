"""What happens when auth is away in the middle of founding a company."""

from datetime import timedelta

import pytest

from common.testing import Harness
from tests.company.conftest import PASSWORD, body, found

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _grow_old(harness: Harness) -> None:
    """Move every founding into the past, as if its process had died a minute ago."""
    age = {"$set": {"createdAt": {"$subtract": ["$createdAt", int(timedelta(minutes=1).total_seconds() * 1000)]}}}
    await harness.runtime.database["foundings"].update_many({}, [age])


async def _is_seen(harness: Harness, slug: str) -> bool:
    async with harness.service_client("gateway") as gateway:
        return (await gateway.get(f"/internal/companies/{slug}")).status_code == 200


class TestFounding:
    async def test_is_not_seen_while_auth_is_away_and_is_forgotten_later(
        self, company: Harness, lonely: Harness
    ) -> None:
        wanted = body()
        answer = await found(lonely, wanted)
        assert answer.status_code == 503
        assert not await _is_seen(lonely, wanted["slug"])
        assert (await found(company, {**wanted, "admin": body()["admin"]})).json()["code"] == "slug_taken"
        await _grow_old(company)
        await company.service.sweep()
        assert (await found(company, wanted)).status_code == 201

    async def test_is_completed_when_its_admin_was_made(self, company: Harness, lonely: Harness, auth: Harness) -> None:
        wanted = body()
        await found(lonely, wanted)
        left = await lonely.runtime.database["foundings"].find_one({"slug": wanted["slug"]})
        admin = {"companyId": left["_id"], "role": "company_admin", **wanted["admin"], "password": PASSWORD}
        async with auth.service_client("company", left["_id"]) as client:
            assert (await client.post("/internal/staff", json=admin)).status_code == 201
        await _grow_old(company)
        await company.service.sweep()
        assert await _is_seen(company, wanted["slug"])
        await company.events.wait_for("company.created", lambda e: e.company_id == left["_id"])
