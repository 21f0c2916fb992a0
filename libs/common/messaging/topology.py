"""The broker's topology in one readable place, and who may do what in it.

=================  ==========================================================================
markethall.events  topic exchange; the routing key is the event type
<service>          one quorum queue a service that acts, bound to what its handler table names
markethall.retry.* one queue a delay; what waits there returns through markethall.return
<service>.dead     what failed for good, with its reason
markethall.feed.*  the stream of everything, for those who watch; its name carries an epoch
markethall.epoch   a stream whose first message is that epoch: a broker that lost its disk has another
=================  ==========================================================================
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel
from pamqp.common import Arguments

from common.events import EVENT_MODELS
from common.ids import sortable_part

EVENTS = "markethall.events"
RETURN = "markethall.return"
DEAD = "markethall.dead"
EPOCH = "markethall.epoch"
FEED_PREFIX = "markethall.feed."
RETRY_DELAYS_SECONDS = (1, 5, 30)
DELIVERY_LIMIT = 20
DEAD_DELIVERY_LIMIT = 1_000_000
FEED_AGE = "7D"
EPOCH_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Permissions:
    """Regular expressions for one broker user; ``topics`` limits the routing keys it may publish."""

    configure: str
    write: str
    read: str
    topics: Mapping[str, str]


def retry_exchange(delay_seconds: int) -> str:
    """The exchange (and queue) where a message waits ``delay_seconds`` before it returns."""
    return f"markethall.retry.{delay_seconds}s"


def dead_queue(service: str) -> str:
    """The queue of what ``service`` could not handle."""
    return f"{service}.dead"


def permissions(service: str) -> Permissions:
    """What a service's own broker user may do: its own queues, its own event types, the feed to read."""
    own_types = [re.escape(kind) for kind, model in sorted(EVENT_MODELS.items()) if service == model.PRODUCER]
    only_itself = f"^{service}$"
    return Permissions(
        configure=f"^{service}(\\..*)?$",
        write=rf"^({service}(\..*)?|markethall\.(events|dead|retry\..*))$",
        read=rf"^({service}(\..*)?|markethall\.(events|return|dead|epoch|feed\..*))$",
        topics={
            EVENTS: f"^({'|'.join(own_types)})$" if own_types else "^$",
            DEAD: only_itself,
            **{retry_exchange(delay): only_itself for delay in RETRY_DELAYS_SECONDS},
        },
    )


async def declare_exchanges(channel: AbstractChannel) -> None:
    """The exchanges, retry queues and feed that all services share; the administrator's work."""
    await channel.declare_exchange(EVENTS, "topic", durable=True)
    await channel.declare_exchange(RETURN, "direct", durable=True)
    await channel.declare_exchange(DEAD, "topic", durable=True)
    for delay in RETRY_DELAYS_SECONDS:
        exchange = await channel.declare_exchange(retry_exchange(delay), "topic", durable=True)
        arguments: Arguments = {
            "x-queue-type": "quorum",
            "x-message-ttl": delay * 1000,
            "x-dead-letter-exchange": RETURN,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        queue = await channel.declare_queue(retry_exchange(delay), durable=True, arguments=arguments)
        await queue.bind(exchange, "#")


async def declare_service_queue(channel: AbstractChannel, service: str, types: Iterable[str]) -> None:
    """A service's own queue, its dead-letter queue and their bindings; safe to repeat."""
    await declare_dead_queue(channel, service)
    arguments: Arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": service,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    queue = await channel.declare_queue(service, durable=True, arguments=arguments)
    await queue.bind(RETURN, service)
    for event_type in sorted(types):
        await queue.bind(EVENTS, event_type)


async def declare_dead_queue(channel: AbstractChannel, service: str) -> None:
    """Where a service lays what it cannot handle; safe to repeat."""
    # Listing takes letters and puts them back: RabbitMQ 4 would drop one that was listed twenty times.
    arguments: Arguments = {"x-queue-type": "quorum", "x-delivery-limit": DEAD_DELIVERY_LIMIT}
    dead = await channel.declare_queue(dead_queue(service), durable=True, arguments=arguments)
    await dead.bind(DEAD, service)


async def declare_feed(channel: AbstractChannel) -> str:
    """The epoch and the feed stream bound to everything; returns the stream's name."""
    stream: dict[str, Any] = {"x-queue-type": "stream", "x-max-age": FEED_AGE}
    await channel.declare_queue(EPOCH, durable=True, arguments={"x-queue-type": "stream"})
    epoch = await read_epoch(channel)
    if epoch is None:
        body = aio_pika.Message(sortable_part().encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(body, EPOCH)
        epoch = await read_epoch(channel, wait_seconds=10)
    if epoch is None:
        raise RuntimeError("the broker did not return the feed's epoch")
    name = FEED_PREFIX + epoch
    queue = await channel.declare_queue(name, durable=True, arguments=stream)
    await queue.bind(EVENTS, "#")
    return name


async def require_feed(channel: AbstractChannel) -> str:
    """Make sure that what is published now reaches the feed, too; returns its epoch.

    A broker that has just started opens its doors a moment before its streams are back. What it is given in
    that moment it confirms, for the queues have it, and the stream never sees it. Raises ConnectionError, or
    the broker's own refusal of a queue that is not there, while that is so.
    """
    epoch = await read_epoch(channel)
    if epoch is None:
        raise ConnectionError("the feed has no epoch yet")
    await channel.declare_queue(FEED_PREFIX + epoch, passive=True)
    return epoch


async def read_epoch(channel: AbstractChannel, wait_seconds: float = EPOCH_WAIT_SECONDS) -> str | None:
    """The first message of the epoch stream: whoever wrote first, everyone reads the same."""
    first: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def receive(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        await message.ack()
        if not first.done():
            first.set_result(message.body.decode())

    await channel.set_qos(prefetch_count=1)
    queue = await channel.get_queue(EPOCH, ensure=False)
    tag = await queue.consume(receive, arguments={"x-stream-offset": "first"})
    try:
        async with asyncio.timeout(wait_seconds):
            return await first
    except TimeoutError:
        return None
    finally:
        await queue.cancel(tag)


async def declare_all(amqp_url: str, handled_types: Mapping[str, Iterable[str]]) -> str:
    """Declare everything with the administrator's address; returns the feed's name.

    ``handled_types`` names, for each service that acts, the event types of its handler table. An event published
    while a queue is missing would never reach it, and services may be waiting for this broker: the feed, without
    which none of them publishes, comes last.
    """
    connection = await aio_pika.connect(amqp_url, timeout=15)
    try:
        channel = await connection.channel(publisher_confirms=True)
        await declare_exchanges(channel)
        for service, types in handled_types.items():
            await declare_service_queue(channel, service, types)
        return await declare_feed(await connection.channel(publisher_confirms=True))
    finally:
        await connection.close()
