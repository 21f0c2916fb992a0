"""Counts the live events of a company over a WebSocket, across falls of the connection."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import Any, Self

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from dev.trading.api import Api


class LiveCounter:
    """Subscribed to ``channels`` from the moment it is entered; ``counts`` by event type, each event once."""

    def __init__(self, api: Api, channels: list[str]) -> None:
        self._api = api
        self._channels = channels
        self._cursor: str | None = None
        self._seen: set[str] = set()
        self._subscribed = asyncio.Event()
        self.counts: Counter[str] = Counter()
        self.repeats = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen_for_ever())
        async with asyncio.timeout(20):
            await self._subscribed.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _listen_for_ever(self) -> None:
        while True:
            with suppress(WebSocketException, OSError, TimeoutError):
                await self._listen()
            await asyncio.sleep(0.3)

    async def _listen(self) -> None:
        ticket = (await self._api.post("/api/realtime/tickets", {}))["ticket"]
        address = self._api.base_url.replace("http", "ws", 1) + f"/ws?ticket={ticket}"
        async with connect(address, max_size=8 * 2**20) as socket:
            first: dict[str, Any] = {"type": "subscribe", "channels": self._channels}
            if self._cursor:
                first = {"type": "resume", "cursor": self._cursor, "channels": self._channels}
            await socket.send(json.dumps(first))
            async for frame in socket:
                self._take(json.loads(frame))

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "subscribed":
            self._cursor = self._cursor or frame.get("cursor")
            self._subscribed.set()
        elif frame["type"] == "error":
            if frame["code"] == "cursor_expired":
                self._cursor = None
            raise TimeoutError(frame["code"])  # nothing was subscribed: connect anew
        elif frame["type"] == "event":
            self._cursor = frame["cursor"]
            event = frame["event"]
            if event["id"] in self._seen:
                self.repeats += 1
                return
            self._seen.add(event["id"])
            self.counts[event["type"]] += 1
