"""One connection to the broker that comes back by itself after a fall."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import AMQPError
from pydantic import SecretStr
from yarl import URL

from common.logging import get_logger

log = get_logger(__name__)

CONNECT_SECONDS = 10
CLOSE_SECONDS = 2
HEARTBEAT_SECONDS = 10
"""A peer that is stopped or cut off is given up after two to three of these; the library's own minute is long."""

LONGEST_PAUSE_SECONDS = 1.0
"""Asking a broker that is down costs nothing; every second after its return is one in which nothing moves."""

BROKER_ERRORS = (AMQPError, aio_pika.exceptions.AMQPException, ConnectionError, OSError, TimeoutError, RuntimeError)
"""What a fallen, blocked or restarting broker looks like from here."""


class BrokerConnection:
    """Opened on first use and opened again when found closed. Publishing and consuming each have their own."""

    def __init__(self, url: SecretStr, purpose: str) -> None:
        self._url = url
        self._purpose = purpose
        self._connection: AbstractConnection | None = None
        self._lock = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the connection stands right now."""
        # The connection calls itself closed only once we have closed it; what was cut off is known one layer below.
        transport = self._connection.transport if self._connection is not None else None
        return transport is not None and not transport.connection.is_closed

    async def open(self) -> AbstractConnection:
        """The open connection. Raises one of BROKER_ERRORS when the broker cannot be reached in time."""
        async with self._lock:
            if self._connection is None or not self.is_open:
                await self.close()
                url = URL(self._url.get_secret_value())
                self._connection = await aio_pika.connect(
                    url if "heartbeat" in url.query else url.update_query(heartbeat=HEARTBEAT_SECONDS),
                    timeout=CONNECT_SECONDS,
                    client_properties={"connection_name": self._purpose},
                )
            return self._connection

    async def channel(self, *, confirms: bool) -> AbstractChannel:
        """A new channel; with ``confirms``, a returned message raises."""
        connection = await self.open()
        return await connection.channel(publisher_confirms=confirms, on_return_raises=confirms)

    async def close(self) -> None:
        """Close what is open, with a deadline: a broker that hangs does not hold up whoever leaves it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*BROKER_ERRORS):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await connection.close()


class Attachment:
    """A consumer's hold on its channel: it stands until the channel falls or the broker ends the consumer.

    The broker ends one whose queue was deleted or has moved; nothing would be delivered any more, silently.
    """

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel
        self._ended = False

    async def watch(self) -> None:
        """Begin to listen for the end; before consuming."""
        (await self._channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(self._note_end)

    @property
    def stands(self) -> bool:
        """Whether messages can still come."""
        return not self._channel.is_closed and not self._ended

    def _note_end(self, _: object) -> None:
        self._ended = True


def is_being_stopped() -> bool:
    """Whether the current task was cancelled by somebody; if not, a CancelledError came out of the broker's library.

    There, whoever waits for an answer on a channel that is closed meanwhile gets one.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` again with backoff (0.2 s to 1 s) for as long as the broker falls, until cancelled."""
    delay = 0.2
    while True:
        started = asyncio.get_running_loop().time()
        try:
            await work()
        except BROKER_ERRORS as error:
            log.warning("broker_lost", work=name, error=repr(error))
        except asyncio.CancelledError as error:
            if is_being_stopped():
                raise
            log.warning("broker_lost", work=name, error=repr(error))
        if asyncio.get_running_loop().time() - started > 10:
            delay = 0.2
        await asyncio.sleep(delay)
        delay = min(delay * 2, LONGEST_PAUSE_SECONDS)
