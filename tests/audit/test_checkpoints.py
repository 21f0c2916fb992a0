"""Checkpoints: what they find that a chain cannot show by itself."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from common.events.tenancy import ShopCreated
from common.ids import new_id
from common.testing import Harness
from services.audit.domain import ChainHead, SigningKey, TrustedKeys, chain
from services.audit.store import CheckpointFiles
from tests.audit.conftest import events_of, verify

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = SigningKey(b"a key of which only tests know!!")


def file_of(audit: Harness, company: str) -> Path:
    """The company's checkpoints on the disk."""
    folder: Path = audit.runtime.settings.checkpoint_folder
    return folder / f"{company}.jsonl"


async def open_shops(audit: Harness, company: str, count: int) -> None:
    """So many events more, chained and sealed."""
    before = (await verify(audit, company))["events"]
    for number in range(count):
        await audit.publish(ShopCreated(shop_id=f"shp_{number}", name="n", code="c", timezone="UTC"), company)
    await events_of(audit, company, before + count)
    await audit.service._sealing.seal()


async def cut_with_its_head(audit: Harness, company: str, left: int) -> None:
    """Take the last events away and let the head agree."""
    database = audit.runtime.database
    await database["audit_events"].delete_many({"companyId": company, "sequence": {"$gt": left}})
    last = await database["audit_events"].find_one({"companyId": company, "sequence": left})
    assert last is not None
    await database["chains"].update_one({"_id": company}, {"$set": {"count": left, "hash": last["hash"]}})


async def recompute(audit: Harness, company: str, edited: int) -> None:
    """Edit one event and hash all that follow anew, head included."""
    database = audit.runtime.database
    cursor = database["audit_events"].find({"companyId": company}, sort=[("sequence", 1)])
    events = [{"id": each.pop("_id"), **each} async for each in cursor]
    events[edited - 1]["after"]["code"] = "forged"
    head, forged = chain(ChainHead(company), events)
    for event in forged:
        event_id = event.pop("id")
        await database["audit_events"].replace_one({"_id": event_id}, event)
    await database["chains"].update_one({"_id": company}, {"$set": {"hash": head.hash}})


class TestVerify:
    async def test_tells_how_far_the_checkpoints_agree(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 3)
        await open_shops(audit, company, 2)
        verdict = await verify(audit, company)
        assert (verdict["ok"], verdict["checkpoints"], verdict["checkpointed"]) == (True, 2, 5)

    async def test_finds_a_chain_that_was_cut_together_with_its_head(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 5)
        await cut_with_its_head(audit, company, 3)
        assert (await verify(audit, company))["firstBroken"] == {"sequence": 4, "reason": "checkpoint"}

    async def test_finds_it_also_once_the_chain_has_grown_again(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 5)
        await cut_with_its_head(audit, company, 3)
        await open_shops(audit, company, 4)
        assert (await verify(audit, company))["firstBroken"] == {"sequence": 5, "reason": "checkpoint"}

    async def test_finds_a_chain_that_was_computed_anew(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 2)
        await open_shops(audit, company, 3)
        await recompute(audit, company, edited=3)
        verdict = await verify(audit, company)
        assert verdict["firstBroken"] == {"sequence": 5, "reason": "checkpoint"}
        assert verdict["checkpointed"] == 2

    async def test_finds_a_chain_that_was_taken_away_whole(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 2)
        for name in ("audit_events", "chains"):
            await audit.runtime.database[name].delete_many({"companyId": company})
        assert (await verify(audit, company))["firstBroken"] == {"sequence": 1, "reason": "checkpoint"}

    async def test_finds_checkpoints_that_somebody_else_signed(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 2)
        path = file_of(audit, company)
        told = from_json(path.read_bytes())
        rest = {name: value for name, value in told.items() if name not in ("keyId", "signature")}
        path.unlink()
        CheckpointFiles(path.parent).append(company, lambda _: KEY.sign(rest))
        assert (await verify(audit, company))["firstBroken"] == {"sequence": 2, "reason": "checkpoint"}

    async def test_finds_a_checkpoint_that_was_taken_out_of_their_row(self, audit: Harness) -> None:
        company = new_id("cmp")
        for _ in range(3):
            await open_shops(audit, company, 1)
        path = file_of(audit, company)
        first, _, third = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(first + third)
        assert (await verify(audit, company))["firstBroken"] == {"sequence": 3, "reason": "checkpoint"}


class TestSeal:
    async def test_says_nothing_where_nothing_moved(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 1)
        await audit.runtime.database["chains"].update_one({"_id": company}, {"$set": {"isSealed": False}})
        await audit.service._sealing.seal()
        assert len(file_of(audit, company).read_bytes().splitlines()) == 1

    async def test_is_done_by_any_copy_once(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 1)
        await audit.publish(ShopCreated(shop_id="shp_9", name="n", code="c", timezone="UTC"), company)
        await events_of(audit, company, 2)
        await asyncio.gather(*(audit.service._sealing.seal() for _ in range(4)))
        assert [each["sequence"] for each in map(from_json, file_of(audit, company).read_bytes().splitlines())] == [
            1,
            2,
        ]


class TestList:
    async def test_shows_a_company_its_own_newest_first_and_pages(self, audit: Harness) -> None:
        company, other = new_id("cmp"), new_id("cmp")
        await open_shops(audit, other, 1)
        for _ in range(3):
            await open_shops(audit, company, 1)
        async with audit.user("company_admin", company) as admin:
            for sort, expected in ((None, [3, 2, 1]), ("-sequence", [3, 2, 1]), ("sequence", [1, 2, 3])):
                query: dict[str, Any] = {"limit": 2, **({"sort": sort} if sort else {})}
                page = (await admin.get("/api/audit/checkpoints", params=query)).json()
                query["cursor"] = page["nextCursor"]
                rest = (await admin.get("/api/audit/checkpoints", params=query)).json()
                assert [each["sequence"] for each in page["items"] + rest["items"]] == expected
                assert rest["nextCursor"] is None
            assert {each["companyId"] for each in page["items"]} == {company}

    async def test_shows_what_anybody_can_verify(self, audit: Harness) -> None:
        company = new_id("cmp")
        await open_shops(audit, company, 1)
        async with audit.user("company_admin", company) as admin:
            shown = (await admin.get("/api/audit/checkpoints")).json()["items"][0]
        assert TrustedKeys(audit.service._sealing.public_keys).hold(shown)
