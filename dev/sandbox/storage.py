"""One SQLite file behind one thread; operations that wait at the same moment share one commit."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from dev.sandbox.schema import SCHEMA

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], Any]

BATCH_LIMIT = 256


class Storage:
    """Runs each operation atomically and one at a time; an answer is given only after its commit.

    WAL with synchronous=NORMAL: what was answered survives a killed process, no commit waits for the disk.
    """

    def __init__(self, path: Path | None) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-storage")
        self._waiting: list[tuple[Operation, asyncio.Future[Any]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._path = path
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open or create the file; raises sqlite3.Error where that is impossible."""
        loop = asyncio.get_running_loop()
        self._connection = await loop.run_in_executor(self._thread, _connect, self._path)

    async def close(self) -> None:
        """Finish what waits, then close the file."""
        if self._writer is not None:
            await self._writer
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    async def run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Run `operation` in a transaction and give its result once that is committed."""
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, outcome))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain())
        return await asyncio.shield(outcome)

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_LIMIT], self._waiting[BATCH_LIMIT:]
            results = await self._attempt([operation for operation, _ in batch])
            if isinstance(results, BaseException) and len(batch) > 1:
                # One of them is at fault and took the others' commit with it: find it by going singly.
                singles = [await self._attempt([operation]) for operation, _ in batch]
                results = [one if isinstance(one, BaseException) else one[0] for one in singles]
            elif isinstance(results, BaseException):
                results = [results]
            for (_, outcome), result in zip(batch, results, strict=True):
                _settle(outcome, result)

    async def _attempt(self, operations: list[Operation]) -> list[Any] | BaseException:
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._commit, operations)
        outcomes: tuple[list[Any] | BaseException] = await asyncio.gather(running, return_exceptions=True)
        return outcomes[0]

    def _commit(self, operations: list[Operation]) -> list[Any]:
        connection = self._connection
        assert connection is not None, "open() comes before run()"
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = [operation(connection) for operation in operations]
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return results


def _settle(outcome: asyncio.Future[Any], result: Any) -> None:
    if outcome.done():
        return
    if isinstance(result, BaseException):
        outcome.set_exception(result)
    else:
        outcome.set_result(result)


def _connect(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Webhook secrets are in it: nobody else on the machine may read the file.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path or ":memory:", isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript(SCHEMA)
    return connection
