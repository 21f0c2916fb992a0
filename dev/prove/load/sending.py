"""Sends the calls of one flow and notes what became of them."""

import asyncio
import random
from collections import Counter, deque
from typing import Any

from dev.prove.load.connection import Connection
from dev.prove.load.plan import UNIQUE

TICK_SECONDS = 0.001
CONNECT_PAUSE_SECONDS = 0.05
_MARK = UNIQUE.encode()


class Tally:
    """Counts of one kind of call."""

    def __init__(self) -> None:
        self.counts = Counter({"sent": 0, "good": 0, "late": 0, "blunt": 0})
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.refusal_latencies: list[float] = []

    def note(self, status: int, seconds: float, patience_seconds: float, said_when: bool) -> None:
        """One call has ended."""
        self.statuses[status] += 1
        if 200 <= status < 300:
            self.counts["good" if seconds <= patience_seconds else "late"] += 1
            self.latencies.append(round(seconds, 5))
        elif status in (429, 503):
            self.counts["blunt"] += not said_when
            self.refusal_latencies.append(round(seconds, 5))

    def document(self) -> dict[str, Any]:
        """For the driver."""
        lists = {"latencies": self.latencies, "refusal_latencies": self.refusal_latencies}
        return {**self.counts, "statuses": self.statuses, **lists}


class Sender:
    """One flow over connections that are opened as they are needed."""

    def __init__(self, flow: dict[str, Any], plan: dict[str, Any], number: int) -> None:
        self._flow, self._plan = flow, plan
        self._loop = asyncio.get_running_loop()
        self._rng = random.Random(f"{plan['seed']}:{flow['name']}")
        self._names = [call["name"] for call in flow["calls"]]
        self._wires = [call["wire"].encode() for call in flow["calls"]]
        self._weights = [call["weight"] for call in flow["calls"]]
        self._next_unique = (self._rng.getrandbits(36) << 28) | (number << 24)
        self._idle: list[Connection] = []
        self._due: deque[tuple[int, float]] = deque()
        self._opened = 0
        self._under_way = 0
        self._most = flow["clients"] or flow["connections"]
        self._tallies = {name: Tally() for name in self._names}
        self._total = Tally()
        self._counted_from = self._ends_at = 0.0

    async def run(self) -> dict[str, Any]:
        """Send until the time is over, wait for the last answers, and tell."""
        start = self._loop.time()
        self._counted_from = start + self._plan["warm_seconds"]
        self._ends_at = self._counted_from + self._plan["seconds"]
        if self._flow["clients"]:
            for _ in range(self._flow["clients"]):
                self._arrive(self._loop.time())
            await asyncio.sleep(self._ends_at - self._loop.time())
        else:
            await self._arrivals(start)
        await self._last_answers()
        calls = {name: tally.document() for name, tally in self._tallies.items()}
        return {**self._total.document(), "calls": calls}

    async def _arrivals(self, due: float) -> None:
        """Calls at random moments; sent when their moment has come, each with the time it was due."""
        rate = self._flow["rate"]
        if rate <= 0:
            await asyncio.sleep(self._ends_at - self._loop.time())
            return
        while due < self._ends_at:
            now = self._loop.time()
            while due <= now and due < self._ends_at:
                self._arrive(due)
                due += self._rng.expovariate(rate)
            await asyncio.sleep(max(TICK_SECONDS, due - self._loop.time()))

    async def _last_answers(self) -> None:
        until = self._loop.time() + max(5.0, self._flow["patience_seconds"])
        while (self._under_way or self._due) and self._loop.time() < until:
            await asyncio.sleep(0.01)
        for kind, due in self._due:
            self._note(kind, due, 0, False)
        self._due.clear()

    def _arrive(self, due: float) -> None:
        kind = self._rng.choices(range(len(self._wires)), self._weights)[0] if len(self._wires) > 1 else 0
        if due >= self._counted_from:
            self._total.counts["sent"] += 1
            self._tallies[self._names[kind]].counts["sent"] += 1
        self._due.append((kind, due))
        self._send_due()

    def _send_due(self) -> None:
        while self._due:
            while self._idle and not self._idle[-1].is_open:
                self._idle.pop()
            if not self._idle:
                if self._opened < self._most:
                    self._open()
                return
            self._send(self._idle.pop(), self._due.popleft())

    def _send(self, connection: Connection, due: tuple[int, float]) -> None:
        self._under_way += 1
        self._next_unique += 1
        connection.send(self._wires[due[0]].replace(_MARK, b"%016x" % self._next_unique), due)

    def _open(self) -> None:
        addresses = self._flow["addresses"]
        address = addresses[self._opened % len(addresses)]
        self._opened += 1
        task = self._loop.create_task(self._connect(address))
        task.add_done_callback(_opened)

    async def _connect(self, address: str) -> None:
        where = (self._plan["host"], self._plan["port"])
        while self._loop.time() < self._ends_at + self._flow["patience_seconds"]:
            try:
                _, connection = await self._loop.create_connection(
                    lambda: Connection(self._answered, self._closed), *where, local_addr=(address, 0)
                )
            except OSError:
                await asyncio.sleep(CONNECT_PAUSE_SECONDS)
                continue
            self._idle.append(connection)
            self._send_due()
            return

    def _answered(self, connection: Connection, status: int, said_when: bool) -> None:
        assert connection.due is not None
        kind, due = connection.due
        connection.due = None
        self._under_way -= 1
        self._note(kind, due, status, said_when)
        if connection.is_open:
            self._idle.append(connection)
        now = self._loop.time()
        if self._flow["clients"] and now < self._ends_at:
            self._arrive(now)
        else:
            self._send_due()

    def _note(self, kind: int, due: float, status: int, said_when: bool) -> None:
        if due < self._counted_from:
            return
        seconds, patience = self._loop.time() - due, self._flow["patience_seconds"]
        for tally in (self._total, self._tallies[self._names[kind]]):
            tally.note(status, seconds, patience, said_when)

    def _closed(self, _: Connection) -> None:
        self._opened -= 1
        if self._due:
            self._send_due()


def _opened(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.result()
