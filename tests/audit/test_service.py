"""The whole service, twice: one copy chains, the other takes over."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from common.events.tenancy import ShopCreated
from common.ids import new_id
from common.testing import Harness, Infrastructure
from tests.audit.conftest import events_of, until, verify

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = 300


class TestTwoCopies:
    async def test_chain_each_event_once_while_one_of_them_leaves(
        self, infrastructure: Infrastructure, tmp_path: Path
    ) -> None:
        company, folder = new_id("cmp"), {"MARKETHALL_AUDIT_CHECKPOINTS": str(tmp_path)}
        async with AsyncExitStack() as first_copy:
            leaving = await first_copy.enter_async_context(Harness("audit", infrastructure, **folder))

            async def publish(harness: Harness, count: int) -> None:
                for _ in range(count):
                    await harness.publish(ShopCreated(shop_id="shp_1", name="n", code="c", timezone="UTC"), company)

            await publish(leaving, 1)
            await events_of(leaving, company, 1)  # it holds the lease now
            async with Harness("audit", infrastructure, **folder) as staying:
                publishing = asyncio.create_task(publish(staying, EVENTS - 1))
                await events_of(leaving, company, 20)
                await first_copy.aclose()
                await publishing

                async def all_are_chained() -> bool | None:
                    return (await verify(staying, company))["events"] >= EVENTS or None

                await until(all_are_chained)
                verdict = await verify(staying, company)
        assert (verdict["ok"], verdict["events"]) == (True, EVENTS)


class TestSealing:
    async def test_comes_by_itself_after_so_many_events(self, infrastructure: Infrastructure, tmp_path: Path) -> None:
        company = new_id("cmp")
        often = {"MARKETHALL_AUDIT_CHECKPOINTS": str(tmp_path), "MARKETHALL_AUDIT_CHECKPOINT_EVENTS": "1"}
        async with Harness("audit", infrastructure, **often) as audit:
            await audit.publish(ShopCreated(shop_id="shp_1", name="n", code="c", timezone="UTC"), company)

            async def is_sealed() -> bool | None:
                return (await verify(audit, company))["checkpointed"] == 1 or None

            await until(is_sealed)
