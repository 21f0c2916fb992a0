"""What becomes of answers on their way out, and of bodies that do not come."""

import asyncio
import gzip
from typing import Any

import httpx2
import pytest

from common.testing import Infrastructure
from tests.gateway.backend import Answer, answer
from tests.gateway.conftest import Door, open_door

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = {"items": ["the same again"] * 500}
VERY_LONG = {"items": ["the same again"] * 20_000}
GZIP = {"accept-encoding": "gzip, deflate"}


def answering(content: Any, *headers: tuple[bytes, bytes]) -> Answer:
    """A service's answer with these headers."""

    async def answer_so(_: Any, scope: Any, receive: Any, send: Any) -> None:
        await answer(send, 200, content, list(headers))

    return answer_so


class TestPacking:
    @pytest.mark.parametrize("content", [LONG, VERY_LONG], ids=["whole", "in parts"])
    async def test_makes_long_answers_smaller(self, door: Door, content: Any) -> None:
        door.backend.special["/api/products/long"] = answering(content)
        async with door.client() as client:
            async with client.stream("GET", "/api/products/long", headers=GZIP) as told:
                raw = b"".join([chunk async for chunk in told.aiter_raw()])
            plain = await client.get("/api/products/long", headers={"accept-encoding": "identity"})
        assert told.headers["content-encoding"] == "gzip"
        assert len(raw) < len(gzip.decompress(raw)) / 5
        assert gzip.decompress(raw) == plain.content
        assert "content-encoding" not in plain.headers
        assert "Accept-Encoding" in plain.headers["vary"]

    @pytest.mark.parametrize(
        ("content", "headers"),
        [
            ({"short": 1}, []),
            (LONG, [(b"etag", b'"3"')]),
            (LONG, [(b"content-encoding", b"br")]),
            (LONG, [(b"cache-control", b"no-transform")]),
        ],
    )
    async def test_leaves_others_as_they_are(self, door: Door, content: Any, headers: Any) -> None:
        door.backend.special["/api/products/as-is"] = answering(content, *headers)
        async with door.client() as client, client.stream("GET", "/api/products/as-is", headers=GZIP) as told:
            assert told.headers.get("content-encoding", "") in ("", "br")
            assert "content-length" in told.headers
            if "etag" in told.headers:
                assert told.headers["etag"] == '"3"'

    async def test_never_holds_a_stream_back(self, door: Door) -> None:
        gate = asyncio.Event()

        async def stream(_: Any, scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]})
            await send({"type": "http.response.body", "body": b"one\n", "more_body": True})
            await gate.wait()
            await send({"type": "http.response.body", "body": b"two\n"})

        door.backend.special["/api/products/stream"] = stream
        async with door.client() as client, client.stream("GET", "/api/products/stream", headers=GZIP) as told:
            lines = told.aiter_lines()
            assert await anext(lines) == "one"
            gate.set()
            assert await anext(lines) == "two"

    async def test_packs_what_the_gateway_says_itself(self, door: Door) -> None:
        async with door.client() as client:
            told = await client.get("/asyncapi.json", headers=GZIP)
        assert told.headers["content-encoding"] == "gzip"
        assert told.json()["asyncapi"] == "3.0.0"


class TestSafety:
    async def test_tells_browsers_to_be_careful(self, infrastructure: Infrastructure) -> None:
        proxies = '["127.0.0.0/8"]'
        async with open_door(infrastructure, MARKETHALL_TRUSTED_PROXIES=proxies) as door, door.client() as client:
            plain = await client.get("/api/products")
            secure = await client.get("/api/products", headers={"x-forwarded-proto": "https"})
        for told in (plain, secure):
            assert told.headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in told.headers["content-security-policy"]
            assert told.headers["referrer-policy"] == "no-referrer"
            assert told.headers["cross-origin-opener-policy"] == "same-origin"
        assert "strict-transport-security" not in plain.headers
        assert "max-age=" in secure.headers["strict-transport-security"]
        assert ["x-forwarded-proto", "https"] in secure.json()["headers"]

    @pytest.mark.parametrize("sent", [10, 100_000])
    async def test_waits_for_a_body_only_so_long(self, infrastructure: Infrastructure, sent: int) -> None:
        head = b"POST /api/orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: 200000\r\n\r\n"
        async with open_door(infrastructure, MARKETHALL_BODY_SECONDS="0.3") as door, asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("localhost", httpx2.URL(door.url).port)
            writer.write(head + b"x" * sent)
            told = await reader.readuntil(b"\r\n\r\n")
            writer.close()
        assert told.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in told
