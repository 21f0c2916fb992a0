"""One HTTP/1.1 connection, one call at a time, with as little work a call as a test client can have."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from httptools import HttpParserError, HttpResponseParser

Answered = Callable[["Connection", int, bool], None]


class Connection(asyncio.Protocol):
    """``answered`` hears the status (0: the connection broke) and whether the answer said Retry-After."""

    def __init__(self, answered: Answered, closed: Callable[["Connection"], None]) -> None:
        self._answered = answered
        self._closed = closed
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._said_when = False
        self._stays = True
        self.due: tuple[int, float] | None = None
        """The kind and the due time of the call under way."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def send(self, wire: bytes, due: tuple[int, float]) -> None:
        """Send one call; its answer is heard by ``answered``."""
        assert self._transport is not None
        self.due, self._said_when = due, False
        self._parser = HttpResponseParser(self)
        self._transport.write(wire)

    def close(self) -> None:
        """Let go of it."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Part of an answer; what comes before any call is a refusal of the connection."""
        if self._parser is None:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the answer."""
        if len(name) == 11 and name.lower() == b"retry-after":
            self._said_when = value.isdigit()
        elif len(name) == 10 and name.lower() == b"connection":
            self._stays = value.lower() != b"close"

    def on_message_complete(self) -> None:
        """The whole answer is there."""
        if not self._stays:
            self.close()
        self._answered(self, self._parser.get_status_code(), self._said_when)

    def connection_lost(self, _: Exception | None) -> None:
        """Gone, with the call under way."""
        self._transport = None
        if self.due is not None:
            self._answered(self, 0, False)
        self._closed(self)

    @property
    def is_open(self) -> bool:
        """Whether another call may be sent."""
        return self._transport is not None and not self._transport.is_closing()
