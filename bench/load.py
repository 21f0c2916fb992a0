"""A load generator: prepared requests over kept connections, from a process of its own.

HTTP/1.1 (RFC 9112) as far as the suite's answers need it: a length or chunks, no trailers, no interim answers.
"""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from multiprocessing.connection import Connection
from typing import cast

import uvloop

ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Prepared ``requests`` for one server, sent once each in their order, or over and over until ``seconds`` are up.

    Closed loop: ``clients`` send the next when they have the answer to the last. With ``rate`` (a second) requests
    leave at their own time, over as many connections as it takes up to ``clients``, and a latency counts from the
    moment at which its request was due; with ``seconds`` too, they leave over and over as long as that.
    """

    port: int
    requests: Sequence[bytes]
    clients: int
    seconds: float | None = None
    rate: float | None = None


@dataclass(slots=True)
class Outcome:
    """``latencies`` in seconds, of the answers below 400; ``generator_seconds`` of processor time were its own."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    generator_seconds: float = 0.0

    @property
    def done(self) -> int:
        """How many were answered as they should be."""
        return len(self.latencies)

    @property
    def refused(self) -> int:
        """How many were not."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 400)

    def percentile(self, share: float) -> float:
        """Milliseconds below which this share of the answers came; 0 without any."""
        return percentile(self.latencies, share)


def percentile(seconds: Sequence[float], share: float) -> float:
    """Milliseconds below which this share lies (nearest rank); 0 without any."""
    ordered = sorted(seconds)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000 if ordered else 0.0


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """One prepared request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body or method not in ("GET", "HEAD"):
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def drive(plan: Plan) -> Outcome:
    """Carry the plan out in a process of its own, so that its time is not the measured one's."""
    return await asyncio.to_thread(_apart, plan)


def _apart(plan: Plan) -> Outcome:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_drive_and_tell, args=(plan, there), daemon=True)
    process.start()
    there.close()
    try:
        outcome: Outcome = here.recv()
    finally:
        process.join(ANSWER_SECONDS)
    return outcome


def _drive_and_tell(plan: Plan, there: Connection) -> None:
    there.send(uvloop.run(_drive(plan)))
    there.close()


async def _drive(plan: Plan) -> Outcome:
    loop = asyncio.get_running_loop()
    connections = []
    for _ in range(plan.clients):
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", plan.port)
        connections.append(connection)
    outcome = Outcome()
    cpu, began = time.process_time(), time.perf_counter()
    if plan.rate is None:
        await _closed(plan, connections, outcome)
    else:
        await _open(plan, connections, outcome)
    outcome.seconds = time.perf_counter() - began
    outcome.generator_seconds = time.process_time() - cpu
    for connection in connections:
        connection.close()
    return outcome


async def _closed(plan: Plan, connections: list["_Connection"], outcome: Outcome) -> None:
    until = None if plan.seconds is None else time.perf_counter() + plan.seconds
    position = 0

    async def client(connection: "_Connection") -> None:
        nonlocal position
        while until is None or time.perf_counter() < until:
            if until is None and position >= len(plan.requests):
                return
            request, position = plan.requests[position % len(plan.requests)], position + 1
            began = time.perf_counter()
            status = await connection.ask(request)
            _count(outcome, status, time.perf_counter() - began)

    async with asyncio.TaskGroup() as group:
        for connection in connections:
            group.create_task(client(connection))


async def _open(plan: Plan, connections: list["_Connection"], outcome: Outcome) -> None:
    assert plan.rate is not None
    idle: asyncio.Queue[_Connection] = asyncio.Queue()
    for connection in connections:
        idle.put_nowait(connection)
    began = time.perf_counter()

    async def one(request: bytes, due: float) -> None:
        connection = await idle.get()
        status = await connection.ask(request)
        _count(outcome, status, time.perf_counter() - due)
        idle.put_nowait(connection)

    async with asyncio.TaskGroup() as group:
        count = len(plan.requests) if plan.seconds is None else max(int(plan.rate * plan.seconds), 1)
        for number, request in enumerate(islice(cycle(plan.requests), count)):
            due = began + number / plan.rate
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            group.create_task(one(request, due))


def _count(outcome: Outcome, status: int, seconds: float) -> None:
    outcome.statuses[status] += 1
    if 200 <= status < 400:
        outcome.latencies.append(seconds)


class _Connection(asyncio.Protocol):
    """One kept connection with at most one request under way."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._waiting: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._waiting is not None and (status := _complete(self._received)):
            self._received.clear()
            self._waiting.set_result(status)

    async def ask(self, request: bytes) -> int:
        """The status of the answer. Raises ConnectionError."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


def _complete(received: bytearray) -> int:
    """The status once the whole answer is there, else 0."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = bytes(received[:end]).lower()
    status = int(head[9:12])
    if status in (204, 304):
        return status
    start = head.find(b"\r\ncontent-length:")
    if start >= 0:
        length = int(head[start + 17 :].split(b"\r\n", 1)[0])
        return status if len(received) >= end + 4 + length else 0
    if b"\r\ntransfer-encoding: chunked" in head:
        return status if received.endswith(b"\r\n0\r\n\r\n") else 0
    return status
