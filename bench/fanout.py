"""Fan-out: one event to a thousand sockets, through the gateway, until the last has it."""

import asyncio
import json
import time
from typing import Any

from websockets.asyncio.client import ClientConnection

from bench.ground import Ground
from bench.load import percentile
from bench.standing import Measure, Progress
from bench.usage import usage_of
from common.events.stock import StockAdjusted
from common.open_files import allow_many
from dev.prove.guarantees.realtime_clients import open_socket

SOCKETS = 1_000
OPENED_AT_ONCE = 20
EVENTS = 10
CHANNEL = "inventory"
TOLD = StockAdjusted.TYPE
HEARD_SECONDS = 30.0


async def fan_out(ground: Ground, tell: Progress) -> list[Measure]:
    """Adjusts stock again and again; every client hears of each. Raises TimeoutError when one does not."""
    tell(f"{SOCKETS:,} sockets …")
    allow_many()
    sockets: list[ClientConnection] = []
    try:
        for _ in range(0, SOCKETS, OPENED_AT_ONCE):
            sockets += await asyncio.gather(*(_subscribed(ground) for _ in range(OPENED_AT_ONCE)))
        await _heard(ground, sockets)  # a warm-up that nobody counts
        before = await asyncio.to_thread(usage_of, ground.suite.home)
        rounds = [await _heard(ground, sockets) for _ in range(EVENTS)]
        after = await asyncio.to_thread(usage_of, ground.suite.home)
    finally:
        for socket in sockets:
            socket.transport.abort()
    cost = sum(after.since(before).values()) / EVENTS
    firsts, lasts = zip(*rounds, strict=True)
    return [
        Measure("fan-out", f"one event to {SOCKETS:,} sockets, all processes", cost, "CPU ms"),
        Measure("fan-out, first", "from the call until the first has it", percentile(firsts, 0.5), "ms"),
        Measure("fan-out, last", "until the last has it (one client process)", percentile(lasts, 0.5), "ms"),
    ]


async def _subscribed(ground: Ground) -> ClientConnection:
    socket = await open_socket(ground.house.admin)
    await socket.send(json.dumps({"type": "subscribe", "channels": [CHANNEL]}))
    await socket.recv()
    return socket


async def _heard(ground: Ground, sockets: list[ClientConnection]) -> tuple[float, float]:
    """Seconds from the call until the first and until the last client heard of one adjustment."""
    began = time.monotonic()
    hearing = [asyncio.create_task(_next_event(socket)) for socket in sockets]
    row: dict[str, Any] = {
        "warehouseId": ground.house.warehouse_id, "sku": ground.house.goods[0].sku, "delta": 1, "reason": "correction",
    }  # fmt: skip
    asked = asyncio.create_task(ground.house.admin.post("/api/inventory/v1/adjustments", row))
    async with asyncio.timeout(HEARD_SECONDS):
        moments = await asyncio.gather(*hearing)
        await asked
    return min(moments) - began, max(moments) - began


async def _next_event(socket: ClientConnection) -> float:
    while True:
        frame = json.loads(await socket.recv())
        if frame["type"] == "event" and frame["event"]["type"] == TOLD:
            return time.monotonic()
