"""What Prometheus reads: known by name, explained, bounded, and fresh at each scrape."""

import asyncio
import importlib
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from prometheus_client import REGISTRY

from common.clock import SystemClock
from common.events.parts import CompanySettings
from common.events.tenancy import CompanyCreated
from common.ids import new_id
from common.messaging.topology import DEAD
from common.suite import SERVICES
from common.testing import Harness, Infrastructure


async def scrape(harness: Harness) -> dict[str, float]:
    """Each sample by its name and labels."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=harness.app), base_url="http://service") as client:
        text = (await client.get("/metrics")).text
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def until(harness: Harness, holds: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """The first scrape for which it holds."""
    async with asyncio.timeout(15):
        while not holds(told := await scrape(harness)):
            await asyncio.sleep(0.05)
    return told


@pytest.mark.asyncio(loop_scope="module")
class TestMetrics:
    async def test_tell_how_the_service_stands(self, infrastructure: Infrastructure) -> None:
        async with Harness("inventory", infrastructure) as inventory:
            company_id = new_id("cmp")
            before = await scrape(inventory)
            await inventory.publish(
                CompanyCreated(
                    company_id=company_id, name="A", slug="a", status="active", currency="EUR", timezone="UTC",
                    settings=CompanySettings(),
                ),
                company_id,
            )  # fmt: skip
            done = 'markethall_events_handled_total{outcome="done",type="company.created"}'
            await until(inventory, lambda told: told.get(done, 0) > before.get(done, 0))
            async with inventory.user("company_admin", company_id) as admin:
                await admin.get("/api/inventory/v1/warehouses")
                await admin.request("BREW", "/api/inventory/v1/warehouses")
            after = await scrape(inventory)
        route = 'markethall_http_requests_total{method="GET",route="/api/inventory/v1/warehouses",status="200"}'
        assert after[route] >= 1
        assert not [name for name in after if "BREW" in name]
        assert after['markethall_event_handling_seconds_count{type="company.created"}'] >= 1
        assert after["markethall_event_age_seconds_count"] >= 1
        assert after["markethall_queue_messages"] == after["markethall_dead_letters"] == 0
        assert 1 <= after["markethall_mongo_connections_open"] <= after["markethall_mongo_connections_limit"]

    async def test_count_dead_letters_and_age_the_outbox(self, infrastructure: Infrastructure) -> None:
        async with Harness("shop", infrastructure) as shop:
            await shop.runtime.publisher.send(DEAD, "shop", b"[]")
            long_ago = SystemClock().now() - timedelta(minutes=5)
            stuck = {"_id": new_id("shp"), "pendingAt": long_ago, "outbox": []}
            await shop.runtime.database["shops"].insert_one(stuck)
            told = await until(shop, lambda told: told["markethall_dead_letters"] == 1)
            await shop.runtime.database["shops"].delete_one({"_id": stuck["_id"]})
        assert 300 <= told["markethall_outbox_oldest_seconds"] < 600


class TestNames:
    def test_are_explained(self) -> None:
        for family in REGISTRY.collect():
            if family.name.startswith("markethall_"):
                assert len(family.documentation.split()) >= 3, family.name

    def test_stand_in_the_operators_page(self) -> None:
        page = (Path(__file__).resolve().parents[2] / "docs/operations.md").read_text()
        named = set(re.findall(r"`(markethall_\w+)`", page))
        for service in SERVICES:
            importlib.import_module(f"services.{service}.app")
        families = {family.name for family in REGISTRY.collect() if family.name.startswith("markethall_")}
        assert {name for name in families if not {name, f"{name}_total"} & named} == set()
