"""Waits for events on the broker, with a deadline and never a sleep."""

import asyncio
from collections.abc import Callable
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from pydantic_core import from_json

from common.events import Envelope, unseal
from common.messaging.topology import EVENTS

DEADLINE_SECONDS = 15.0


class Listener:
    """Hears every event of a virtual host from the moment it is opened."""

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url
        self.heard: list[Envelope[Any]] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> "Listener":
        self._connection = await aio_pika.connect(self._url)
        channel = await self._connection.channel()
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        await queue.bind(EVENTS, "#")
        await queue.consume(self._receive, no_ack=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        async with self._changed:
            self.heard += [unseal(document) for document in from_json(message.body)]
            self._changed.notify_all()

    async def wait_for(
        self,
        event_type: str,
        where: Callable[[Envelope[Any]], bool] = lambda event: True,
        *,
        count: int = 1,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> list[Envelope[Any]]:
        """The first ``count`` matching events. Raises AssertionError naming what was heard instead."""

        def found() -> list[Envelope[Any]]:
            return [event for event in self.heard if event.type == event_type and where(event)]

        try:
            async with asyncio.timeout(deadline_seconds), self._changed:
                await self._changed.wait_for(lambda: len(found()) >= count)
        except TimeoutError:
            heard = [event.type for event in self.heard]
            raise AssertionError(f"waited for {count} {event_type}, heard {heard}") from None
        return found()[:count]
