"""Chains as they lie in the database, and what the check says once somebody has been at them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from common.events.tenancy import ShopCreated
from common.ids import new_id
from common.messaging.feed import FeedBatch
from common.messaging.positions import FeedPosition, Fenced
from common.testing import Harness
from services.audit.domain import ChainHead, chain
from services.audit.store import AuditLog
from tests.audit.conftest import AT, events_of, verify

pytestmark = pytest.mark.asyncio(loop_scope="module")

Database = AsyncDatabase[dict[str, Any]]
Tampering = Callable[[Database, str], Awaitable[object]]


async def edit(database: Database, company: str) -> object:
    return await database["audit_events"].update_one(
        {"companyId": company, "sequence": 3}, {"$set": {"after.code": "forged"}}
    )


async def delete(database: Database, company: str) -> object:
    return await database["audit_events"].delete_one({"companyId": company, "sequence": 2})


async def truncate(database: Database, company: str) -> object:
    return await database["audit_events"].delete_many({"companyId": company, "sequence": {"$gt": 3}})


async def swap(database: Database, company: str) -> object:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        await database["audit_events"].update_one({"companyId": company, "sequence": old}, {"$set": {"sequence": new}})
    return None


async def lose_the_head(database: Database, company: str) -> object:
    return await database["chains"].delete_one({"_id": company})


async def roll_the_head_back(database: Database, company: str) -> object:
    third = await database["audit_events"].find_one({"companyId": company, "sequence": 3})
    assert third is not None
    return await database["chains"].update_one({"_id": company}, {"$set": {"count": 3, "hash": third["hash"]}})


class TestVerify:
    async def test_holds_for_what_nobody_touched(self, audit: Harness) -> None:
        company = await _filled(audit)
        verdict = await verify(audit, company)
        last = (await events_of(audit, company, 5))[-1]["hash"]
        assert (verdict["ok"], verdict["events"], verdict["firstBroken"], verdict["head"]) == (True, 5, None, last)

    async def test_of_a_company_without_events(self, audit: Harness) -> None:
        verdict = await verify(audit, new_id("cmp"))
        assert verdict == {
            "ok": True,
            "events": 0,
            "firstBroken": None,
            "head": "0" * 64,
            "checkpoints": 0,
            "checkpointed": 0,
        }

    @pytest.mark.parametrize(
        ("tamper", "sequence", "reason"),
        [
            (edit, 3, "edited"),
            (delete, 2, "missing"),
            (truncate, 4, "truncated"),
            (swap, 2, "edited"),
            (lose_the_head, 1, "unaccounted"),
            (roll_the_head_back, 4, "unaccounted"),
        ],
    )
    async def test_finds_tampering(self, audit: Harness, tamper: Tampering, sequence: int, reason: str) -> None:
        company = await _filled(audit)
        await tamper(audit.runtime.database, company)
        verdict = await verify(audit, company)
        assert (verdict["ok"], verdict["firstBroken"]) == (False, {"sequence": sequence, "reason": reason})


class TestAppend:
    async def test_writes_nothing_for_whoever_was_overtaken(self, audit: Harness) -> None:
        log: AuditLog = audit.service._log
        company = new_id("cmp")
        overtaken = FeedBatch([], FeedPosition("e", 1), fence=0)
        with pytest.raises(Fenced):
            await log.append(overtaken, [_described(company, 1)], chain)
        assert (await log.head(company)).count == 0


class TestLongChain:
    async def test_is_checked_without_holding_up_others(self, audit: Harness) -> None:
        company = new_id("cmp")
        await _write_chain(audit.runtime.database, company, 20_000)
        async with audit.user("company_admin", company) as client:
            checking = asyncio.create_task(client.get("/api/audit/verify"))
            asked = 0
            while not checking.done():
                await asyncio.sleep(0.005)  # a call inside the process gives the loop no turn by itself
                assert (await client.get("/health/live")).status_code == 200
                asked += 1
        verdict = (await checking).json()
        assert (verdict["ok"], verdict["events"]) == (True, 20_000)
        assert asked > 10


async def _filled(audit: Harness) -> str:
    company = new_id("cmp")
    for number in range(5):
        await audit.publish(ShopCreated(shop_id=f"shp_{number}", name="n", code="c", timezone="UTC"), company)
    await events_of(audit, company, 5)
    return company


def _described(company: str, number: int) -> dict[str, Any]:
    at = AT.isoformat()
    return {
        "id": new_id("aud"),
        "companyId": company,
        "version": 1,
        "createdAt": at,
        "updatedAt": at,
        "at": at,
        "actor": {"type": "system", "id": None, "ip": None},
        "action": "shop.created",
        "resource": {"type": "shop", "id": f"shp_{number}"},
        "before": None,
        "after": {"code": "c", "lines": [{"sku": f"S{line}", "quantity": line} for line in range(10)]},
        "requestId": None,
        "eventId": new_id("evt"),
    }


async def _write_chain(database: Database, company: str, count: int) -> None:
    head = ChainHead(company)
    for start in range(0, count, 5_000):
        head, events = chain(head, [_described(company, number) for number in range(start, start + 5_000)])
        await database["audit_events"].insert_many([{"_id": event.pop("id"), **event} for event in events])
    await database["chains"].insert_one({"_id": company, "companyId": company, "count": count, "hash": head.hash})
