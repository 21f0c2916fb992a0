"""WebSockets: how much may wait for a client is bounded, and how long it may wait."""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

KERNEL_BYTES = 128 * 1024
"""Of the socket's send buffer; left alone it grows to megabytes, and a client that stalls goes unnoticed so long."""

WAITING_BYTES = 4 * 1024
"""In front of a full socket, beside the frame that did not fit: from there on whoever sends waits."""

NO_LINGERING = struct.pack("ii", 1, 0)
STALLED_SECONDS = 8.0
CLOSE_SECONDS = 3.0


class BoundedSocket(WebSocketsSansIOProtocol):
    """uvicorn's own socket, which drops a client that takes nothing for 8 s.

    Whoever sends may give up earlier and say why: the close frame has until then. Once the application has ended,
    what it sent last has 3 s; a connection that is merely closed would stay until the client reads.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.close_timeout = CLOSE_SECONDS
        self._stalled: asyncio.TimerHandle | None = None
        self._left: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound what waits in this process and in the kernel."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=WAITING_BYTES)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        for timer in (self._stalled, self._left):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The socket is full."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_SECONDS, self._drop)

    def resume_writing(self) -> None:
        """The client has read again."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def handle_ping(self) -> None:
        """Answered only while the client takes the answers: they would pile up without bound."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """The application has ended, and so does the connection before long."""
        super().on_task_complete(task)
        if not self.disconnected:
            self._left = self.loop.call_later(CLOSE_SECONDS, self._leave)

    def _leave(self) -> None:
        """Close if all is written, else drop it."""
        if self.transport.get_write_buffer_size():
            self._drop()
        else:
            self.transport.close()

    def _drop(self) -> None:
        """At once, with what waits in the kernel, too; by itself that would go on trying for minutes."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
        self.transport.abort()

    @property
    def _connection(self) -> socket.socket:
        connection: socket.socket = self.transport.get_extra_info("socket")
        return connection
