"""Confirmed, mandatory, persistent publishing with a deadline."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, HeadersType
from pydantic_core import to_json

from common.messaging.connection import BROKER_ERRORS, BrokerConnection
from common.messaging.topology import EVENTS

CONFIRM_SECONDS = 10
BATCH_TYPE = "application/cloudevents-batch+json"


class PublishUnconfirmed(Exception):
    """The broker did not say that it has the message. It may have it: send again with the same ids."""


class Publisher:
    """Publishes on one channel of its own connection."""

    def __init__(self, connection: BrokerConnection) -> None:
        self._connection = connection
        self._channel: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._lock = asyncio.Lock()

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
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                target = await self._exchange(exchange)
                await target.publish(message, routing_key, mandatory=True)
        except BROKER_ERRORS as error:
            await self._forget()
            raise PublishUnconfirmed(repr(error)) from error

    async def check(self) -> None:
        """Ask the broker something. Raises PublishUnconfirmed when it does not answer."""
        try:
            async with asyncio.timeout(2):
                await self._exchange(EVENTS)
                assert self._channel is not None
                await self._channel.get_exchange(EVENTS, ensure=True)
        except BROKER_ERRORS as error:
            await self._forget()
            raise PublishUnconfirmed(repr(error)) from error

    async def _exchange(self, name: str) -> AbstractExchange:
        async with self._lock:
            if self._channel is None or self._channel.is_closed:
                self._channel = await self._connection.channel(confirms=True)
                self._exchanges = {}
            if name not in self._exchanges:
                self._exchanges[name] = await self._channel.get_exchange(name, ensure=False)
            return self._exchanges[name]

    async def _forget(self) -> None:
        channel, self._channel = self._channel, None
        self._exchanges = {}
        if channel is not None and not channel.is_closed:
            try:
                async with asyncio.timeout(1):
                    await channel.close()
            except BROKER_ERRORS:
                return
