"""Every message a second and a third time, in another order."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import aio_pika
from pymongo import AsyncMongoClient

from dev.prove.checker.reading import DATABASES

EXCHANGE = "markethall.events"
BATCH_TYPE = "application/cloudevents-batch+json"
SECONDS = 30.0


async def events_of(
    client: AsyncMongoClient[dict[str, Any]], database_prefix: str, company_id: str
) -> list[dict[str, Any]]:
    """Every event that was sent of a company, whole."""
    found: list[dict[str, Any]] = []
    for name in DATABASES:
        cursor = client[f"{database_prefix}{name}"]["sent_events"].find({"event.companyid": company_id})
        found += [each["event"] async for each in cursor]
    return found


async def publish_again(amqp_url: str, events: Sequence[dict[str, Any]], rng: Random, *, times: int) -> int:
    """Publishes all of them ``times`` times, shuffled as a whole, each as a message of its own; returns how many."""
    again = list(events) * times
    rng.shuffle(again)
    connection = await aio_pika.connect(amqp_url, timeout=SECONDS)
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=False)
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        for event in again:
            message = aio_pika.Message(
                json.dumps([event]).encode(), content_type=BATCH_TYPE, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
            )
            await exchange.publish(message, event["type"], mandatory=True, timeout=SECONDS)
    return len(again)
