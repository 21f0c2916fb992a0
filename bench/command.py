"""The command line of ``bench``."""

import argparse
import asyncio
import json
import os
import platform
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.effects import watched
from bench.fanout import fan_out
from bench.ground import SMALL, Ground, lay
from bench.growth import grow
from bench.load import drive
from bench.measuring import Figure, at_half, measure, planned
from bench.operation import Effort, Operation
from bench.operations import OPERATIONS
from bench.operations.selling import settled
from bench.profiling import DATABASE_SECONDS, database_profiled, sampled
from bench.profiling import SECONDS as PROFILED_SECONDS
from bench.showing import JUDGED_CLIENTS, show, show_measures
from bench.standing import Measure, Progress, stand
from bench.tenants import populate
from dev.home import Home, OperatorError
from dev.prove.suite import ProvedSuite

CLIENTS = (1, 8, 32)
STANDING = "standing"
"""Not a request: the suite's start and its memory at rest."""

BESIDE: dict[str, Callable[[Ground, Progress], Awaitable[list[Measure]]]] = {
    "fan_out": fan_out, "growth": grow, "tenants": populate,
}  # fmt: skip
"""What is no request of a client, on the same ground; what takes long is measured only where it is named."""

LONG = ("growth", "tenants")

TABLE_COLUMNS = 170
"""The table needs them; a file or a pipe would be taken for eighty."""

LIBRARIES = ("pymongo", "aio-pika", "fastapi", "pydantic", "uvicorn", "aiohttp")
SETTINGS = {
    # The load comes from one address and few accounts; the limits are measured by the proof.
    "MARKETHALL_READ_LIMIT": "100000/s;burst=100000",
    "MARKETHALL_WRITE_LIMIT": "100000/s;burst=100000",
    "MARKETHALL_SIGN_IN_LIMIT": "100000/m;burst=100000",
    "MARKETHALL_SIGN_IN_TENANT_LIMIT": "100000/m;burst=100000",
    "MARKETHALL_SOCKETS_AN_ACCOUNT": "5000",
}


def run(arguments: Sequence[str]) -> int:
    """Measure; the exit code is 0 when every promised figure is met."""
    chosen = _parser().parse_args(arguments)
    known = (*OPERATIONS, *BESIDE, STANDING)
    unknown = [name for name in chosen.operation if name not in known]
    if unknown:
        raise OperatorError(f"There is no operation {', '.join(unknown)}: choose from {', '.join(known)}.")
    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, TABLE_COLUMNS)
    if chosen.here:
        taken = asyncio.run(_bench(Home.from_environment(), chosen, console))
    else:
        from dev.testing import own_suite

        with own_suite(console, SETTINGS, prefix=".run-bench-") as home:
            taken = asyncio.run(_bench(home, chosen, console))
    earlier = _latest(chosen.folder) if chosen.compare else None
    met = show(console, list(OPERATIONS.values()), taken.figures, earlier)
    met &= show_measures(console, taken.measures)
    _write(chosen, taken)
    return 0 if met else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./markethall bench", description="Says what operations cost, beside floors.")
    named = ", ".join((STANDING, *OPERATIONS, *BESIDE))
    parser.add_argument("operation", nargs="*", metavar="OPERATION", help=f"only these: {named}")
    parser.add_argument("--clients", default=",".join(map(str, CLIENTS)), metavar="1,8,32", help="how many at once")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round that reads (3)")
    parser.add_argument("--rounds", type=int, default=3, help="the median counts (3)")
    parser.add_argument("--writes", type=int, default=600, help="of each round that writes (600)")
    parser.add_argument("--products", type=int, default=SMALL, help=f"how many are on sale ({SMALL})")
    parser.add_argument("--no-floors", action="store_true", help="without the same work by the drivers alone")
    parser.add_argument("--compare", action="store_true", help="beside the newest stored result")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, for programs")
    parser.add_argument("--folder", type=Path, default=Path("bench/results"), help="where results are kept")
    parser.add_argument("--keep", action="store_true", help="keep these figures among the results")
    parser.add_argument("--profile", type=Path, metavar="DIR", help="write there where the time of each goes")
    parser.add_argument("--here", action="store_true", help="on the suite that runs in this home")
    return parser


