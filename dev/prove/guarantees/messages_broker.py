"""Rows 12 and 29: a queue that is bound no more, and a broker that has lost its disk."""

import asyncio
import time

import aio_pika
import httpx2

from common.messaging.topology import EVENTS
from dev.prove.faults.load import under_load
from dev.prove.rows import Kind, guarantee
from dev.prove.settling import ARRIVAL_ORDER, judge, settled
from dev.prove.stage import Stage
from dev.prove.trade import CARD, Journal, Market, found

ALARM_SECONDS = 10.0
FILLED_SECONDS = 30.0
REST_SECONDS = 60.0
DISK_REST_SECONDS = 120.0
POLL_SECONDS = 0.1
ASK_SECONDS = 5.0

Binding = tuple[str, str]

ORDER_FLOW: list[Binding] = [
    ("inventory", "order.created"),
    ("sales", "inventory.reserved"),
    ("payment", "inventory.reserved"),
    ("sales", "payment.succeeded"),
    ("inventory", "order.confirmed"),
    ("notification", "order.confirmed"),
]
"""Without any one of these, an order stands still or somebody is not told."""


@guarantee(
    12,
    "unroutable noticed",
    "a binding removed under load: alarm ≤ 10 s, bound again, the gap replayed from the feed, 0 lost",
    kind=Kind.ROUGH,
)
async def unroutable_noticed(stage: Stage) -> None:
    house = await found(stage.suite, "unbound", goods=12, stock=100_000, customers=4)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    slowest = 0.0
    for number in range(rounds := stage.pick(small=1, full=5)):
        removed = sorted(stage.rng.sample(ORDER_FLOW, stage.pick(small=3, full=2)))
        async with under_load(stage, market, at_once=2):
            slowest = max(slowest, await _unbind_and_wait(stage, removed))
        stage.count("bindings removed", len(removed))
        stage.progress("rounds", number + 1, rounds)
    stage.at_most("seconds from the removal until it was told, slowest", ALARM_SECONDS, slowest)
    await settled(stage, house, journal, REST_SECONDS)
    records = await judge(stage, house, journal)
    stage.count("orders accepted", len(records.answers.accepted))
    await house.close()
    journal.close()


async def _unbind_and_wait(stage: Stage, removed: list[Binding]) -> float:
    """Removes bindings; returns the seconds until the last was told, once all are back and their gaps filled."""
    before = {binding: await _told(stage, *binding) for binding in removed}
    await _unbind(stage, removed)
    began = time.monotonic()
    told: dict[Binding, float] = {}
    while len(told) < len(removed) and time.monotonic() - began < 3 * ALARM_SECONDS:
        for service, event_type in set(removed) - set(told):
            if await _told(stage, service, event_type) > before[service, event_type]:
                told[service, event_type] = time.monotonic() - began
        await asyncio.sleep(POLL_SECONDS)
    stage.none("removed bindings that nobody noticed", set(removed) - set(told))
    until = time.monotonic() + FILLED_SECONDS
    while (left := await _amiss(stage, removed)) and time.monotonic() < until:
        await asyncio.sleep(POLL_SECONDS)
    stage.none(f"not bound again or not filled after {FILLED_SECONDS:g} s", left)
    return max(told.values(), default=3 * ALARM_SECONDS)


async def _unbind(stage: Stage, removed: list[Binding]) -> None:
    connection = await aio_pika.connect(stage.suite.amqp)
    async with connection:
        channel = await connection.channel()
        for service, event_type in removed:
            await (await channel.get_queue(service)).unbind(EVENTS, event_type)


async def _told(stage: Stage, service: str, event_type: str) -> float:
    """How often the service has counted this binding as lost."""
    async with httpx2.AsyncClient(timeout=ASK_SECONDS) as http:
        page = (await http.get(f"{stage.suite.home.service_url(service)}/metrics")).text
    wanted = f'markethall_bindings_lost_total{{type="{event_type}"}} '
    return sum(float(line.removeprefix(wanted)) for line in page.splitlines() if line.startswith(wanted))


async def _amiss(stage: Stage, removed: list[Binding]) -> list[str]:
    """What is not bound, and where a service says itself that it still reads what it missed."""
    found = []
    for service, event_type in removed:
        listed = await asyncio.to_thread(stage.suite.broker.get, f"/api/queues/%2F/{service}/bindings")
        if not any(each["source"] == EVENTS and each["routing_key"] == event_type for each in listed):
            found.append(f"{service} is not bound to {event_type}")
    async with httpx2.AsyncClient(timeout=ASK_SECONDS) as http:
        for service in {service for service, _ in removed}:
            answer = (await http.get(f"{stage.suite.home.service_url(service)}/health/ready")).json()
            found += [f"{service}: {alarm}" for alarm in answer.get("alarms", ())]
    return found


@guarantee(
    29,
    "broker's disk gone",
    "an empty RabbitMQ in its place, under load and with full queues: every order ends ≤ 120 s after, 0 doubled",
    kind=Kind.ROUGH,
)
async def brokers_disk_gone(stage: Stage) -> None:
    house = await found(stage.suite, "diskless", goods=12, stock=100_000, customers=4)
    journal = Journal(stage.folder / "journal.jsonl")
    market = Market(house, journal)
    async with under_load(stage, market, at_once=1):
        await stage.suite.freeze("inventory")
        waiting = await _orders_in_queues(stage, market)
        await stage.suite.lose_brokers_disk()
        await stage.suite.kill("inventory")  # and with it what it had been handed and not yet handled
        began = time.monotonic()
        await stage.suite.ready()
        stage.measure("seconds from the empty broker's provisioning until all were ready", time.monotonic() - began)
    await settled(stage, house, journal, DISK_REST_SECONDS, but=ARRIVAL_ORDER)
    records = await judge(stage, house, journal, but=ARRIVAL_ORDER)
    stage.none("orders that were lost with the queues", waiting - {order["_id"] for order in records.confirmed})
    stage.count("orders whose first event was in a queue that died", len(waiting))
    stage.count("orders accepted", len(records.answers.accepted))
    await house.close()
    journal.close()


async def _orders_in_queues(stage: Stage, market: Market) -> set[str]:
    """Orders whose `order.created` the broker has confirmed and inventory, frozen, will never get from it."""
    goods = market.house.goods
    placed = [await market.place([(stage.rng.choice(goods), 1)], CARD) for _ in range(stage.pick(small=10, full=100))]
    ids = {order["id"] for order in placed if order is not None}
    sent = stage.suite.database("sales")["sent_events"]
    criteria = {"event.type": "order.created", "event.subject": {"$in": sorted(ids)}}
    async with asyncio.timeout(REST_SECONDS):
        while await sent.count_documents(criteria) < len(ids):
            await asyncio.sleep(POLL_SECONDS)
    return ids
