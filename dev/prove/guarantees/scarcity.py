"""Row 32: the broker's disk full, the database's disk full, every connection of a pool taken."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from dev.prove.faults.disk import (
    NoSmallDisk,
    SmallDisk,
    brokers_disk_full,
    database_answers,
    database_on_a_small_disk,
    force_to_disk,
)
from dev.prove.faults.load import seconds_until_ended
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import CARD, House, Journal, Market, found
from dev.prove.trade.market import ADDRESS, items

ANSWERED_SECONDS = 35.0
"""The gateway waits 30 s for a service; the machine adds its own."""

RESUMED_SECONDS = 60.0
SETTLED_SECONDS = 90.0
PATIENCE_SECONDS = 60.0
CLEAN = (200, 201, 429, 503, 504)
CONNECTIONS = 4
"""Of sales, so that the few orders that a careful gateway lets through at a time take them all."""

HANGING_SECONDS = 12.0
"""Longer than anybody waits for a connection (8 s)."""

FILLED_TIMES = 8
BUSY = "The database does not answer."


@guarantee(
    32,
    "disk full, pool exhausted",
    "the broker's disk full, the database's disk full, its connections all taken: refused cleanly, resumes by itself",
    kind=Kind.ROUGH,
)
async def scarcity_is_told(stage: Stage) -> None:
    house = await found(stage.suite, "scarce", goods=5, stock=20_000, customers=2)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    await _broker_without_disk(stage, market)
    await _pool_without_connections(stage, market)
    try:
        async with database_on_a_small_disk(stage.suite) as disk:
            await stage.suite.ready()
            await _database_without_disk(stage, market, disk)
            await settled(stage, house, journal, SETTLED_SECONDS)
    except NoSmallDisk as refused:
        stage.check("a small file system for the database", "mounted", str(refused))
    await stage.suite.ready()
    await judge(stage, house, journal)
    await house.close()


async def _broker_without_disk(stage: Stage, market: Market) -> None:
    """Orders are taken all the same: their events wait in the outbox."""
    async with brokers_disk_full(stage.suite):
        placed = [await market.place([(market.house.goods[0], 1)], CARD) for _ in range(stage.pick(5, 50))]
        stage.count("orders while the broker's disk was full", len(placed))
        stage.none("orders refused while the broker's disk was full", [each for each in placed if each is None])
    seconds = await seconds_until_ended(stage, market)
    stage.at_most("orders end again after the broker's disk (s)", RESUMED_SECONDS, seconds)


async def _pool_without_connections(stage: Stage, market: Market) -> None:
    """Writes hang in the database until every connection of sales is taken; who finds none is told so."""
    await stage.suite.reconfigure("sales", {"MARKETHALL_MONGO_CONNECTIONS": str(CONNECTIONS)})
    async with _writes_hang(stage, stage.pick(HANGING_SECONDS, PATIENCE_SECONDS)):
        answers = await _storm(stage, market, stage.pick(100, 300))
    stage.none("unclean answers while the pool was exhausted", _unclean(answers))
    busy = sum(status == 503 and told.get("detail") == BUSY for status, told, _ in answers)
    stage.at_least("refused because no connection was free", 1, busy)
    slowest = max(answer[2] for answer in answers)
    stage.at_most("slowest answer while the pool was exhausted (s)", ANSWERED_SECONDS, slowest)
    seconds = await seconds_until_ended(stage, market)
    stage.at_most("orders end again after the pool (s)", RESUMED_SECONDS, seconds)


@asynccontextmanager
async def _writes_hang(stage: Stage, most_seconds: float) -> AsyncIterator[None]:
    """The database's own lock for copying its files: nobody writes until it is lifted, after so long at the latest."""
    admin = stage.suite.mongo.admin
    await admin.command("fsync", lock=True)
    lifting = asyncio.create_task(_lift(stage, most_seconds))
    try:
        yield
    finally:
        lifting.cancel()
        lifted = (await asyncio.gather(lifting, return_exceptions=True))[0] is None
        if not lifted:
            await admin.command("fsyncUnlock")


async def _lift(stage: Stage, after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    await stage.suite.mongo.admin.command("fsyncUnlock")


async def _database_without_disk(stage: Stage, market: Market, disk: SmallDisk) -> None:
    """It ends where it cannot write; until there is room again everybody is told to come back."""
    answers: list[Answered] = []
    for _ in range(FILLED_TIMES):  # with a checkpoint it drops old journals, and has room once more
        stage.count("bytes taken from the database's disk", await asyncio.to_thread(disk.fill))
        await force_to_disk(stage.suite)
        answers += await _storm(stage, market, stage.pick(20, 100))
        if any(answer[0] in (503, 504) for answer in answers):
            break
    stage.none("unclean answers while the database's disk was full", _unclean(answers))
    refused = sum(answer[0] in (503, 504) for answer in answers)
    stage.at_least("refused while the database's disk was full", 1, refused)
    stage.at_most(
        "slowest answer while the database's disk was full (s)", ANSWERED_SECONDS, max(each[2] for each in answers)
    )
    disk.free()
    began = time.monotonic()
    await database_answers(stage.suite)
    await seconds_until_ended(stage, market)
    stage.at_most("orders end again after the database's disk (s)", RESUMED_SECONDS, time.monotonic() - began)


Answered = tuple[int, dict[str, Any], float]
"""Status, the problem's document, seconds."""


async def _storm(stage: Stage, market: Market, count: int) -> list[Answered]:
    """Orders all at once, each asked once; what was answered is journalled, and what was not may exist."""
    async with httpx2.AsyncClient(
        base_url=stage.suite.gateway, timeout=PATIENCE_SECONDS, limits=httpx2.Limits(max_connections=count)
    ) as http:
        answers = await asyncio.gather(*(_ask(http, market, number) for number in range(count)))
    for status, number in sorted(Counter(answer[0] for answer in answers).items()):
        stage.count(f"answered {status}", number)
    return list(answers)


async def _ask(http: httpx2.AsyncClient, market: Market, number: int) -> Answered:
    house: House = market.house
    good, key = house.goods[number % len(house.goods)], f"scarce-{time.time_ns()}-{number}"
    market.journal.note("order.sent", key=key, companyId=house.company_id, lines=[[good.sku, 1]], payment="card")
    body = {"items": items([(good, 1)]), "shippingAddress": ADDRESS, "payment": CARD}
    began = time.monotonic()
    try:
        answer = await http.post("/api/orders", json=body, headers={**house.admin.identity(), "Idempotency-Key": key})
    except httpx2.HTTPError as error:
        market.journal.note("order.unknown", key=key, reason=repr(error))
        return 0, {"reason": repr(error)}, time.monotonic() - began
    told = answer.json()
    if answer.status_code == 201:
        total = told["totals"]["grandTotal"]["amount"]
        market.journal.note("order.accepted", key=key, orderId=told["id"], total=total)
    else:
        market.journal.note("order.unknown", key=key, reason=str(answer.status_code))
        told["retryAfter"] = answer.headers.get("retry-after")
    return answer.status_code, told, time.monotonic() - began


def _unclean(answers: list[Answered]) -> list[str]:
    """Whatever is neither an order nor a problem that says when to come back."""
    return [
        f"{status} {told}"[:300]
        for status, told, _ in answers
        if status not in CLEAN or (status != 201 and not told.get("retryAfter"))
    ]
