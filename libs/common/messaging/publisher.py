"""Confirmed, mandatory, persistent publishing with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, HeadersType
from pydantic_core import to_json

from common.messaging.connection import BROKER_ERRORS, BrokerConnection, is_being_stopped
from common.messaging.topology import EVENTS, require_feed

CONFIRM_SECONDS = 10
CHECK_SECONDS = 2
BATCH_TYPE = "application/cloudevents-batch+json"


class PublishUnconfirmed(Exception):
    """The broker did not say that it has the message. It may have it: send again with the same ids."""


class Publisher:
    """Publishes on one channel of its own connection, opened only while the feed is there to hear it."""

    def __init__(self, connection: BrokerConnection) -> None:
        self._connection = connection
        self._channel: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._lock = asyncio.Lock()
        self._epoch: str | None = None

    @property
    def epoch(self) -> str | None:
        """The feed's epoch on the channel that is open; None while none is."""
        return None if self._channel is None or self._channel.is_closed else self._epoch

    async def publish(self, event_type: str, events: Sequence[Mapping[str, Any]]) -> None:
        """Send ``events`` of one type as one batch message. Raises PublishUnconfirmed."""
        await self.send(EVENTS, event_type, to_json(list(events)))

    async def send(self, exchange: str, routing_key: str, body: bytes, headers: HeadersType | None = None) -> None:
        """Send one message and wait for the confirm. Raises PublishUnconfirmed."""
        message = aio_pika.Message(
            body,
            content_type=BATCH_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            headers=headers or {},
        )

        async def publish(channel: AbstractChannel) -> None:
            target = await self._exchange(channel, exchange)
            await target.publish(message, routing_key, mandatory=True)

        await self._ask(publish, CONFIRM_SECONDS)

    async def check(self) -> None:
        """Ask the broker something. Raises PublishUnconfirmed when it does not answer."""

        async def look(channel: AbstractChannel) -> None:
            await channel.get_exchange(EVENTS, ensure=True)

        await self._ask(look, CHECK_SECONDS)

    async def depth(self, queue: str) -> float:
        """How many messages wait in a queue; 0 where there is none. Raises one of BROKER_ERRORS."""
        channel = await self._connection.channel(confirms=False)
        try:
            declared = await channel.declare_queue(queue, passive=True)
            return float(declared.declaration_result.message_count or 0)
        except aio_pika.exceptions.ChannelNotFoundEntity:
            return 0.0
        finally:
            await _close(channel)

    async def _ask(self, question: Callable[[AbstractChannel], Awaitable[None]], deadline_seconds: float) -> None:
        """Ask on the channel; after a failure, the next question gets a new one."""
        channel: AbstractChannel | None = None
        try:
            async with asyncio.timeout(deadline_seconds):
                channel = await self._open()
                await question(channel)
        except BROKER_ERRORS as error:
            await self._leave(channel)
            raise PublishUnconfirmed(repr(error)) from error
        except asyncio.CancelledError as error:
            if is_being_stopped():
                raise
            raise PublishUnconfirmed("the channel was closed meanwhile") from error

    async def _open(self) -> AbstractChannel:
        async with self._lock:
            if self._channel is None or self._channel.is_closed:
                channel = await self._connection.channel(confirms=True)
                try:
                    self._epoch = await require_feed(channel)
                except BaseException:
                    await _close(channel)
                    raise
                self._channel, self._exchanges = channel, {}
            return self._channel

    async def _exchange(self, channel: AbstractChannel, name: str) -> AbstractExchange:
        if name not in self._exchanges:
            self._exchanges[name] = await channel.get_exchange(name, ensure=False)
        return self._exchanges[name]

    async def _leave(self, failed: AbstractChannel | None) -> None:
        """Close the channel on which something failed; one that has taken its place since stays."""
        if failed is None:
            return
        if self._channel is failed:
            self._channel = None
        await _close(failed)


async def _close(channel: AbstractChannel) -> None:
    if not channel.is_closed:
        with suppress(*BROKER_ERRORS):
            async with asyncio.timeout(1):
                await channel.close()
