"""What PayPal and Twilio send back: signed by the provider's own rule, sent until taken or an hour old."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp

from dev.sandbox.callback_faults import CallbackFaults, Plan
from dev.sandbox.settings import Shortcut
from dev.sandbox.storage import Storage
from dev.sandbox.stripe.webhooks import ATTEMPT_LIMIT, BATCH_LIMIT, TIMEOUT_SECONDS, pause_seconds


@dataclass(frozen=True)
class Callback:
    """One message on its way back; `receiver` says what signs it."""

    seq: int
    provider: str
    type: str
    subject: str
    attempts: int
    receiver: str
    url: str
    body: bytes


Sign = Callable[[Callback], Awaitable[Mapping[str, str]]]
"""The headers that a provider sends with a callback."""


@dataclass(frozen=True)
class Attempt:
    """How one sending went: the receiver's status, or why there was none."""

    callback: Callback
    status: int | None
    error: str | None = None
    lost: bool = False
    """Whether a fault kept it from being sent at all."""

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class CallbackSender:
    """Sends what is due, sleeps while nothing is. `settle` does what falls due without being asked."""

    def __init__(
        self,
        storage: Storage,
        *,
        now: Callable[[], float],
        faults: CallbackFaults,
        signers: Mapping[str, Sign],
        shortcut: Shortcut | None,
        settle: Callable[[sqlite3.Connection, float], None],
        next_settlement: Callable[[sqlite3.Connection], float | None],
    ) -> None:
        self._storage = storage
        self._now = now
        self._faults = faults
        self._signers = signers
        self._shortcut = shortcut
        self._settle = settle
        self._next_settlement = next_settlement
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=BATCH_LIMIT)) as session:
            while True:
                self._woken.clear()
                if await self._send_due(session) == 0:
                    await self._rest()

    async def _send_due(self, session: aiohttp.ClientSession) -> int:
        plan = await self._faults.plan(self._due)
        now = self._now()
        await self._storage.run(lambda db: _postpone(db, plan.later, now))
        attempts = await self._send(session, plan)
        attempts += [Attempt(callback, None, "lost by a fault", lost=True) for callback in plan.lost]
        now = self._now()
        await self._storage.run(lambda db: _record(db, attempts, now))
        return len(attempts) + len(plan.later)

    async def _send(self, session: aiohttp.ClientSession, plan: Plan[Callback]) -> list[Attempt]:
        if plan.in_turn:
            return await self._post_all(session, plan.send)
        queues: dict[str, list[Callback]] = {}
        for callback in plan.send:
            queues.setdefault(callback.subject, []).append(callback)
        sent = await asyncio.gather(*(self._post_all(session, queue) for queue in queues.values()))
        return [attempt for queue in sent for attempt in queue]

    async def _due(self) -> list[Callback]:
        now = self._now()

        def read(db: sqlite3.Connection) -> list[Callback]:
            self._settle(db, now)
            return _due(db, now)

        return await self._storage.run(read)

    async def _post_all(self, session: aiohttp.ClientSession, queue: list[Callback]) -> list[Attempt]:
        """What is about one thing goes out in the order in which it happened."""
        attempts = []
        for callback in queue:
            for _ in range(1, self._faults.copies(callback)):
                await self._post(session, callback)
            attempts.append(await self._post(session, callback))
        return attempts

    async def _post(self, session: aiohttp.ClientSession, callback: Callback) -> Attempt:
        try:
            headers = await self._signers[callback.provider](callback)
            url = self._shortcut.of(callback.url) if self._shortcut else callback.url
            async with session.post(url, data=callback.body, headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return Attempt(callback, answer.status)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Attempt(callback, None, str(error) or type(error).__name__)

    async def _rest(self) -> None:
        now = self._now()
        due_at = await self._storage.run(self._next_due_at)
        seconds = None if due_at is None else max(due_at - now, 0.0)
        waiting = asyncio.create_task(self._woken.wait())
        await asyncio.wait({waiting}, timeout=seconds)
        waiting.cancel()

    def _next_due_at(self, db: sqlite3.Connection) -> float | None:
        row = db.execute("SELECT min(next_at) AS at FROM callbacks WHERE state = 'pending'").fetchone()
        known = [at for at in (row["at"], self._next_settlement(db)) if at is not None]
        return min(known) if known else None


def _due(db: sqlite3.Connection, now: float) -> list[Callback]:
    rows = db.execute(
        "SELECT seq, provider, type, subject, attempts, receiver, url, body FROM callbacks"
        " WHERE state = 'pending' AND next_at <= ? ORDER BY next_at, seq LIMIT ?",
        (now, BATCH_LIMIT),
    ).fetchall()
    return [
        Callback(
            seq=row["seq"],
            provider=row["provider"],
            type=row["type"],
            subject=row["subject"],
            attempts=row["attempts"],
            receiver=row["receiver"],
            url=row["url"],
            body=row["body"].encode(),
        )
        for row in rows
    ]


def _record(db: sqlite3.Connection, attempts: list[Attempt], now: float) -> None:
    for attempt in attempts:
        count = attempt.callback.attempts + 1
        state = "delivered" if attempt.taken else "failed" if attempt.lost or count >= ATTEMPT_LIMIT else "pending"
        db.execute(
            "UPDATE callbacks SET state = ?, attempts = ?, next_at = ?, last_status = ?, last_error = ?,"
            " delivered_at = ? WHERE seq = ?",
            (
                *(state, count, now + pause_seconds(count), attempt.status, attempt.error),
                *(now if attempt.taken else None, attempt.callback.seq),
            ),
        )


def _postpone(db: sqlite3.Connection, later: list[tuple[Callback, float]], now: float) -> None:
    for callback, seconds in later:
        db.execute("UPDATE callbacks SET next_at = ? WHERE seq = ?", (now + seconds, callback.seq))
