"""Requests that two parsers may read differently, written to the socket as they are."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

ANSWER_SECONDS = 2.0
LARGEST = 1 << 20
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
HIDDEN = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
"""A second request inside the first: whoever answers it with 200 has read other borders than it was given."""


async def exchange(base_url: str, raw: bytes) -> list[int]:
    """The statuses of all answers to these bytes, until the connection ends or goes quiet."""
    parts = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    answers = b""
    try:
        with suppress(TimeoutError, ConnectionError):
            writer.write(raw)
            await writer.drain()
            async with asyncio.timeout(ANSWER_SECONDS):
                while len(answers) < LARGEST and (chunk := await reader.read(65_536)):
                    answers += chunk
    finally:
        writer.close()
    return [int(status) for status in _STATUS.findall(answers)]


def ambiguous(host: str, path: str) -> Iterator[tuple[str, bytes]]:
    """Borders of a body that are told twice, wrongly, or in a way that only some understand."""
    start = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n".encode()
    chunked = b"0\r\n\r\n" + HIDDEN
    length = str(len(chunked)).encode()
    for what, told in (
        ("length and chunks", b"Content-Length: " + length + b"\r\nTransfer-Encoding: chunked\r\n"),
        ("chunks and length", b"Transfer-Encoding: chunked\r\nContent-Length: " + length + b"\r\n"),
        ("two lengths", b"Content-Length: 2\r\nContent-Length: " + length + b"\r\n"),
        ("a list of lengths", b"Content-Length: 2, " + length + b"\r\n"),
        ("a length with a sign", b"Content-Length: +" + length + b"\r\n"),
        ("a length below zero", b"Content-Length: -1\r\n"),
        ("a length in hex", b"Content-Length: 0x2\r\n"),
        ("an unknown coding", b"Transfer-Encoding: xchunked\r\n"),
        ("chunked and something after", b"Transfer-Encoding: chunked, identity\r\n"),
        ("chunked after a tab", b"Transfer-Encoding:\x0bchunked\r\n"),
        ("a space before the colon", b"Transfer-Encoding : chunked\r\n"),
        ("a folded line", b"Transfer-Encoding:\r\n chunked\r\nContent-Length: " + length + b"\r\n"),
        ("a NUL in a name", b"Transfer-\x00Encoding: chunked\r\n"),
        ("a line feed alone", b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: " + length + b"\r\n"),
    ):
        yield what, start + told + b"\r\n" + chunked
    for what, size in (("no size", b""), ("a size with a sign", b"+0"), ("a size too long", b"f" * 20)):
        yield f"a chunk with {what}", start + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n\r\n" + HIDDEN


def targets(host: str, service_port: int) -> Iterator[tuple[str, bytes]]:
    """Ways to an address between services, past the gateway's table."""
    inner = "internal/companies/x"
    for target in (
        f"/{inner}", f"//{inner}", f"/./{inner}", f"/api/../{inner}", f"/api/products/..%2f..%2f..%2f{inner}",
        f"/api/products/%2e%2e/%2e%2e/%2e%2e/{inner}", f"/api/products/..;/..;/{inner}", "/%69nternal/companies/x",
        f"/api/products/..\\..\\..\\{inner}", f"/api/products/..%5c..%5c{inner}", f"/api/products/%252e%252e/{inner}",
        f"/api/companies/%00/../../{inner}", f"/API/../{inner}", f"http://127.0.0.1:{service_port}/{inner}",
        f"http://x@127.0.0.1:{service_port}/{inner}", f"https://company/{inner}", f"/api/companies/..#/{inner}",
        f"/api/companies;/../{inner}", f"/api/companies/%2f{inner}", "/metrics", "/internal/keys/exchange",
    ):  # fmt: skip
        yield target, f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    yield "CONNECT", f"CONNECT 127.0.0.1:{service_port} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    yield "a body to nowhere", f"TRACE /api/products HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


def upgrades(host: str) -> Iterator[tuple[str, bytes]]:
    """WebSockets to where there are none."""
    asked = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    for path in ("/internal/companies/x", "/api/orders", "/api/x/../../internal/x", "/ws/../internal/x", "/ws/x"):
        key = "Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyBvaw==\r\n"
        yield path, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{asked}{key}\r\n".encode()


def oversized(host: str) -> Iterator[tuple[str, bytes]]:
    """Heads without end."""
    start = f"GET /health HTTP/1.1\r\nHost: {host}\r\n".encode()
    yield "one long header", start + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n"
    yield "many headers", start + b"".join(b"X-%d: y\r\n" % number for number in range(20_000)) + b"\r\n"
    yield "a long target", b"GET /health?" + b"a" * 200_000 + f" HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
