"""Signed webhooks (https://docs.stripe.com/webhooks/signatures), sent until taken or an hour old."""

import asyncio
import hashlib
import hmac
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from dev.sandbox.callback_faults import GATHER_SECONDS, CallbackFaults
from dev.sandbox.faults import FaultBoard
from dev.sandbox.rules import RuleBoard
from dev.sandbox.storage import Storage
from dev.sandbox.stripe import refunds
from dev.sandbox.stripe.book import Book

BATCH_LIMIT = 32
TIMEOUT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
ATTEMPT_LIMIT = 360  # about an hour
USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one endpoint."""

    seq: int
    attempts: int
    endpoint: str
    url: str
    secret: str
    payload: str
    type: str
    provider: str = "stripe"


@dataclass(frozen=True)
class Attempt:
    """How one sending went: the receiver's status, or why there was none."""

    delivery: Delivery
    status: int | None
    error: str | None = None
    lost: bool = False
    """Whether a fault kept it from being sent at all."""

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def signature_header(payload: str, secret: str, timestamp: int) -> str:
    """The Stripe-Signature header: HMAC-SHA256 over `timestamp.payload`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.{payload}".encode(), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def pause_seconds(attempts: int) -> float:
    """How long to wait after this many attempts: doubling from a quarter second up to ten seconds."""
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(attempts - 1, 10), LONGEST_PAUSE_SECONDS)


class Dispatcher:
    """Sends what is due, sleeps while nothing is. One per sandbox."""

    def __init__(
        self, storage: Storage, faults: FaultBoard, rules: RuleBoard, *, now: Callable[[], float], public_url: str
    ) -> None:
        self._storage = storage
        self._callback_faults = CallbackFaults(rules)
        self._faults = faults
        self._now = now
        self._public_url = public_url
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        connector = aiohttp.TCPConnector(limit=BATCH_LIMIT)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            while True:
                self._woken.clear()
                await self._storage.run(self._settle_refunds)
                if await self._send_due(session) == 0:
                    await self._rest()

    async def _send_due(self, session: aiohttp.ClientSession) -> int:
        if self._faults.current.hold_webhooks:
            return 0
        plan = await self._callback_faults.plan(self._due)
        now = self._now()
        await self._storage.run(lambda db: _postpone(db, plan.later, now))
        if self._faults.current.reorder_webhooks and plan.send:
            await asyncio.sleep(GATHER_SECONDS)
            attempts = [await self._send(session, delivery) for delivery in reversed(await self._due())]
        elif plan.in_turn:
            attempts = [await self._send(session, delivery) for delivery in plan.send]
        else:
            attempts = list(await asyncio.gather(*(self._send(session, delivery) for delivery in plan.send)))
        attempts += [Attempt(delivery, None, "lost by a fault", lost=True) for delivery in plan.lost]
        now = self._now()
        await self._storage.run(lambda db: _record(db, attempts, now))
        return len(attempts) + len(plan.later)

    async def _due(self) -> list[Delivery]:
        now = self._now()
        return await self._storage.run(lambda db: _due(db, now))

    async def _send(self, session: aiohttp.ClientSession, delivery: Delivery) -> Attempt:
        for _ in range(self._faults.current.duplicate_webhooks + self._callback_faults.copies(delivery) - 1):
            await self._post(session, delivery)
        return await self._post(session, delivery)

    async def _post(self, session: aiohttp.ClientSession, delivery: Delivery) -> Attempt:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature_header(delivery.payload, delivery.secret, int(self._now())),
            "User-Agent": USER_AGENT,
        }
        try:
            async with session.post(
                delivery.url, data=delivery.payload.encode(), headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                return Attempt(delivery, response.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return Attempt(delivery, None, str(error) or type(error).__name__)

    async def _rest(self) -> None:
        now = self._now()
        held = bool(self._faults.current.hold_webhooks)
        due_at = await self._storage.run(lambda db: _next_due_at(db, held=held))
        seconds = None if due_at is None else max(due_at - now, 0.0)
        waiting = asyncio.create_task(self._woken.wait())
        await asyncio.wait({waiting}, timeout=seconds)
        waiting.cancel()

    def _settle_refunds(self, db: sqlite3.Connection) -> None:
        now = self._now()
        for row in db.execute("SELECT * FROM settlements WHERE due_at <= ?", (now,)).fetchall():
            db.execute("DELETE FROM settlements WHERE refund = ?", (row["refund"],))
            refunds.settle(Book(db, row["account"], now, self._public_url), row["refund"], row["outcome"])


def _due(db: sqlite3.Connection, now: float) -> list[Delivery]:
    rows = db.execute(
        "SELECT d.seq, d.type, d.attempts, d.endpoint, e.url, e.secret, o.body FROM deliveries d"
        " JOIN endpoints e ON e.id = d.endpoint JOIN objects o ON o.id = d.event"
        " WHERE d.state = 'pending' AND d.next_at <= ? ORDER BY d.next_at, d.seq LIMIT ?",
        (now, BATCH_LIMIT),
    ).fetchall()
    return [
        Delivery(
            seq=row["seq"],
            attempts=row["attempts"],
            endpoint=row["endpoint"],
            url=row["url"],
            secret=row["secret"],
            payload=row["body"],
            type=row["type"],
        )
        for row in rows
    ]


def _record(db: sqlite3.Connection, attempts: list[Attempt], now: float) -> None:
    for attempt in attempts:
        count = attempt.delivery.attempts + 1
        state = "delivered" if attempt.taken else "failed" if attempt.lost or count >= ATTEMPT_LIMIT else "pending"
        db.execute(
            "UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, last_status = ?, last_error = ?,"
            " delivered_at = ? WHERE seq = ?",
            (
                state,
                count,
                now + pause_seconds(count),
                attempt.status,
                attempt.error,
                now if attempt.taken else None,
                attempt.delivery.seq,
            ),
        )
    # Where nobody listens, the rest of the queue waits with the one that was refused.
    deaf = {attempt.delivery.endpoint: attempt for attempt in attempts if attempt.status is None and not attempt.lost}
    for endpoint, attempt in deaf.items():
        db.execute(
            "UPDATE deliveries SET next_at = max(next_at, ?) WHERE endpoint = ? AND state = 'pending'",
            (now + min(pause_seconds(attempt.delivery.attempts + 1), 2.0), endpoint),
        )


def _postpone(db: sqlite3.Connection, later: list[tuple[Delivery, float]], now: float) -> None:
    for delivery, seconds in later:
        db.execute("UPDATE deliveries SET next_at = ? WHERE seq = ?", (now + seconds, delivery.seq))


def _next_due_at(db: sqlite3.Connection, *, held: bool) -> float | None:
    row = db.execute(
        "SELECT min(at) AS at FROM (SELECT min(due_at) AS at FROM settlements UNION ALL"
        " SELECT min(next_at) FROM deliveries WHERE state = 'pending' AND NOT ?)",
        (held,),
    ).fetchone()
    at: float | None = row["at"]
    return at
