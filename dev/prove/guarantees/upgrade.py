"""Row 27: every service restarted in turn under load, and the version before beside this one."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from common.suite import SERVICES
from dev.control import renew, serves
from dev.home import REPOSITORY
from dev.prove.mutations.engine import copy_of_source
from dev.prove.mutations.mutation import Edit
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import CARD, Good, Journal, Market, found
from dev.prove.trade.market import ADDRESS, items
from dev.supervisor.client import SupervisorClient

PATIENCE_SECONDS = 60.0
SETTLED_SECONDS = 90.0
AT_ONCE = 8
"""So many callers that some have a call under way when a copy leaves."""
PROMPT = 2
"""So many send an order in one piece. Of the others it comes in two, so that it is under way most of the time."""
BETWEEN_SECONDS = 0.5
TURNS = 8
"""The kernel chooses a copy for each of the gateway's connections: all may come to one, and are opened anew."""
MARK = "proofMark"
FEW = ("gateway", "sales", "payment", "inventory")

NEXT_VERSION = (
    Edit(
        "libs/common/events/orders.py",
        "    channel: str\n    cart_id: str | None = None\n    lines: list[OrderLine]\n"
        "    total: Money\n    payment_method",
        "    channel: str\n    cart_id: str | None = None\n    proof_mark: str = 'next'\n    lines: list[OrderLine]\n"
        "    total: Money\n    payment_method",
    ),
    Edit(
        "services/sales/schemas/orders.py",
        '    """An order. ``orderToken`` is shown once, to the guest who placed it."""\n\n    number: str\n',
        '    """An order. ``orderToken`` is shown once, to the guest who placed it."""\n\n    number: str\n'
        "    proof_mark: str = 'next'\n",
    ),
)
"""A field more in an event and in an answer: what a version may add."""


class Callers:
    """Clients that ask each thing once, as somebody else's program would, and note every answer that is none."""

    def __init__(self, stage: Stage, market: Market) -> None:
        self._stage = stage
        self.market = market
        self._over = asyncio.Event()
        self.answers = 0
        self.failed: list[str] = []
        self.marked = 0

    @asynccontextmanager
    async def calling(self, at_once: int) -> AsyncIterator[None]:
        """They call while the block runs; on the way out the last answers are waited for."""
        self._over.clear()
        async with httpx2.AsyncClient(base_url=self._stage.suite.gateway, timeout=PATIENCE_SECONDS) as http:
            callers = [asyncio.create_task(self._call(http, number)) for number in range(at_once)]
            try:
                yield
            finally:
                self._over.set()
                await asyncio.gather(*callers)

    async def calls(self, more: int) -> None:
        """Returns after so many more answers."""
        wanted = self.answers + more
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            while self.answers < wanted:
                await asyncio.sleep(0.05)

    async def _call(self, http: httpx2.AsyncClient, number: int) -> None:
        house, count = self.market.house, 0
        while not self._over.is_set():
            count += 1
            key = f"upgrade-{number}-{count}-{time.time_ns()}"
            good = house.goods[count % len(house.goods)]
            await self._order(http, key, good, is_prompt=number < PROMPT)
            await self._ask(http, "GET", f"/api/products/{good.product_id}")

    async def _order(self, http: httpx2.AsyncClient, key: str, good: Good, *, is_prompt: bool) -> None:
        house, journal = self.market.house, self.market.journal
        journal.note("order.sent", key=key, companyId=house.company_id, lines=[[good.sku, 1]], payment="card")
        body = json.dumps({"items": items([(good, 1)]), "shippingAddress": ADDRESS, "payment": CARD}).encode()
        described = {
            "Content-Type": "application/json", "Content-Length": str(len(body)), "Idempotency-Key": key
        }  # fmt: skip
        content = body if is_prompt else _in_two(body)
        order = await self._ask(http, "POST", "/api/orders", content=content, described=described)
        if order is None:
            journal.note("order.unknown", key=key, reason="failed")
            return
        self.marked += MARK in order
        journal.note("order.accepted", key=key, orderId=order["id"], total=order["totals"]["grandTotal"]["amount"])

    async def _ask(
        self,
        http: httpx2.AsyncClient,
        method: str,
        path: str,
        *,
        content: bytes | AsyncIterator[bytes] | None = None,
        described: dict[str, str] | None = None,
    ) -> dict[str, Any] | None:
        headers = {**self.market.house.admin.identity(), **(described or {})}
        began = time.monotonic()
        try:
            answer = await http.request(method, path, content=content, headers=headers)
        except httpx2.HTTPError as error:
            self.failed.append(f"{method} {path}: {error!r} after {time.monotonic() - began:.1f} s")
            return None
        self.answers += 1
        if answer.status_code >= 400:
            self.failed.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None
        told: dict[str, Any] = answer.json()
        return told


