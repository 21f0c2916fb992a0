"""Row 24: live events reach whoever listens, once each and in order, whoever else stalls or falls."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from common.open_files import allow_many
from dev.home import Home
from dev.prove.guarantees.realtime_clients import Listening, Stalled, note_sockets
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import ended
from dev.prove.stage import Stage
from dev.prove.trade import CARD, House, Journal, Market, found
from dev.prove.trade.house import put_in_stock

CHANNEL = "orders"
CHANNEL_TYPES = "^(order|payment|sale)\\."
CUT_SECONDS = 10.0
FLOOD_SECONDS = 60.0
MOST_KIB = 1024
HEARD_SECONDS = 60.0
POLL_SECONDS = 0.2
OPENED_AT_ONCE = 20
SOCKETS = {"MARKETHALL_SOCKETS_AN_ACCOUNT": "5000"}


@guarantee(
    24,
    "realtime",
    "1,000 clients, 100 of which stall, and a copy killed: stalled ones cut ≤ 10 s, no gap and no repeat for the rest",
    kind=Kind.ROUGH,
)
async def realtime(stage: Stage) -> None:
    allow_many()
    await stage.suite.reconfigure("realtime", SOCKETS, copies=2)
    house = await found(stage.suite, "live", goods=stage.pick(120, 250), stock=10_000)
    journal = Journal(stage.folder / "journal.jsonl")
    total, stalling = stage.pick((60, 5), (1000, 100))
    listening = [Listening(house.admin, CHANNEL) for _ in range(total - stalling)]
    tasks = await _start(stage, listening)
    stalled = await _stall(house, stalling)
    try:
        await _sell_and_flood(stage, house, journal, stalled)
        await ended(stage, house, HEARD_SECONDS)
        sent = await _sent(stage, house)
        seconds = await _wait_until_heard(listening, len(sent))
        _judge(stage, listening, sent)
        stage.measure("from the end of the orders until all had heard of them (s)", seconds)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in stalled:
            each.leave()
    await house.close()
    journal.close()


async def _start(stage: Stage, listening: Sequence[Listening]) -> list[asyncio.Task[None]]:
    tasks: list[asyncio.Task[None]] = []
    for start in range(0, len(listening), OPENED_AT_ONCE):
        group = listening[start : start + OPENED_AT_ONCE]
        tasks += [asyncio.create_task(each.run()) for each in group]
        async with asyncio.timeout(HEARD_SECONDS):
            await asyncio.gather(*(each.is_subscribed.wait() for each in group))
        stage.progress("clients that listen", start + len(group), len(listening))
    stage.count("clients that listen", len(listening))
    return tasks


async def _stall(house: House, count: int) -> list[Stalled]:
    return [await Stalled.subscribed(house.admin, CHANNEL, "inventory") for _ in range(count)]


async def _sell_and_flood(stage: Stage, house: House, journal: Journal, stalled: list[Stalled]) -> None:
    """Orders for those who listen; what the stalled ones subscribed to besides fills their sockets; a copy falls."""
    market = Market(house, journal)
    orders = stage.pick(6, 20)
    with _watched(stage.suite.home, stalled):
        selling = asyncio.create_task(market.trade(orders, at_once=2, rng=stage.rng, payment=lambda _: CARD))
        await _flood(stage, house, stalled)
        await selling
        selling = asyncio.create_task(market.trade(orders, at_once=2, rng=stage.rng, payment=lambda _: CARD))
        await _kill_a_copy(stage)
        await selling
        until = time.monotonic() + 2 * CUT_SECONDS
        while time.monotonic() < until and any(each.cut_at is None for each in stalled):
            await asyncio.sleep(POLL_SECONDS)
    stage.none("stalled clients that were never cut", [each.port for each in stalled if each.cut_at is None])
    slowest = max(each.held_seconds for each in stalled)
    stage.at_most("seconds from a full socket until its client was cut, slowest", CUT_SECONDS, slowest)
    stage.at_most("KiB that waited in a stalled client's socket, most", MOST_KIB, max(e.bytes for e in stalled) // 1024)
    stage.count("stalled clients cut", sum(each.cut_at is not None for each in stalled))


async def _flood(stage: Stage, house: House, stalled: list[Stalled]) -> None:
    """Stock events, of which one a piece goes to each stalled client, until no socket takes any more.

    Else the copy that falls would end sockets that nobody cut.
    """
    until = time.monotonic() + FLOOD_SECONDS
    while time.monotonic() < until and not all(each.is_full for each in stalled):
        await put_in_stock(house, house.goods, 1)
        stage.progress("full sockets", sum(each.is_full for each in stalled), len(stalled))
    early = [each.port for each in stalled if not each.is_full]
    stage.none("stalled clients whose sockets did not fill", early)


async def _kill_a_copy(stage: Stage) -> None:
    names = sorted(each["name"] for each in await stage.suite.processes("realtime"))
    await stage.suite.kill(stage.rng.choice(names))
    stage.count("copies killed")


@contextmanager
def _watched(home: Home, stalled: list[Stalled]) -> Iterator[None]:
    """Notes what becomes of them, beside the loop: a thousand clients keep that busy."""
    port = int(home.service_url("gateway").rpartition(":")[2])
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(POLL_SECONDS):
            note_sockets(stalled, port)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        is_over.set()
        watching.join()


async def _sent(stage: Stage, house: House) -> set[str]:
    """The ids of everything that belongs on the channel."""
    criteria = {"event.companyid": house.company_id, "event.type": {"$regex": CHANNEL_TYPES}}
    found: set[str] = set()
    for service in ("sales", "payment"):
        found |= {each["_id"] async for each in stage.suite.database(service)["sent_events"].find(criteria, {"_id": 1})}
    return found


async def _wait_until_heard(listening: Sequence[Listening], count: int) -> float:
    began = time.monotonic()
    while time.monotonic() < began + HEARD_SECONDS and any(len(each.heard) < count for each in listening):
        await asyncio.sleep(POLL_SECONDS)
    return time.monotonic() - began


def _judge(stage: Stage, listening: Sequence[Listening], sent: set[str]) -> None:
    stage.count("events that each was to hear", len(sent))
    stage.count("frames heard", sum(len(each.heard) for each in listening))
    stage.count("clients that resumed by cursor", sum(each.reconnected > 0 for each in listening))
    stage.at_least("clients that had to resume", 1, sum(each.reconnected > 0 for each in listening))
    stage.check("resumed clients that were told to start anew", 0, sum(each.expired for each in listening))
    gaps = [f"{len(sent - set(each.heard))} of {len(sent)}" for each in listening if sent - set(each.heard)]
    stage.none("clients with a gap", gaps)
    repeats = [len(each.heard) - len(set(each.heard)) for each in listening]
    stage.none("clients that heard something twice", [each for each in repeats if each])
    orders = {tuple(each.heard) for each in listening}
    stage.check("orders in which the clients heard it", 1, len(orders))
