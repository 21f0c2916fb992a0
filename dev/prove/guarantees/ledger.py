"""Row 17: the ledgers of all companies, all the time."""

import asyncio
import time
from typing import Any

from pymongo.errors import PyMongoError

from dev.prove.rows import Kind, guarantee
from dev.prove.settling import ended
from dev.prove.stage import Stage
from dev.prove.trade import CARD, Journal, Market, found

ORDERS = 8
END_SECONDS = 60.0
PAUSE_SECONDS = 1.0
REST_FACTOR = 20
"""Between two samples, so many times what a sample took: looking must not be the load."""

SUMS: list[dict[str, Any]] = [
    {"$unwind": "$lines"},
    {"$group": {
        "_id": {"company": "$companyId", "currency": "$lines.currency"},
        "sum": {"$sum": "$lines.amount"}, "lines": {"$sum": 1},
    }},
]  # fmt: skip
UNBALANCED: list[dict[str, Any]] = [
    {"$unwind": "$lines"},
    {"$group": {"_id": {"entry": "$_id", "currency": "$lines.currency"}, "sum": {"$sum": "$lines.amount"}}},
    {"$match": {"sum": {"$ne": 0}}},
    {"$limit": 5},
]


@guarantee(
    17,
    "ledger",
    "all ledgers, per company and currency, sampled during all of it at one cluster time each: sum 0, always",
    kind=Kind.CONSTANT,
)
async def ledger_is_balanced(stage: Stage) -> None:
    await _trade(stage)
    seen = _Seen()
    while True:
        is_last = stage.ending.is_set()
        began = time.monotonic()
        await _sample(stage, seen)
        if is_last and seen.samples:
            break
        pause = max(PAUSE_SECONDS, REST_FACTOR * (time.monotonic() - began))
        try:
            async with asyncio.timeout(pause):
                await stage.ending.wait()
        except TimeoutError:
            continue
    stage.count("samples", seen.samples)
    stage.count("samples that the database could not answer", seen.unanswered)
    stage.measure("ledgers (company and currency) in the last sample", seen.ledgers)
    stage.measure("lines in the last sample", seen.lines)
    stage.at_least("samples", 1, seen.samples)
    stage.at_least("lines in the last sample", 2, seen.lines)
    stage.none("sums other than 0, in any sample", seen.sums)
    stage.none("entries that do not balance, in any sample", seen.entries)


class _Seen:
    """What the samples showed."""

    def __init__(self) -> None:
        self.samples = self.unanswered = self.ledgers = self.lines = 0
        self.sums: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []


async def _sample(stage: Stage, seen: _Seen) -> None:
    """One look at all ledgers, at one cluster time."""
    ledger = stage.suite.database("payment")["ledger_entries"]
    try:
        async with stage.suite.mongo.start_session(snapshot=True) as session:
            sums = await (await ledger.aggregate(SUMS, session=session)).to_list()
            entries = await (await ledger.aggregate(UNBALANCED, session=session)).to_list()
    except PyMongoError:
        seen.unanswered += 1  # a row has the database down at the moment
        return
    seen.samples += 1
    seen.ledgers, seen.lines = len(sums), sum(each["lines"] for each in sums)
    seen.sums += [each for each in sums if each["sum"]]
    seen.entries += entries


async def _trade(stage: Stage) -> None:
    """So that there is a ledger, whichever rows are run: orders paid, and one given back."""
    house = await found(stage.suite, "ledger", goods=3, stock=100, customers=1)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    orders = [await market.place([(stage.rng.choice(house.goods), 1)], CARD) for _ in range(ORDERS)]
    await ended(stage, house, END_SECONDS)
    paid = [order for order in orders if order is not None]
    await house.admin.post(f"/api/orders/{paid[0]['id']}/cancel", {"reason": "customer_request"})
    await house.close()
    journal.close()
