"""Facts of one company, told once more in another's name to everybody who acts on them."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import aio_pika

from common.ids import new_id
from common.messaging.topology import EVENTS, RETRY_DELAYS_SECONDS, dead_queue, retry_exchange
from common.suite import SERVICES
from dev.prove.guarantees.tenants_field import Field

PERSONAL = ("session.", "apikey.", "signingkey.")
"""What stops a token names the token, and no company's things; only auth's own account may say it."""

QUIET_SECONDS = 3.0
SWEEP_SECONDS = 30.0
POLL_SECONDS = 0.2


async def try_events(field: Field) -> None:
    """Every kind of fact that the other company has told, under this one's name and another id."""
    chosen = await _facts(field)
    forged = [_renamed(fact, field.own.known("company")) for fact in chosen]
    connection = await aio_pika.connect(field.suite.amqp, timeout=15)
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EVENTS)
        for fact in forged:
            body = aio_pika.Message(json.dumps([fact]).encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await exchange.publish(body, fact["type"])
        field.stage.count("forged events", len(forged))
        field.stage.count("kinds of forged events", len({fact["type"] for fact in forged}))
        dead = await _swept(connection, {fact["id"] for fact in forged})
    field.stage.count("forged events that services laid aside or tried again", dead)


async def _facts(field: Field) -> list[dict[str, Any]]:
    """The first few facts of each kind, as the services have sent them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, spec in SERVICES.items():
        if spec.database:
            sent = field.suite.database(name)["sent_events"].find({"event.companyid": field.foreign.known("company")})
            async for each in sent.sort("_id", 1):
                kind = each["event"]["type"]
                if not kind.startswith(PERSONAL) and len(found.setdefault(kind, [])) < field.stage.pick(2, 20):
                    found[kind].append(each["event"])
    return [fact for facts in found.values() for fact in facts] + [_suspension(found["company.created"][0])]


def _suspension(founded: dict[str, Any]) -> dict[str, Any]:
    """What would hurt most: the other company is said to be suspended."""
    data = {"companyId": founded["data"]["companyId"], "status": "suspended"}
    return {**founded, "type": "company.suspended", "data": data}


def _renamed(fact: dict[str, Any], company_id: str) -> dict[str, Any]:
    told = {**fact, "id": new_id("evt"), "companyid": company_id, "time": datetime.now(UTC).isoformat()}
    return {**told, "sequence": fact.get("sequence", 0) + 1000}  # so that it is news to whoever keeps copies


async def _swept(connection: aio_pika.abc.AbstractConnection, forged: set[str]) -> int:
    """Take the forged events out of retry and dead queues again until none has come for a while; how many."""
    names = [retry_exchange(delay) for delay in RETRY_DELAYS_SECONDS] + [dead_queue(name) for name in SERVICES]
    swept: set[str] = set()
    loop = asyncio.get_running_loop()
    ends, quiet = loop.time() + SWEEP_SECONDS, loop.time() + QUIET_SECONDS
    while loop.time() < min(ends, quiet):
        for name in names:
            taken = await _take(connection, name, forged)
            if taken:
                swept |= taken
                quiet = loop.time() + QUIET_SECONDS
        await asyncio.sleep(POLL_SECONDS)
    return len(swept)


async def _take(connection: aio_pika.abc.AbstractConnection, name: str, forged: set[str]) -> set[str]:
    """Ack what is forged; all else goes back when the channel closes."""
    taken: set[str] = set()
    async with connection.channel() as channel:
        try:
            queue = await channel.declare_queue(name, passive=True)
        except aio_pika.exceptions.ChannelNotFoundEntity:
            return taken
        while message := await queue.get(fail=False):
            ids = {str(event.get("id")) for event in json.loads(message.body) if isinstance(event, dict)}
            if ids & forged:
                await message.ack()
                taken |= ids & forged
    return taken
