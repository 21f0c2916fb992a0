"""Where the time of an operation goes: stacks of every service, sampled from outside while the operation runs, and
what MongoDB was asked to do meanwhile, as its own profiler notes it.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.usage import counted
from common.suite import SERVICES
from dev.home import Home
from dev.prove.suite import ProvedSuite

SAMPLES_A_SECOND = 99
SECONDS = 5
DATABASE_SECONDS = 3
SHOWN = 12
"""Functions a service."""

PROFILE_BYTES = 64 * 1024 * 1024
"""For what one database is asked in a round: the oldest entries make room for the newest."""

_OFF, _ALL = 0, 2
_DONE: list[dict[str, Any]] = [
    {"$match": {"appName": {"$regex": "^markethall-"}}},
    {
        "$group": {
            "_id": {"who": "$appName", "where": "$ns", "what": "$op", "plan": "$planSummary"},
            "times": {"$sum": 1},
            "milliseconds": {"$sum": {"$divide": [{"$ifNull": ["$cpuNanos", 0]}, 1_000_000]}},
        }
    },
    {"$sort": {"times": -1}},
]


@asynccontextmanager
async def sampled(home: Home, target: Path) -> AsyncIterator[None]:
    """Samples each service while the block runs, then writes the busiest functions of each to ``target``.

    py-spy reads the interpreter's own structures: a sample costs the process a pause of some hundred microseconds.
    """
    spy = Path(sys.executable).with_name("py-spy")
    with tempfile.TemporaryDirectory() as folder:
        running = [
            (group, Path(folder) / str(pid), await _spying(spy, pid, Path(folder) / str(pid)))
            for group, pid in counted(home)
            if group in SERVICES
        ]
        try:
            yield
        finally:
            for _, _, process in running:
                await process.wait()
        _write(target, {group: _stacks(file) for group, file, _ in running if file.exists()})


@dataclass(slots=True)
class Tally:
    """``done``: operations of a profiled round."""

    done: int = 0


@asynccontextmanager
async def database_profiled(suite: ProvedSuite, target: Path) -> AsyncIterator[Tally]:
    """Has MongoDB note all that it is asked while the block runs; ``target`` is told how often an operation asked what.

    The block says how many operations there were. Each update of a bulk write is an entry of its own.
    """
    databases = [suite.database(name) for name, each in SERVICES.items() if each.database is not None]
    for database in databases:
        await database.command("profile", _OFF)
        await database["system.profile"].drop()
        await database.create_collection("system.profile", capped=True, size=PROFILE_BYTES)
        await database.command("profile", _ALL)
    tally, rows = Tally(), []
    try:
        yield tally
    finally:
        for database in databases:
            await database.command("profile", _OFF)
            rows += await (await database["system.profile"].aggregate(_DONE)).to_list()
            await database["system.profile"].drop()
        with target.open("a") as file:
            file.writelines(f"{line}\n" for line in _asked(rows, max(tally.done, 1)))


def _asked(rows: Sequence[dict[str, Any]], done: int) -> Iterator[str]:
    """What was asked most often first: times an operation, milliseconds of the server's CPU, by whom, where, how."""
    total = sum(row["times"] for row in rows) / done
    yield f"\nwhat MongoDB was asked, an operation: {total:.1f} times; its CPU ms; by whom, where, by which plan"
    for row in sorted(rows, key=lambda each: -each["times"]):
        asked = row["_id"]
        who, plan = asked["who"].removeprefix("markethall-"), asked.get("plan") or ""
        costs = f"{row['times'] / done:>6.2f} {row['milliseconds'] / done:>6.3f}"
        yield f"  {costs}  {who} {asked['what']} {asked['where']} {plan}".rstrip()


def _write(target: Path, found: dict[str, list[tuple[list[str], int]]]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(_page(found)) + "\n")


async def _spying(spy: Path, pid: int, file: Path) -> asyncio.subprocess.Process:
    told = ("--pid", str(pid), "--duration", str(SECONDS), "--rate", str(SAMPLES_A_SECOND), "--format", "raw")
    return await asyncio.create_subprocess_exec(
        str(spy), "record", *told, "--output", str(file),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


def _stacks(file: Path) -> list[tuple[list[str], int]]:
    """Frames from the outermost in, and how often they were seen."""
    found = []
    for line in file.read_text().splitlines():
        frames, _, count = line.rpartition(" ")
        found.append((frames.split(";"), int(count)))
    return found


def _page(found: dict[str, list[tuple[list[str], int]]]) -> Iterator[str]:
    """By service, the busiest first: samples in which it worked, and the functions they fell in."""
    totals = {group: sum(count for _, count in stacks) for group, stacks in found.items()}
    yield f"samples of {SECONDS} s at {SAMPLES_A_SECOND} a second; in a function itself, and in what it called too"
    for group in sorted(totals, key=lambda name: -totals[name]):
        if not totals[group]:
            continue
        itself: Counter[str] = Counter()
        within: Counter[str] = Counter()
        for frames, count in found[group]:
            itself[frames[-1]] += count
            for frame in set(frames):
                within[frame] += count
        yield f"\n{group}: at work in {totals[group]} of {SECONDS * SAMPLES_A_SECOND}"
        for name, count in itself.most_common(SHOWN):
            yield f"  {count / totals[group]:>5.0%} {within[name] / totals[group]:>5.0%}  {name}"
