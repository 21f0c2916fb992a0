"""Leaving: a copy that ends cuts nobody off; that it ends, callers who keep connections learn only by an answer."""

import asyncio
import os
import socket
from typing import Any

import uvicorn

from common.web.connections import BoundedConnection

QUIET_SECONDS = 1.0
"""Who has said nothing for so long is not about to: a connection closed under a request is a request lost."""
LOOK_SECONDS = 0.02
CLOSE = (b"connection", b"close")


class LeavingServer(uvicorn.Server):
    """Before it ends, it takes no new connection and asks each caller, with its next answer, to come back by another.

    HTTP/1.1 has no other way to tell (RFC 9112, section 9.6): what is merely closed crosses with the next request.
    """

    async def main_loop(self) -> None:
        """Serves until the signal, then until every caller has been told or has been quiet."""
        await super().main_loop()
        self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
        for connection in self._connections():
            connection.close_with_answer()
        await self._take_nobody_more()
        while any(connection.may_speak(QUIET_SECONDS) for connection in self._connections()):
            await asyncio.sleep(LOOK_SECONDS)

    def _connections(self) -> list[BoundedConnection]:
        return [each for each in self.server_state.connections if isinstance(each, BoundedConnection)]

    async def _take_nobody_more(self) -> None:
        """Closes the door behind those who already stand in it: the kernel resets whom nobody has accepted."""
        loop = asyncio.get_running_loop()
        doors = [socket.socket(fileno=os.dup(each.fileno())) for server in self.servers for each in server.sockets]
        for server in self.servers:
            server.close()
        accepted: list[socket.socket] = []
        for door in doors:
            with door:
                accepted += _all_accepted(door)
        for each in accepted:
            await loop.connect_accepted_socket(self._connection, each)

    def _connection(self) -> asyncio.Protocol:
        made: Any = self.config.http_protocol_class
        connection: asyncio.Protocol = made(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return connection


def _all_accepted(door: socket.socket) -> list[socket.socket]:
    door.setblocking(False)
    accepted = []
    while True:
        try:
            accepted.append(door.accept()[0])
        except OSError:  # nobody more, or no descriptor for them: the end goes on in good order
            return accepted
