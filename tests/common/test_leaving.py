"""A server that leaves: whoever is in a request, about to make one, or at the door is answered and told to go."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from common.web import leaving
from common.web.connections import BoundedConnection
from common.web.leaving import LeavingServer

pytestmark = pytest.mark.asyncio
ENOUGH_SECONDS = 10
LONG_SECONDS = 1.5
REQUEST = b"GET /%s HTTP/1.1\r\nHost: here\r\n\r\n"


class Served(LeavingServer):
    """One that a client reaches in the very step in which its door is closed."""

    late: socket.socket | None = None

    async def on_tick(self, counter: int) -> bool:
        over = await super().on_tick(counter)
        if over:
            self.late = socket.create_connection(("127.0.0.1", self.port), timeout=ENOUGH_SECONDS)
            self.late.sendall(REQUEST % b"there")
        return over

    @property
    def port(self) -> int:
        return int(self.servers[0].sockets[0].getsockname()[1])


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Served]:
    app = FastAPI()
    app.get("/there")(lambda: {"is": "there"})

    @app.get("/long")
    async def long() -> dict[str, str]:
        await asyncio.sleep(LONG_SECONDS)
        return {"is": "there"}

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = Served(uvicorn.Config(app, lifespan="off", log_config=None, http=BoundedConnection))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    async with asyncio.timeout(ENOUGH_SECONDS):
        while not server.started:
            await asyncio.sleep(0.01)
        yield server
        server.should_exit = True
        await serving


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self._writer = reader, writer

    async def ask(self, path: bytes = b"there") -> str:
        self._writer.write(REQUEST % path)
        return await self.answer()

    async def answer(self) -> str:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        await self.reader.readexactly(int(head.partition("content-length: ")[2].split("\r\n")[0]))
        return head

    def close(self) -> None:
        self._writer.close()


async def _caller(server: Served) -> Caller:
    return Caller(*await asyncio.open_connection("127.0.0.1", server.port))


async def _leave(server: Served) -> None:
    server.should_exit = True
    while server.late is None:
        await asyncio.sleep(0.005)


async def test_answers_what_is_under_way_with_the_wish_to_close(server: Served) -> None:
    caller = await _caller(server)
    asked = asyncio.create_task(caller.ask(b"long"))
    await asyncio.sleep(0.05)
    await _leave(server)
    head = await asked
    assert (head.split()[1], "connection: close" in head) == ("200", True)
    assert await caller.reader.read() == b""


async def test_answers_a_caller_that_spoke_a_moment_ago(server: Served) -> None:
    caller = await _caller(server)
    assert "connection: close" not in await caller.ask()
    await _leave(server)
    await asyncio.sleep(leaving.QUIET_SECONDS / 2)
    head = await caller.ask()
    assert (head.split()[1], "connection: close" in head) == ("200", True)


async def test_answers_a_caller_whose_answer_took_long_and_came_a_moment_ago(server: Served) -> None:
    caller = await _caller(server)
    assert "connection: close" not in await caller.ask(b"long")
    await _leave(server)
    await asyncio.sleep(leaving.QUIET_SECONDS / 2)
    assert "connection: close" in await caller.ask()


async def test_answers_a_connection_that_has_not_spoken_yet(server: Served) -> None:
    caller = await _caller(server)
    await _leave(server)
    await asyncio.sleep(leaving.QUIET_SECONDS / 2)
    assert "connection: close" in await caller.ask()


async def test_answers_whom_nobody_had_accepted_and_takes_nobody_more(server: Served) -> None:
    port = server.port
    await _leave(server)
    assert server.late is not None
    server.late.setblocking(False)
    caller = Caller(*await asyncio.open_connection(sock=server.late))
    assert "connection: close" in await caller.answer()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_closes_the_quiet_at_once(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "QUIET_SECONDS", 0.0)
    caller = await _caller(server)
    await caller.ask()
    await _leave(server)
    assert await caller.reader.read() == b""
