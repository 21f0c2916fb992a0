"""The main job on real invoices, undisturbed and with processes killed in the middle of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo
import pytest

from common.suite import SERVICES
from dev.replay.plan import make_plan
from dev.replay.rows import read
from tests.e2e.conftest import INVOICES, ROOT, required

pytestmark = [pytest.mark.real_data, pytest.mark.timeout(420)]

KILLED = {"sales": 60, "inventory": 120, "payment": 180}
"""After how many of the 300 orders each falls: the trade goes on before and behind it."""

LAST_YEAR = datetime(2012, 1, 1, tzinfo=UTC)
"""The invoices are older; nothing else in the suite is."""


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "MARKETHALL_HOME": required("MARKETHALL_TEST_HOME"),
        "MARKETHALL_PORT_BASE": required("MARKETHALL_TEST_PORT_BASE"),
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dev", *arguments]


def processes() -> dict[str, dict[str, Any]]:
    shown = subprocess.run(command("status", "--json"), env=environment(), cwd=ROOT, capture_output=True, text=True)
    return {process["name"]: process for process in json.loads(shown.stdout)["processes"]}


class TestRows:
    def test_agree_with_the_published_figures(self) -> None:
        file = read(INVOICES, 2000)
        assert file.left_out["cancellation"] == 9288
        assert file.left_out["price not above zero"] == 2515 + 2 - 2
        assert file.invoices[-1].month == "2011-01"

    def test_give_the_same_plan_every_time(self) -> None:
        one, other = (make_plan(read(INVOICES, 300).invoices).expected for _ in range(2))
        assert one == other
        assert sum(one.cancelled.values()) > 0


class TestReplay:
    async def test_agrees_to_the_cent_while_processes_are_killed(self, tmp_path: Path) -> None:
        out = tmp_path / "report.json"
        run = await asyncio.create_subprocess_exec(
            *command("replay", str(INVOICES), "--orders", "300", "--concurrency", "16", "--json", str(out)),
            env=environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output = asyncio.create_task(_read(run))
        before = processes()
        for name in KILLED:
            await _accepts(KILLED[name], run)
            os.kill(before[name]["pid"], signal.SIGKILL)
        text = await output
        assert run.returncode == 0, text[-4000:]
        report = json.loads(out.read_text())
        assert report["ok"] is True
        assert {check["name"].split(":")[0] for check in report["checks"]} >= {
            "sales",
            "payment",
            "inventory",
            "debt",
            "analytics",
            "notification",
            "audit",
            "realtime",
            "file",
        }


async def _read(run: asyncio.subprocess.Process) -> str:
    out, _ = await run.communicate()
    return out.decode()


async def _accepts(orders: int, run: asyncio.subprocess.Process) -> None:
    """Wait until this many of the invoices' orders are stored. Fails when the replay ends before."""
    async with pymongo.AsyncMongoClient[dict[str, Any]](required("MARKETHALL_TEST_MONGO_URL")) as client:
        stored = client[SERVICES["sales"].database]["orders"]
        while await stored.count_documents({"placedAt": {"$lt": LAST_YEAR}}, limit=orders) < orders:
            assert run.returncode is None, f"the replay ended before {orders} orders were accepted"
            await asyncio.sleep(0.05)
