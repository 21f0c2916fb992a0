"""One connection to the broker that comes back by itself after a fall."""

import asyncio
from collections.abc import Awaitable, Callable

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import AMQPError
from pydantic import SecretStr
from yarl import URL

from common.logging import get_logger

log = get_logger(__name__)

CONNECT_SECONDS = 10
HEARTBEAT_SECONDS = 10
"""A peer that is stopped or cut off is given up after two to three of these; the library's own minute is long."""

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
        return self._connection is not None and not self._connection.is_closed

    async def open(self) -> AbstractConnection:
        """The open connection. Raises one of BROKER_ERRORS when the broker cannot be reached in time."""
        async with self._lock:
            if self._connection is None or self._connection.is_closed:
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
        """Close for good."""
        if self._connection is not None:
            await self._connection.close()


def is_being_stopped() -> bool:
    """Whether the current task was cancelled by somebody; if not, a CancelledError came out of the broker's library.

    There, whoever waits for an answer on a channel that is closed meanwhile gets one.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` again with backoff (0.2 s to 5 s) for as long as the broker falls, until cancelled."""
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
        delay = min(delay * 2, 5.0)
