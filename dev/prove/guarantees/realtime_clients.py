"""Clients of the live feed: those who read and resume, and those who read nothing."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from dev.trading import Api

PAUSE_SECONDS = 0.2
OPEN_SECONDS = 60.0
AWAY = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError)


@dataclass(slots=True)
class Listening:
    """Hears one channel, and goes on from its cursor whenever the socket ends."""

    admin: Api
    channel: str
    heard: list[str] = field(default_factory=list)
    cursor: str | None = None
    reconnected: int = 0
    expired: int = 0
    is_subscribed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with await open_socket(self.admin) as socket:
                    await self._listen(socket)
            except AWAY:
                self.reconnected += self.cursor is not None
            await asyncio.sleep(PAUSE_SECONDS)

    async def _listen(self, socket: ClientConnection) -> None:
        first = {"type": "subscribe"} if self.cursor is None else {"type": "resume", "cursor": self.cursor}
        await socket.send(json.dumps({**first, "channels": [self.channel]}))
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "error":
                self.expired += frame["code"] == "cursor_expired"
                return
            self._take(frame)

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "subscribed":
            self.cursor = frame["cursor"]
            self.is_subscribed.set()
        elif frame["type"] == "event":
            self.cursor = frame["cursor"]
            self.heard.append(frame["event"]["id"])


class Stalled:
    """Subscribes and then reads nothing any more, as a tab that sleeps or a phone in a tunnel does."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.port = int(socket.local_address[1])
        self.cut_at: float | None = None

    @classmethod
    async def subscribed(cls, admin: Api, *channels: str) -> "Stalled":
        """One that was told that it hears these channels, and stops reading there."""
        socket = await open_socket(admin)
        await socket.send(json.dumps({"type": "subscribe", "channels": channels}))
        await socket.recv()
        socket.transport.pause_reading()
        return cls(socket)

    def leave(self) -> None:
        """Let go of the socket without a word."""
        self._socket.transport.abort()


async def open_socket(admin: Api) -> ClientConnection:
    """A socket through the gateway. Raises one of AWAY, or Refused."""
    ticket = (await admin.post("/api/realtime/tickets", None))["ticket"]
    address = admin.base_url.replace("http", "ws", 1)
    return await connect(
        f"{address}/ws?ticket={ticket}", compression=None, max_size=None, max_queue=8, ping_interval=None,
        open_timeout=OPEN_SECONDS, proxy=None,
    )  # fmt: skip


def note_cut(stalled: list[Stalled], gateway_port: int) -> None:
    """Notes which of them the gateway holds no longer; they cannot tell, for they read nothing."""
    held = {
        each.raddr.port
        for each in psutil.net_connections("tcp4")
        if each.laddr and each.laddr.port == gateway_port and each.raddr and each.status == psutil.CONN_ESTABLISHED
    }
    for each in stalled:
        if each.cut_at is None and each.port not in held:
            each.cut_at = time.monotonic()
