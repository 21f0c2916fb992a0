"""Heads of requests that are too large, too slow, or none, over a real socket."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from common.web import connections
from common.web.connections import LARGEST_HEAD_BYTES, BoundedConnection

pytestmark = pytest.mark.asyncio
ENOUGH_SECONDS = 10
BEGINNING = b"GET /there HTTP/1.1\r\nHost: here\r\n"


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    app = FastAPI()
    app.get("/there")(lambda: {"is": "there"})
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_config=None, http=BoundedConnection)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    yield int(listener.getsockname()[1])
    server.should_exit = True
    await serving


async def _ask(port: int, *parts: bytes) -> tuple[int, Any]:
    """Status and body of the one answer to what is sent piece by piece."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        async with asyncio.timeout(ENOUGH_SECONDS):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            if "connection: close" in head:
                assert await reader.read() == b"", "the connection ends with the refusal"
        return int(head.split()[1]), body
    finally:
        writer.close()


async def test_takes_a_head_in_pieces_and_a_large_body(port: int) -> None:
    whole = BEGINNING + b"X-Long: " + b"a" * 20_000 + b"\r\n\r\n"
    pieces = [whole[at : at + 900] for at in range(0, len(whole), 900)]
    assert await _ask(port, *pieces) == (200, {"is": "there"})
    body = b"a" * (3 * LARGEST_HEAD_BYTES)
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    assert await _ask(port, BEGINNING + length, body) == (200, {"is": "there"})


@pytest.mark.parametrize(
    "parts",
    [
        (BEGINNING + b"X: " + b"a" * (LARGEST_HEAD_BYTES + 1) + b"\r\n\r\n",),
        (BEGINNING, *[b"X: " + b"a" * 1000 + b"\r\n"] * (LARGEST_HEAD_BYTES // 1000 + 1)),
        (b"GET /there?" + b"a" * (LARGEST_HEAD_BYTES + 1) + b" HTTP/1.1\r\n\r\n",),
    ],
    ids=["one field", "many fields", "the address"],
)
async def test_refuses_a_large_head(port: int, parts: tuple[bytes, ...]) -> None:
    status, problem = await _ask(port, *parts)
    assert (status, problem["code"]) == (431, "head_too_large")


async def test_does_not_collect_a_field_that_never_ends(port: int) -> None:
    try:
        status, _ = await _ask(port, BEGINNING + b"X: ", *[b"a" * LARGEST_HEAD_BYTES] * 16)
    except (ConnectionError, asyncio.IncompleteReadError):
        status = 431  # the end of the connection overtook the answer
    assert status == 431


@pytest.mark.parametrize("begun", [b"", BEGINNING], ids=["nothing", "half a head"])
async def test_does_not_wait_for_ever(port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.05)
    status, problem = await _ask(port, begun)
    assert (status, problem["code"]) == (408, "request_timeout")


async def test_tells_of_a_second_head_that_is_slow(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(BEGINNING + b"\r\n")
    first = await reader.readuntil(b'{"is":"there"}')
    writer.write(BEGINNING)
    async with asyncio.timeout(ENOUGH_SECONDS):
        second = await reader.read()
    writer.close()
    assert (first.split()[1], second.split()[1]) == (b"200", b"408")


async def test_answers_what_is_no_http_with_a_problem(port: int) -> None:
    status, problem = await _ask(port, b"what is this\r\n\r\n")
    assert (status, problem["code"]) == (400, "bad_request")
    assert problem["requestId"].startswith("req_")
