"""A loop on the broker ends when it is stopped, and for no other reason; what is cut off is opened again."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr
from yarl import URL

from common.messaging.connection import BROKER_ERRORS, BrokerConnection, keep_running
from common.testing import Infrastructure

pytestmark = pytest.mark.asyncio


class Wire:
    """A way to the broker that can be cut."""

    def __init__(self, broker: URL) -> None:
        self._broker = broker
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> str:
        """The address through this wire."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1")
        port: int = self._server.sockets[0].getsockname()[1]
        return str(self._broker.with_host("127.0.0.1").with_port(port))

    def cut(self) -> None:
        """Reset every connection that runs through."""
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        self.cut()
        self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._broker.host, self._broker.port)
        self._writers += [writer, back]
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while some := await source.read(65536):
        target.write(some)


@pytest_asyncio.fixture
async def wire(infrastructure: Infrastructure) -> AsyncIterator[Wire]:
    wire = Wire(URL(infrastructure.amqp_url))
    yield wire
    wire.close()


class TestBrokerConnection:
    async def test_opens_again_after_it_was_cut_off(self, wire: Wire) -> None:
        connection = BrokerConnection(SecretStr(await wire.open()), "test")
        channel = await connection.channel(confirms=True)
        wire.cut()
        async with asyncio.timeout(10):
            while connection.is_open or not channel.is_closed:
                await asyncio.sleep(0.01)
            while True:
                try:
                    await (await connection.channel(confirms=True)).close()
                    break
                except BROKER_ERRORS:
                    await asyncio.sleep(0.1)
        assert connection.is_open
        await connection.close()


class Work:
    """Fails once in a given way, then goes on for ever."""

    def __init__(self, failure: BaseException) -> None:
        self._failures = [failure]
        self.goes_on = asyncio.Event()

    async def __call__(self) -> None:
        if self._failures:
            raise self._failures.pop()
        self.goes_on.set()
        await asyncio.Event().wait()


class TestKeepRunning:
    @pytest.mark.parametrize("failure", [ConnectionError("gone"), TimeoutError(), asyncio.CancelledError()])
    async def test_runs_again_after_what_the_broker_did(self, failure: BaseException) -> None:
        work = Work(failure)
        running = asyncio.create_task(keep_running("work", work))
        async with asyncio.timeout(5):
            await work.goes_on.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