@dataclass(slots=True)
class _Taken:
    figures: list[Figure] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)


async def _bench(home: Home, chosen: argparse.Namespace, console: Console) -> _Taken:
    """What was chosen; nothing by name is everything, but on somebody's running suite it is not started again."""
    everything = [*OPERATIONS, *(name for name in BESIDE if name not in LONG)]
    names = chosen.operation or (everything if chosen.here else [STANDING, *everything])
    taken = _Taken(measures=await stand(home) if STANDING in names else [])
    if any(name != STANDING for name in names):
        await _on_ground(home, names, chosen, console, taken)
    return taken


async def _on_ground(
    home: Home, names: Sequence[str], chosen: argparse.Namespace, console: Console, taken: _Taken
) -> None:
    suite = ProvedSuite(home)
    effort = Effort(chosen.seconds, chosen.rounds, chosen.writes)
    try:
        console.print(f"{chosen.products:,} products …", style="dim")
        ground = await lay(suite, chosen.products)
        await settled(ground)  # else the first figures would pay for it
        if ground.refused:
            console.print(f"{len(ground.refused)} products were refused, the first: {ground.refused[0]}", style="dim")
        for operation in (OPERATIONS[name] for name in names if name in OPERATIONS):
            if chosen.profile:
                await _profile(ground, operation, effort, chosen.profile / f"{operation.name}.txt")
            floor = await operation.floor(ground) if operation.floor and not chosen.no_floors else None
            for clients in [int(text) for text in chosen.clients.split(",")] if operation.rate is None else [8]:
                figure = await _one(ground, operation, clients, effort)
                figure.floor = floor
                console.print(f"  {operation.name}, {clients} clients: {figure.cpu:.2f} ms", style="dim")
                taken.figures.append(figure)
        for name in names:
            if name in BESIDE:
                taken.measures += await BESIDE[name](ground, partial(console.print, style="dim"))
        await ground.house.close()
    finally:
        await suite.close()


async def _profile(ground: Ground, operation: Operation, effort: Effort, target: Path) -> None:
    """One more round at eight clients, whose costs nobody counts: being watched costs, too."""
    asked, plan = await planned(operation, ground, JUDGED_CLIENTS, replace(effort, rounds=1))
    async with sampled(ground.suite.home, target):
        await drive(replace(plan, seconds=PROFILED_SECONDS, rate=operation.rate))
        if operation.settle is not None:
            await operation.settle(ground)
    async with database_profiled(ground.suite, target) as tally:
        tally.done = (await drive(replace(asked, seconds=DATABASE_SECONDS, rate=operation.rate))).done
        if operation.settle is not None:
            await operation.settle(ground)


async def _one(ground: Ground, operation: Operation, clients: int, effort: Effort) -> Figure:
    limits = operation.limits
    is_judged = clients == JUDGED_CLIENTS and limits.p99 is not None and operation.rate is None
    plans = await planned(operation, ground, clients, replace(effort, rounds=effort.rounds + is_judged))
    last = plans.pop() if is_judged else None
    figure = await measure(ground, operation, plans)
    if last is not None:
        effects = partial(watched, ground.suite) if limits.settled_p99 is not None else None
        figure.half = await at_half(ground, operation, last, figure.rate, effects)
    return figure


def _document(taken: _Taken) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "suite": metadata.version("markethall"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in LIBRARIES},
        "measures": [measure.document() for measure in taken.measures],
        "figures": [figure.document() for figure in taken.figures],
    }


def _write(chosen: argparse.Namespace, taken: _Taken) -> None:
    text = json.dumps(_document(taken), indent=1) + "\n"
    if chosen.json:
        chosen.json.write_text(text)
    if chosen.keep:
        chosen.folder.mkdir(parents=True, exist_ok=True)
        (chosen.folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M}.json").write_text(text)


def _latest(folder: Path) -> dict[str, Any] | None:
    found = sorted(folder.glob("*.json"))
    return json.loads(found[-1].read_text()) if found else None
