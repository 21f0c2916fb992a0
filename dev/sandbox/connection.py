"""Connections that can be broken on purpose."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT_EXTENSION = "markethall.abort"


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which also hands the application a way to break the connection."""

    transport: asyncio.Transport

    def on_message_begin(self) -> None:
        """Offer `abort` to the request that begins."""
        super().on_message_begin()
        extensions: dict[str, dict[object, object]] = {ABORT_EXTENSION: {"abort": self.transport.abort}}
        self.scope["extensions"] = extensions


class DroppedAnswer(Response):
    """In place of an answer the client's connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reset the connection, then wait until the server has noticed."""
        extension: dict[str, Callable[[], Any]] = scope["extensions"][ABORT_EXTENSION]
        extension["abort"]()
        message = await receive()
        while message["type"] != "http.disconnect":
            message = await receive()
