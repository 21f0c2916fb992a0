"""Waiting until a company has come to rest, and judging it then."""

import asyncio
import time
from collections.abc import Collection, Sequence

import aio_pika
from aiormq.exceptions import AMQPError
from httpx2 import HTTPError
from pymongo.errors import PyMongoError

from common.messaging.topology import RETRY_DELAYS_SECONDS, dead_queue, retry_exchange
from common.suite import SERVICES
from dev.dead import Dead, collect
from dev.prove.checker import Records, judge_records, read_records
from dev.prove.checker.records import WAITING
from dev.prove.rows import Kind, all_rows
from dev.prove.stage import Stage
from dev.prove.suite import ProvedSuite
from dev.prove.trade import House, Journal
from dev.provision.environments import database_prefix

POLL_SECONDS = 0.1
LOOK_SECONDS = 0.5
CONNECT_SECONDS = 10.0
ARRIVAL_ORDER = ("the audit log keeps each aggregate's order",)
"""Suspended where a broker lost what it had confirmed, as after a restore: what was still unsent then arrives before
what is sent again, and the log, which takes each id once in any order, says by ``sequence`` which came first."""

AWAY = (PyMongoError, AMQPError, HTTPError, OSError)
"""What a server that is still on its way back answers with."""


async def ended(stage: Stage, house: House, seconds: float) -> float:
    """Waits until no order of the house waits any more; returns how long that took.

    A check that fails says how many still do after ``seconds``.
    """
    began, seconds = time.monotonic(), stage.patience(seconds)
    waiting = await _orders_waiting(stage.suite, house)
    while waiting and time.monotonic() - began < seconds:
        stage.progress("orders that wait", waiting, 0)
        await asyncio.sleep(POLL_SECONDS)
        waiting = await _orders_waiting(stage.suite, house)
    stage.check(f"orders that neither are confirmed nor cancelled after {seconds:.0f} s", 0, waiting)
    return time.monotonic() - began


async def settled(stage: Stage, house: House, journal: Journal, seconds: float, *, but: Collection[str] = ()) -> float:
    """Waits until the house is at rest: every order has ended, nothing is left to send or to handle, the watchers
    have caught up. Returns how long that took; a check fails if it was more than ``seconds``.

    A row that has the suite to itself also waits for empty queues; beside others they never are. ``but``: the
    invariants that its faults suspend, by name.
    """
    began, seconds = time.monotonic(), stage.patience(seconds)
    await ended(stage, house, seconds)
    row = all_rows().get(stage.verdict.number)
    alone = row is not None and row.kind in (Kind.ROUGH, Kind.LONE)
    disturbed: Sequence[str] = ["nothing was read yet"]
    while disturbed and (time.monotonic() - began < seconds or disturbed[0] == "nothing was read yet"):
        disturbed = await _disturbed(stage.suite, house, journal, alone=alone, but=but)
        if disturbed:
            stage.progress(f"coming to rest: {disturbed[0]}", time.monotonic() - began, seconds)
            await asyncio.sleep(LOOK_SECONDS)
    stage.none(f"what is not at rest after {seconds:.0f} s", disturbed)
    return time.monotonic() - began


async def judge(stage: Stage, house: House, journal: Journal, *, but: Collection[str] = ()) -> Records:
    """One check an invariant of the independent checker but those, and one for dead letters of the house."""
    records = await read(stage.suite, house, journal)
    for name, violations in judge_records(records).items():
        if name not in but:
            stage.none(name, violations)
    stage.none("no dead letter", await dead_letters(stage.suite, house))
    return records


async def read(suite: ProvedSuite, house: House, journal: Journal) -> Records:
    """Everything the house left behind."""
    return await read_records(suite.mongo, database_prefix(), journal.path, house.company_id, suite.sandbox)


async def dead_letters(suite: ProvedSuite, house: House) -> Dead:
    """What services could not handle of this house."""
    if not any((await depths(suite.amqp, [dead_queue(service) for service in SERVICES])).values()):
        return []

    def ours(event: object) -> bool:
        return isinstance(event, dict) and event.get("companyid") == house.company_id

    return await collect(suite.amqp, list(SERVICES), replay=False, chosen=ours)


async def depths(amqp_url: str, queues: Sequence[str]) -> dict[str, int]:
    """How many messages are ready in each queue; those that are not there have none."""
    connection = await aio_pika.connect(amqp_url, timeout=CONNECT_SECONDS)
    found: dict[str, int] = {}
    async with connection:
        for name in queues:
            channel = await connection.channel()
            try:
                queue = await channel.declare_queue(name, passive=True)
                found[name] = queue.declaration_result.message_count or 0
                await channel.close()
            except aio_pika.exceptions.ChannelNotFoundEntity:
                found[name] = 0
    return found


async def _orders_waiting(suite: ProvedSuite, house: House) -> int:
    criteria = {"companyId": house.company_id, "status": {"$in": list(WAITING)}}
    try:
        return await suite.database("sales")["orders"].count_documents(criteria)
    except PyMongoError:
        return 1


async def _disturbed(
    suite: ProvedSuite, house: House, journal: Journal, *, alone: bool, but: Collection[str]
) -> list[str]:
    """What is not at rest yet, in words."""
    try:
        found = judge_records(await read(suite, house, journal))
        broken = [f"{name}: {violations[0]}" for name, violations in found.items() if violations and name not in but]
        if broken or not alone:
            return broken
        queues = [*SERVICES, *(retry_exchange(delay) for delay in RETRY_DELAYS_SECONDS)]
        waiting = await depths(suite.amqp, queues)
    except AWAY as error:
        return [f"a server is away: {error!r}"]
    return [f"{count} messages in {name}" for name, count in waiting.items() if count]
