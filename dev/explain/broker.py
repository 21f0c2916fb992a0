"""What the broker has of an order: dead and waiting messages, and whether anybody takes from the queues."""

import asyncio
import json
import urllib.error
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity

from common.messaging.topology import RETRY_DELAYS_SECONDS, retry_exchange
from dev.dead import ASK_SECONDS, Dead, collect, describe, events_in
from dev.explain.events import Seen
from dev.home import Home, OperatorError
from dev.provision.management import ManagementApi, in_path
from dev.secret_store import SecretStore

RETRY_LOOK = 300
"""How many messages of one retry queue are looked at: while they are, they do not return."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in one queue. ``consumers`` 0: nobody takes from it."""

    messages: int
    in_hand: int
    consumers: int


@dataclass(frozen=True, slots=True)
class AtTheBroker:
    """Messages that concern the order, by service, and the queues of those who may have to take one."""

    dead: Dead
    retrying: Dead
    queues: dict[str, Waiting]


class Broker:
    """The broker of one suite, as its administrator."""

    def __init__(self, home: Home) -> None:
        secrets = SecretStore(home.secrets)
        amqp, management = secrets.find("address.amqp"), secrets.find("address.management")
        if amqp is None or management is None:
            raise OperatorError("Nothing was started here yet: start it with ./markethall up.")
        self._amqp = amqp
        self._management = ManagementApi(management)
        self._virtual_host = unquote(urlsplit(amqp).path[1:]) or "/"

    def look(self, services: list[str], ids: set[str], order_id: str) -> AtTheBroker:
        """What is there. Raises OperatorError when the broker does not answer."""
        try:
            return asyncio.run(self._look(services, ids, order_id))
        except (AMQPError, OSError, TimeoutError) as error:
            raise OperatorError(f"The broker does not answer ({error!r}): is the suite up?") from error

    def replay(self, services: list[str], ids: set[str], order_id: str) -> Dead:
        """Send the order's dead messages to their services again; those of others stay. Raises OperatorError."""
        try:
            return asyncio.run(
                collect(self._amqp, services, replay=True, chosen=lambda event: _concerns(event, ids, order_id))
            )
        except (AMQPError, OSError, TimeoutError) as error:
            raise OperatorError(f"The broker does not answer ({error!r}); run it again.") from error

    def send(self, sending: Iterable[tuple[str, Seen]]) -> None:
        """Lay events, as their producers stored them, into the queues of the named services alone.

        No other consumer and no watcher hears them again. Raises OperatorError.
        """
        try:
            asyncio.run(self._send(list(sending)))
        except (AMQPError, OSError, TimeoutError) as error:
            raise OperatorError(f"The broker does not answer ({error!r}); run it again.") from error

    async def _send(self, sending: list[tuple[str, Seen]]) -> None:
        async with await aio_pika.connect(self._amqp, timeout=ASK_SECONDS) as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            for service, seen in sending:
                message = aio_pika.Message(
                    json.dumps([seen.document]).encode(),
                    content_type="application/cloudevents-batch+json",
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                )
                await channel.default_exchange.publish(message, service, timeout=ASK_SECONDS)

    async def _look(self, services: list[str], ids: set[str], order_id: str) -> AtTheBroker:
        dead = await collect(self._amqp, services, replay=False, chosen=lambda event: _concerns(event, ids, order_id))
        async with await aio_pika.connect(self._amqp, timeout=ASK_SECONDS) as connection:
            retrying = [
                each
                for delay in RETRY_DELAYS_SECONDS
                for each in await _retrying(await connection.channel(), retry_exchange(delay), ids, order_id)
            ]
        queues = {name: waiting for name in services if (waiting := self._waiting(name)) is not None}
        return AtTheBroker(dead, retrying, queues)

    def _waiting(self, service: str) -> Waiting | None:
        try:
            told = self._management.get(f"/api/queues/{in_path(self._virtual_host)}/{in_path(service)}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return Waiting(told.get("messages_ready", 0), told.get("messages_unacknowledged", 0), told.get("consumers", 0))


async def _retrying(channel: AbstractChannel, name: str, ids: set[str], order_id: str) -> Dead:
    """The order's events that wait for another try; every message goes back to where it was."""
    try:
        queue = await channel.declare_queue(name, passive=True)
    except ChannelNotFoundEntity:
        return []
    held: list[AbstractIncomingMessage] = []
    while len(held) < RETRY_LOOK and (message := await queue.get(fail=False, timeout=ASK_SECONDS)) is not None:
        held.append(message)
    for message in held:
        await message.reject(requeue=True)
    await channel.close()
    return [
        told
        for message in held
        if any(_concerns(event, ids, order_id) for event in events_in(message.body))
        for told in describe(message.routing_key or "", message.body, message.headers)
    ]


def _concerns(event: Any, ids: set[str], order_id: str) -> bool:
    """Whether it is one of these, or names the order: a dead message may be all that is left of its event."""
    if not isinstance(event, dict):
        return False
    data = event.get("data")
    named = data.get("orderId") if isinstance(data, dict) else None
    return event.get("id") in ids or order_id in (event.get("subject"), named)
