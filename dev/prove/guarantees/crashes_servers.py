"""Rows 7, 8 and 9: the broker and the database fall, and the broker takes nothing."""

import asyncio
import time

from dev.prove.faults.alarm import memory_alarm
from dev.prove.faults.load import seconds_until_ended, under_load
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import CARD, House, Journal, Market, found

BROKER_SECONDS = 15.0
DATABASE_SECONDS = 10.0
DRAIN_SECONDS = 30.0
REST_SECONDS = 60.0
ANSWER_SECONDS = 5.0
ALARM_RATE = 4.0
"""Orders a second during the alarm: a minute of them can be worked off in half a minute, on two busy cores too."""

HANGS_SECONDS = 0.5
"""A server that falls hangs for so long before: what it was sent meanwhile dies with it."""


@guarantee(
    7,
    "broker crash",
    "10 × `kill -9` of RabbitMQ under load: 0 confirmed messages lost, resumed ≤ 15 s",
    kind=Kind.ROUGH,
)
async def broker_crash(stage: Stage) -> None:
    await _server_crash(stage, "rabbitmq", BROKER_SECONDS)
    stage.note("One node, processes killed: the disk and the machine stay. docs/guarantees.md says what three add.")


@guarantee(
    8,
    "database crash",
    "10 × `kill -9` of mongod under load: 0 acknowledged writes lost, resumed ≤ 10 s",
    kind=Kind.ROUGH,
)
async def database_crash(stage: Stage) -> None:
    await _server_crash(stage, "mongod", DATABASE_SECONDS)
    stage.note("One node, processes killed: the disk and the machine stay. docs/guarantees.md says what three add.")


async def _server_crash(stage: Stage, server: str, limit_seconds: float) -> None:
    """Kills the server under load; each time, an order placed then must have ended within the limit."""
    house, journal, market = await _open(stage, server)
    rounds, slowest = stage.pick(small=1, full=10), 0.0
    async with under_load(stage, market, at_once=stage.pick(4, 6)):
        for number in range(1, rounds + 1):
            await seconds_until_ended(stage, market)
            await _hang_and_fall(stage, server)
            took = await seconds_until_ended(stage, market)
            slowest = max(slowest, took)
            stage.count(f"kill -9 of {server}")
            stage.progress("fallen and resumed", number, rounds)
    stage.at_most("seconds from the kill until an order placed then had ended, slowest", limit_seconds, slowest)
    await _rest_and_judge(stage, house, journal, REST_SECONDS)


async def _hang_and_fall(stage: Stage, server: str) -> None:
    """The worse way to fall: the server takes bytes for a moment and does nothing with them."""
    held = await stage.suite.freeze(server)
    await asyncio.sleep(HANGS_SECONDS)
    await stage.suite.kill(server)
    stage.suite.thaw(held)


@guarantee(
    9,
    "broker alarm",
    "memory alarm for 60 s while 4 orders a second come: the API answers, everything drains ≤ 30 s after",
    kind=Kind.ROUGH,
)
async def broker_alarm(stage: Stage) -> None:
    house, journal, market = await _open(stage, "alarm")
    slowest, placed = 0.0, 0
    async with memory_alarm(stage.suite):
        until = time.monotonic() + stage.pick(small=3.0, full=60.0)
        while time.monotonic() < until:
            began = time.monotonic()
            order = await market.place([(stage.rng.choice(house.goods), 1)], CARD, buyer=house.customers[0])
            await house.admin.get("/api/orders", limit=5)
            took = time.monotonic() - began
            slowest, placed = max(slowest, took), placed + (order is not None)
            await asyncio.sleep(1 / ALARM_RATE - took)
        waiting = await _count_waiting(stage, house)
    ended_at = time.monotonic()
    stage.count("orders accepted during the alarm", placed)
    stage.at_least("orders accepted during the alarm", 1, placed)
    stage.at_least("orders that waited when the alarm ended", 1, waiting)
    stage.at_most("seconds for an order and a list during the alarm, slowest", ANSWER_SECONDS, slowest)
    await _rest_and_judge(stage, house, journal, DRAIN_SECONDS - (time.monotonic() - ended_at))
    stage.measure("seconds from the end of the alarm until everything was drained", time.monotonic() - ended_at)


async def _count_waiting(stage: Stage, house: House) -> int:
    orders = stage.suite.database("sales")["orders"]
    return await orders.count_documents({"companyId": house.company_id, "status": "pending"})


async def _open(stage: Stage, name: str) -> tuple[House, Journal, Market]:
    house = await found(stage.suite, name, goods=12, stock=100_000, customers=4)
    journal = Journal(stage.folder / "journal.jsonl")
    return house, journal, Market(house, journal)


async def _rest_and_judge(stage: Stage, house: House, journal: Journal, seconds: float) -> None:
    await settled(stage, house, journal, seconds)
    records = await judge(stage, house, journal)
    stage.check("requests that were answered with an order", len(records.answers.sent), len(records.answers.accepted))
    stage.count("orders accepted", len(records.answers.accepted))
    stage.count("orders confirmed", len(records.confirmed))
    await house.close()
    journal.close()
