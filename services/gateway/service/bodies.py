"""Request bodies on their way through: small ones whole, so that they can be sent again, large ones streamed."""

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive

from common.errors import BadRequest
from services.gateway.clients import Body
from services.gateway.domain.head import Head
from services.gateway.domain.refusals import BodyTooLarge, BodyTooSlow

WHOLE_BYTES = 64 * 1024


class ClientGone(Exception):
    """The client went away before its request was complete."""


class Incoming:
    """The body of one request, which must be there in ``seconds``.

    ``error`` is what stopped a stream, seen after sending failed.
    """

    def __init__(self, head: Head, receive: Receive, limit_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._limit = limit_bytes
        self._seconds = seconds
        self._until = 0.0
        self._seen = 0
        self.length = _length_of(head)
        self._has_body = bool(self.length) or head.has_chunks
        self.error: BodyTooLarge | BodyTooSlow | ClientGone | None = None
        if self.length is not None and self.length > limit_bytes:
            raise BodyTooLarge

    async def body(self) -> Body:
        """None, the whole body, or a stream of it. Raises BodyTooLarge, BodyTooSlow or ClientGone."""
        if not self._has_body:
            return None
        whole, more = await self._next()
        while more and len(whole) < WHOLE_BYTES:
            chunk, more = await self._next()
            whole += chunk
        return self._stream(whole) if more else whole

    async def _stream(self, start: bytes) -> AsyncIterator[bytes]:
        yield start
        more = True
        while more:
            try:
                chunk, more = await self._next()
            except (BodyTooLarge, BodyTooSlow, ClientGone) as error:
                self.error = error
                raise
            yield chunk

    async def _next(self) -> tuple[bytes, bool]:
        loop = asyncio.get_running_loop()
        self._until = self._until or loop.time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyTooSlow from error
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        self._seen += len(chunk)
        if self._seen > self._limit:
            raise BodyTooLarge
        return chunk, message.get("more_body", False)


def _length_of(head: Head) -> int | None:
    try:
        length = head.content_length
    except ValueError as error:
        raise BadRequest("bad_request", "Content-Length is no number.") from error
    if length is not None and head.has_chunks:
        raise BadRequest("bad_request", "Content-Length and Transfer-Encoding exclude each other.")
    return length
