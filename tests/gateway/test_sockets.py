"""WebSockets through the gateway."""

import asyncio
from socket import IPPROTO_TCP, TCP_INFO
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.gateway.conftest import Door

ESTABLISHED = 1
"""First byte of Linux's TCP_INFO."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Echo:
    """A service's side of a socket: greets, echoes, and closes as told."""

    def __init__(self) -> None:
        self.scope: Any = None
        self.closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def __call__(self, _: Any, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        await receive()
        protocol = scope["subprotocols"][-1] if scope["subprotocols"] else None
        await send({"type": "websocket.accept", "subprotocol": protocol})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.closed.set_result(message["code"])
                return
            text = message.get("text")
            if text is not None and text.startswith("close "):
                await send({"type": "websocket.close", "code": int(text[6:]), "reason": "as told"})
                return
            await send({**message, "type": "websocket.send"})


def address(door: Door, path: str = "/ws?ticket=abc") -> str:
    return door.url.replace("http:", "ws:") + path


class TestRelay:
    async def test_carries_frames_and_subprotocol_both_ways(self, door: Door) -> None:
        echo = door.backend.special["socket"] = Echo()
        forged = {"x-markethall-context": "forged", "x-forwarded-for": "9.9.9.9"}
        async with connect(
            address(door),
            subprotocols=[Subprotocol("one"), Subprotocol("two")],
            additional_headers=forged,
            origin=Origin("http://shop.example"),
        ) as socket:
            assert socket.subprotocol == "two"
            for frame in ("text é", b"\x00\x01", "x" * 300_000):
                await socket.send(frame)
                assert await socket.recv() == frame
        headers = [(name.decode(), value.decode()) for name, value in echo.scope["headers"]]
        assert ("origin", "http://shop.example") in headers
        assert [value for name, value in headers if name == "x-forwarded-for"] == ["127.0.0.1"]
        assert [value for name, value in headers if name == "x-markethall-context"] != ["forged"]
        assert echo.scope["query_string"] == b"ticket=abc"

    @pytest.mark.parametrize("code", [1000, 4401, 4408])
    async def test_passes_on_how_the_service_closed(self, door: Door, code: int) -> None:
        door.backend.special["socket"] = Echo()
        async with connect(address(door)) as socket:
            await socket.send(f"close {code}")
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 5)
        assert (socket.close_code, socket.close_reason) == (code, "as told")

    async def test_passes_on_how_the_client_closed(self, door: Door) -> None:
        echo = door.backend.special["socket"] = Echo()
        async with connect(address(door)) as socket:
            await socket.send("hello")
            await socket.recv()
            await socket.close(4000)
        assert await asyncio.wait_for(echo.closed, 5) == 4000

    async def test_slows_the_service_down_when_the_client_does_not_read(self, door: Door) -> None:
        sent: list[int] = []

        async def flood(_: Any, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            while len(sent) < 2000:
                await send({"type": "websocket.send", "bytes": b"x" * 100_000})
                sent.append(1)

        door.backend.special["socket"] = flood
        async with connect(address(door), max_queue=1, compression=None, close_timeout=0.2) as socket:
            await socket.recv()
            before = -1
            async with asyncio.timeout(10):
                while before != len(sent):
                    before = len(sent)
                    await asyncio.sleep(0.2)
            assert len(sent) < 1000

    async def test_lets_go_of_a_client_that_reads_nothing(self, door: Door) -> None:
        """Within 10 s, though it holds what it was sent and the service goes on; the service is told, too."""
        sent: list[int] = []
        told = asyncio.get_running_loop().create_future()

        async def flood(_: Any, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            try:
                while True:
                    await send({"type": "websocket.send", "text": "x" * 1000})
                    sent.append(1)
            except OSError:  # uvicorn's word for a client that has gone
                told.set_result(None)

        door.backend.special["socket"] = flood
        async with connect(address(door), max_queue=1, compression=None, close_timeout=0.2) as socket:
            socket.transport.pause_reading()
            connection = socket.transport.get_extra_info("socket")
            before = -1
            while before != len(sent):
                before = len(sent)
                await asyncio.sleep(0.2)
            async with asyncio.timeout(10):
                while connection.getsockopt(IPPROTO_TCP, TCP_INFO, 1)[0] == ESTABLISHED:
                    await asyncio.sleep(0.05)
                await told

    async def test_ends_what_a_client_was_told_to_end(self, door: Door) -> None:
        """The service has closed: a client that neither reads nor answers does not keep the connection."""

        async def leave(_: Any, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            for _ in range(8):
                await send({"type": "websocket.send", "text": "x" * 100_000})
            await send({"type": "websocket.close", "code": 4401})

        door.backend.special["socket"] = leave
        async with connect(address(door), max_queue=1, compression=None, close_timeout=0.2) as socket:
            socket.transport.pause_reading()
            connection = socket.transport.get_extra_info("socket")
            async with asyncio.timeout(10):
                while connection.getsockopt(IPPROTO_TCP, TCP_INFO, 1)[0] == ESTABLISHED:
                    await asyncio.sleep(0.05)

    @pytest.mark.parametrize(
        ("path", "status"), [("/elsewhere", 404), ("/api/orders", 404), ("/ws?tenant_id=nobody", 404)]
    )
    async def test_refuses_as_http_does(self, door: Door, path: str, status: int) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address(door, path)):
                pass
        assert refused.value.response.status_code == status
        assert b'"code"' in (refused.value.response.body or b"")

    async def test_passes_a_refused_handshake_on(self, door: Door) -> None:
        async def refuse(_: Any, scope: Any, receive: Any, send: Any) -> None:
            await receive()
            await send({"type": "websocket.close", "code": 4403})

        door.backend.special["socket"] = refuse
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address(door)):
                pass
        assert refused.value.response.status_code == 403
