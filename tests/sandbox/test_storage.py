"""Shared commits: everyone is told the truth about their own operation."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from dev.sandbox.storage import Storage


class TestRun:
    async def test_one_fault_spoils_no_other_operation(self, tmp_path: Path) -> None:
        storage = Storage(tmp_path / "s.sqlite3")
        await storage.open()

        def note(db: sqlite3.Connection, address: str) -> str:
            db.execute("INSERT INTO refused_recipients VALUES (?, 550, 1)", (address,))
            if address == "broken":
                raise LookupError(address)
            return address

        def noting(address: str) -> asyncio.Task[str]:
            return asyncio.create_task(storage.run(lambda db: note(db, address)))

        tasks = [noting(address) for address in ("a", "broken", "b")]
        assert (await tasks[0], await tasks[2]) == ("a", "b")
        with pytest.raises(LookupError):
            await tasks[1]
        rows = await storage.run(lambda db: db.execute("SELECT address FROM refused_recipients").fetchall())
        assert sorted(row["address"] for row in rows) == ["a", "b"]
        await storage.close()

    async def test_a_cancelled_caller_holds_up_nobody(self, tmp_path: Path) -> None:
        storage = Storage(tmp_path / "s.sqlite3")
        await storage.open()
        waiting = asyncio.create_task(storage.run(lambda db: 1))
        await asyncio.sleep(0)
        waiting.cancel()
        assert await storage.run(lambda db: 2) == 2
        await storage.close()
