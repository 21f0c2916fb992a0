"""Clients of the live feed: those who read and resume, and those who read nothing."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from dev.trading import Api

PAUSE_SECONDS = 0.2
OPEN_SECONDS = 60.0
FULL_SECONDS = 1.0
ESTABLISHED = "01"
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
        self.bytes = 0
        self._is_closed_window = False
        self.grew_at = time.monotonic()
        self.cut_at: float | None = None

    @property
    def is_full(self) -> bool:
        """Whether what is sent to it no longer arrives and nothing more is sent for a while, or it was cut."""
        is_quiet = time.monotonic() - self.grew_at > FULL_SECONDS
        return self.cut_at is not None or (self._is_closed_window and is_quiet)

    @property
    def held_seconds(self) -> float:
        """From the last byte that its socket took until it was cut, or until now."""
        return (self.cut_at or time.monotonic()) - self.grew_at

    def note(self, at_gateway: int | None, at_client: int) -> None:
        """How many bytes wait on both ends of its socket; None once the gateway holds it no longer."""
        if at_gateway is None:
            self.cut_at = self.cut_at or time.monotonic()
            return
        self._is_closed_window = at_gateway > 0
        if at_gateway + at_client > self.bytes:
            self.bytes, self.grew_at = at_gateway + at_client, time.monotonic()

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


def note_sockets(stalled: list[Stalled], gateway_port: int) -> None:
    """Notes what waits for each on both ends, and whom the gateway has cut; they read nothing and cannot tell."""
    sent, taken = _waiting(gateway_port)
    for each in stalled:
        each.note(sent.get(each.port), taken.get(each.port, 0))


def _waiting(gateway_port: int) -> tuple[dict[int, int], dict[int, int]]:
    """Bytes that wait at the gateway, and bytes that wait at the client, by the client's port."""
    sent: dict[int, int] = {}
    taken: dict[int, int] = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, queues = line.split()[:5]
        if state != ESTABLISHED:
            continue
        here, there = (int(address.rpartition(":")[2], 16) for address in (local, remote))
        outgoing, _, incoming = queues.partition(":")
        if here == gateway_port:
            sent[there] = int(outgoing, 16)
        elif there == gateway_port:
            taken[here] = int(incoming, 16)
    return sent, taken
