"""Connections: a request's head has a largest size and must be there in time, before anybody is known to call."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from common.ids import new_id
from common.web.problems import problem

LARGEST_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 10.0
"""For a head that has begun, and for the first one of a connection."""

_REFUSALS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "This is no HTTP request."),
    408: ("request_timeout", "The head of the request did not arrive in time."),
    431: ("head_too_large", "The head of the request is too large."),
}


class HeadTooLarge(Exception):
    """Ends the parsing of a head."""


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's own connection, with an end to heads: it would collect one for ever, and in memory."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head = True
        self._field_bytes = 0
        self._waited_bytes = 0
        self._status = 400
        self._waiting: asyncio.TimerHandle | None = None
        self._heard_at = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A head must follow."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head whose end is not in sight; the parser shows only whole fields of it."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if not was_in_head or not self._is_in_head or self.transport.is_closing():
            return
        self._waited_bytes += len(data)
        if self._waited_bytes > LARGEST_HEAD_BYTES:
            self._refuse(431)

    def on_message_begin(self) -> None:
        """Another head begins."""
        super().on_message_begin()
        self._is_in_head = True
        self._heard_at = self.loop.time()
        self._field_bytes = self._waited_bytes = 0
        if self._waiting is None:
            self._wait()

    def on_url(self, url: bytes) -> None:
        """Part of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One whole field."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._is_in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Whoever was just answered, however late, may well speak next."""
        self._heard_at = self.loop.time()
        super().on_response_complete()

    def close_with_answer(self) -> None:
        """What is under way is answered with the wish to close; the next request would be, of itself."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def may_speak(self, quiet_seconds: float) -> bool:
        """Whether a request is in arrival or may well be: something was heard within the last ``quiet_seconds``."""
        if self.cycle is not None and not self.cycle.response_complete and not self.cycle.keep_alive:
            return False
        return self.loop.time() - self._heard_at < quiet_seconds

    def send_400_response(self, msg: str) -> None:
        """The problem answer for what cannot be parsed, or is too much; the connection ends with it."""
        code, detail = _REFUSALS[self._status]
        request_id = new_id("req")
        answer = problem(self._status, code, detail, requestId=request_id)
        head = [f"HTTP/1.1 {self._status} {HTTPStatus(self._status).phrase}".encode()]
        fields = [*answer.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
        head += [name + b": " + value for name, value in fields]
        self.transport.write(b"\r\n".join(head) + b"\r\n\r\n" + bytes(answer.body))
        self.transport.close()

    def _count(self, length: int) -> None:
        self._field_bytes += length
        if self._field_bytes > LARGEST_HEAD_BYTES:
            self._status = 431
            raise HeadTooLarge

    def _refuse(self, status: int) -> None:
        self._status = status
        if not self.transport.is_closing():
            self.send_400_response("")

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_SECONDS, self._refuse, 408)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
