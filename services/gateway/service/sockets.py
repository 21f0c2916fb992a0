"""WebSockets, carried frame by frame; each side is read only as fast as the other takes, and that not for ever."""

import asyncio
from contextlib import suppress

import aiohttp
from aiohttp import WSMsgType
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from common.logging import get_logger
from common.web.problems import problem
from services.gateway.clients import Services
from services.gateway.service.call import Call

log = get_logger(__name__)

LARGEST_FRAME_BYTES = 1024 * 1024
GOING_AWAY = 1001
RESTARTING = 1012
INTERNAL = 1011
SLOW = 4408
TAKING_SECONDS = 5.0
"""For each frame, on either side; what a client has not taken then is dropped with it soon (common.web.sockets)."""

CLOSING_SECONDS = 3.0
_UNSENDABLE = (1005, 1006, 1015)
_OF_THE_HANDSHAKE = ("sec-websocket-",)


async def relay(
    services: Services, call: Call, target: str, headers: list[tuple[str, str]], receive: Receive, send: Send
) -> None:
    """Carry one socket until it closes; subprotocol and close codes pass unchanged. Raises Unavailable."""
    passed = [(name, value) for name, value in headers if not name.startswith(_OF_THE_HANDSHAKE)]
    protocols = tuple(call.scope.get("subprotocols", ()))
    await receive()
    try:
        upstream = await services.open_socket(
            call.service, target, passed, protocols, largest_frame_bytes=LARGEST_FRAME_BYTES
        )
    except aiohttp.WSServerHandshakeError as error:
        status = error.status if error.status >= 400 else 502
        answer = problem(status, "websocket_refused", "The socket was refused.", call.scope["path"])
        await _send_response(call.scope, receive, send, answer)
        return
    async with upstream:
        await send({"type": "websocket.accept", "subprotocol": upstream.protocol, "headers": call.answer_head()})
        await _carry(upstream, receive, send)


async def _carry(upstream: aiohttp.ClientWebSocketResponse, receive: Receive, send: Send) -> None:
    outward = asyncio.create_task(_outward(upstream, send))
    inward = asyncio.create_task(_inward(upstream, receive, send))
    try:
        await asyncio.wait((outward, inward), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (outward, inward):
            task.cancel()
        results = await asyncio.gather(outward, inward, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            log.info("socket_ended", reason=repr(result))


async def _outward(upstream: aiohttp.ClientWebSocketResponse, send: Send) -> None:
    """From the service to the client; ends by passing on how the service closed, or with a client that is too slow."""
    while True:
        message = await upstream.receive()
        if message.type is WSMsgType.TEXT:
            frame: Message = {"type": "websocket.send", "text": message.data}
        elif message.type is WSMsgType.BINARY:
            frame = {"type": "websocket.send", "bytes": message.data}
        else:
            break
        try:
            async with asyncio.timeout(TAKING_SECONDS):
                await send(frame)
        except TimeoutError:
            await _close(send, SLOW)
            return
    code = upstream.close_code if message.type is WSMsgType.CLOSE else None
    reason = str(message.extra or "") if message.type is WSMsgType.CLOSE else ""
    await _close(send, _sendable(code, RESTARTING), reason)


async def _inward(upstream: aiohttp.ClientWebSocketResponse, receive: Receive, send: Send) -> None:
    """From the client to the service; ends by passing on how the client closed, or with a service that hangs."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            await upstream.close(code=_sendable(message.get("code"), GOING_AWAY))
            return
        text = message.get("text")
        try:
            async with asyncio.timeout(TAKING_SECONDS):
                await (upstream.send_str(text) if text is not None else upstream.send_bytes(message["bytes"]))
        except TimeoutError:
            await _close(send, RESTARTING)
            return


async def _close(send: Send, code: int, reason: str = "") -> None:
    """Tell the client, unless it takes nothing."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS):
            await send({"type": "websocket.close", "code": code, "reason": reason})


def _sendable(code: int | None, otherwise: int) -> int:
    """A code that may stand in a close frame (RFC 6455, 7.4.1)."""
    return otherwise if code is None or code in _UNSENDABLE else code


async def refuse_socket(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    """Answer the handshake with a problem instead of a socket."""
    await receive()
    await _send_response(scope, receive, send, answer)


async def _send_response(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    if "websocket.http.response" in scope.get("extensions", {}):
        await answer(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": INTERNAL})
