"""A queue a copy: what every running copy of a service must hear, such as revocations."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from pydantic_core import from_json

from common.clock import monotonic_seconds
from common.events import Envelope, EventData, unseal
from common.ids import sortable_part
from common.logging import get_logger
from common.messaging.connection import Attachment, BrokerConnection, keep_running
from common.messaging.topology import EVENTS

log = get_logger(__name__)

AGAIN_SECONDS = (5.0, 30.0, 120.0)
"""When the list is completed once more: what was told while this copy was away, auth itself may hear a little later."""


class Announcements:
    """Listens on a private classic queue; ``refresh`` runs after each (re)attachment until it succeeds: no gap."""

    def __init__(
        self,
        service: str,
        connection: BrokerConnection,
        models: Sequence[type[EventData]],
        hear: Callable[[Envelope[Any]], None],
        refresh: Callable[[], Awaitable[bool]],
    ) -> None:
        self._queue_name = f"{service}.copy.{sortable_part()}"
        self._connection = connection
        self._types = [model.TYPE for model in models]
        self._hear = hear
        self._refresh = refresh

    async def run(self) -> None:
        """Listen until cancelled."""
        await keep_running(self._queue_name, self._listen)

    async def _listen(self) -> None:
        channel = await self._connection.channel(confirms=False)
        attachment = Attachment(channel)
        try:
            await attachment.watch()
            queue = await channel.declare_queue(self._queue_name, exclusive=True, auto_delete=True)
            for event_type in self._types:
                await queue.bind(EVENTS, event_type)
            await queue.consume(self._receive, no_ack=True)
            await self._complete(attachment)
        finally:
            await channel.close()

    async def _complete(self, attachment: Attachment) -> None:
        """Refresh until it succeeds, and a few times more; then stay while the attachment stands."""
        began = monotonic_seconds()
        due = [began, *(began + seconds for seconds in AGAIN_SECONDS)]
        while attachment.stands:
            if due and monotonic_seconds() >= due[0] and await self._refresh():
                del due[0]
            await asyncio.sleep(0.5)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        try:
            for document in from_json(message.body):
                self._hear(unseal(document))
        except (ValueError, KeyError, TypeError) as error:
            log.error("announcement_unreadable", error=repr(error))
