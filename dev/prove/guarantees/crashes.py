"""Rows 5 and 6: processes that are killed, and messages that come thrice."""

import asyncio
import time

from common.suite import SERVICES
from dev.prove.checker import Records
from dev.prove.checker.records import amount
from dev.prove.checker.stock import all_movements
from dev.prove.faults.falling import Falls, fall_with_work, mostly_paid
from dev.prove.faults.repeating import events_of, publish_again
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import ended, judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import House, Journal, Market, found
from dev.provision.environments import database_prefix

END_SECONDS = 60.0
"""Every accepted order has ended so long after the last kill."""

REST_SECONDS = 60.0
IN_HAND = (("rabbitmq", "sales"), ("mongod", "payment"), ("mongod", "inventory"))
"""A server that holds work back, and the service that falls meanwhile."""

CRASHES = "a company traded through crashes"


@guarantee(
    5,
    "orders end",
    "`kill -9` of each of the thirteen processes 5 times during 2,000 orders that carry their payment: every 201 is "
    "confirmed or cancelled ≤ 60 s after the last kill; no double charge",
    kind=Kind.ROUGH,
)
async def orders_end(stage: Stage) -> None:
    house, journal = await trade_through_crashes(stage)
    took = await settled(stage, house, journal, REST_SECONDS)
    stage.measure("seconds until the watchers had all of it", took)
    records = await judge(stage, house, journal)
    stage.count("orders accepted", len(records.answers.accepted))
    stage.count("orders confirmed", len(records.confirmed))
    stage.count("orders cancelled", len(records.cancelled))
    stage.check("requests that were answered with an order", len(records.answers.sent), len(records.answers.accepted))


async def trade_through_crashes(stage: Stage) -> tuple[House, Journal]:
    """The orders and the kills of row 5; returns when every order has ended, or could have."""
    orders = stage.pick(small=60, full=2000)
    house = await found(stage.suite, "crash", goods=20, stock=10 * orders, customers=8)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    falls = Falls(stage, _victims(stage), orders)
    async with asyncio.TaskGroup() as group:
        group.create_task(
            market.trade(orders, at_once=stage.pick(8, 16), rng=stage.rng, payment=mostly_paid, placed=falls.note)
        )
        group.create_task(falls.run())
    last_at = falls.last_at
    for server, service in IN_HAND:
        last_at = await fall_with_work(stage, market, server=server, service=service)
    await ended(stage, house, END_SECONDS - (time.monotonic() - last_at))
    stage.measure("seconds from the last kill until every order had ended", time.monotonic() - last_at)
    stage.shared[CRASHES] = (house, journal)
    return house, journal


def _victims(stage: Stage) -> list[str]:
    """Every service so often, in a random order; a few of them where little is done."""
    every = list(SERVICES)
    victims = stage.pick(small=stage.rng.sample(every, 3), full=every * 5)
    stage.rng.shuffle(victims)
    return victims


@guarantee(
    6,
    "no event lost, each once in effect",
    "the run of row 5, and every message of it delivered three times, shuffled: 0 lost, 0 doubled",
    kind=Kind.ROUGH,
    follows=5,
)
async def each_event_once(stage: Stage) -> None:
    shared = stage.shared.get(CRASHES)
    house, journal = shared if shared is not None else await trade_through_crashes(stage)
    await settled(stage, house, journal, REST_SECONDS)
    before = await judge(stage, house, journal)
    stage.count("events sent", len(before.sent))
    stage.count("events in the audit log", len(before.audit))
    events = await events_of(stage.suite.mongo, database_prefix(), house.company_id)
    again = await publish_again(stage.suite.amqp, events, stage.rng, times=2)
    stage.count("messages delivered again", again)
    await settled(stage, house, journal, REST_SECONDS)
    after = await judge(stage, house, journal)
    known = {event["id"] for event in before.sent}
    stage.none("events that the repetition brought about", [e["type"] for e in after.sent if e["id"] not in known])
    stage.check("the balances afterwards", _figures(before), _figures(after))
    await house.close()
    journal.close()


def _figures(records: Records) -> dict[str, int]:
    """What a repeated effect would change."""
    return {
        "pieces on hand": sum(row["onHand"] for row in records.stock),
        "movements": len(all_movements(records)),
        "captured": sum(amount(payment["captured"]) for payment in records.payments),
        "ledger entries": len(records.ledger),
        "debts": len(records.debts),
        "messages": len(records.messages),
        "letters": len(records.mails),
        "audit entries": len(records.audit),
        "revenue counted": sum(day["revenue"] for day in records.days),
        "pieces counted": sum(product["units"] for product in records.day_products),
    }