async def _in_two(body: bytes) -> AsyncIterator[bytes]:
    half = len(body) // 2
    yield body[:half]
    await asyncio.sleep(BETWEEN_SECONDS)
    yield body[half:]


@guarantee(
    27,
    "upgrade",
    "every service restarted in turn under load, two versions side by side and back: 0 failed requests, 0 lost",
    kind=Kind.ROUGH,
)
async def upgrades_go_unnoticed(stage: Stage) -> None:
    house = await found(stage.suite, "upgrade", goods=5, stock=50_000)
    journal = Journal(stage.folder / "journal.jsonl")
    callers = Callers(stage, Market(house, journal))
    await _restart_each(stage, callers)
    await _two_versions(stage, callers)
    stage.count("answers", callers.answers)
    stage.none("failed requests", callers.failed)
    await settled(stage, house, journal, SETTLED_SECONDS)
    await judge(stage, house, journal)
    await house.close()


async def _restart_each(stage: Stage, callers: Callers) -> None:
    client = SupervisorClient(stage.suite.home)
    async with callers.calling(AT_ONCE):
        for number, service in enumerate(stage.pick(FEW, tuple(SERVICES)), 1):
            before = {each["name"]: each["pid"] for each in await stage.suite.processes(service)}
            stage.progress(f"restarting {service}", number, len(SERVICES))
            await asyncio.to_thread(renew, stage.suite.home, client, [service])
            after = {each["name"]: each["pid"] for each in await stage.suite.processes(service)}
            stage.check(f"{service} was replaced", True, all(after[name] != pid for name, pid in before.items()))
            await callers.calls(3 * AT_ONCE)
            stage.count("services restarted")


async def _two_versions(stage: Stage, callers: Callers) -> None:
    """The next version of sales, with a field more, beside this one; then this one alone again."""
    with tempfile.TemporaryDirectory(prefix=".run-next-", dir=REPOSITORY) as folder:
        source = await asyncio.to_thread(copy_of_source, Path(folder) / "source")
        for edit in NEXT_VERSION:
            edit.apply(source)
        await stage.suite.reconfigure("sales", copies=2, source=source, mixed=True)
        await _all_serve(stage, "sales")
        since = datetime.now(UTC)
        for _ in range(TURNS):
            # The gateway keeps its connections: new ones reach both copies.
            await asyncio.to_thread(renew, stage.suite.home, SupervisorClient(stage.suite.home), ["gateway"])
            async with callers.calling(AT_ONCE):
                await callers.calls(stage.pick(40, 400))
            if all((await _marked_events(stage, callers, since)).values()):
                break
        await stage.suite.reconfigure("sales")
        await stage.suite.stop("sales.2")
        async with callers.calling(2):
            await callers.calls(stage.pick(10, 100))
    marked = await _marked_events(stage, callers, since)
    stage.measure("orders answered by the next version", callers.marked)
    stage.at_least("orders told of by the next version", 1, marked[True])
    stage.at_least("orders told of by this version", 1, marked[False])


async def _all_serve(stage: Stage, service: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not all(serves(each) for each in await stage.suite.processes(service)):
            await asyncio.sleep(0.1)


async def _marked_events(stage: Stage, callers: Callers, since: datetime) -> dict[bool, int]:
    """Orders told of with the new field and without it, since both versions serve."""
    sent = stage.suite.database("sales")["sent_events"]
    ours = {
        "event.type": "order.created", "event.companyid": callers.market.house.company_id, "sentAt": {"$gte": since}
    }  # fmt: skip
    marked = await sent.count_documents({**ours, f"event.data.{MARK}": {"$exists": True}})
    return {True: marked, False: await sent.count_documents(ours) - marked}
