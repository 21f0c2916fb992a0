"""The command line of ``bench``."""

import argparse
import asyncio
import json
import os
import platform
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.effects import watched
from bench.ground import SMALL, Ground, lay
from bench.load import Plan
from bench.measuring import Figure, at_half, measure
from bench.operation import Effort, Operation
from bench.operations import OPERATIONS
from bench.operations.selling import settled
from bench.showing import JUDGED_CLIENTS, show, show_measures
from bench.standing import Measure, stand
from dev.home import Home, OperatorError
from dev.prove.suite import ProvedSuite

CLIENTS = (1, 8, 32)
STANDING = "standing"
"""Not a request: the suite's start and its memory at rest."""

TABLE_COLUMNS = 170
"""The table needs them; a file or a pipe would be taken for eighty."""

LIBRARIES = ("pymongo", "aio-pika", "fastapi", "pydantic", "uvicorn", "aiohttp")
SETTINGS = {
    # The load comes from one address and few accounts; the limits are measured by the proof.
    "MARKETHALL_READ_LIMIT": "100000/s;burst=100000",
    "MARKETHALL_WRITE_LIMIT": "100000/s;burst=100000",
    "MARKETHALL_SIGN_IN_LIMIT": "100000/m;burst=100000",
    "MARKETHALL_SIGN_IN_TENANT_LIMIT": "100000/m;burst=100000",
}


def run(arguments: Sequence[str]) -> int:
    """Measure; the exit code is 0 when every promised figure is met."""
    chosen = _parser().parse_args(arguments)
    known = (*OPERATIONS, STANDING)
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
    named = ", ".join((STANDING, *OPERATIONS))
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
    parser.add_argument("--here", action="store_true", help="on the suite that runs in this home")
    return parser


@dataclass(slots=True)
class _Taken:
    figures: list[Figure] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)


async def _bench(home: Home, chosen: argparse.Namespace, console: Console) -> _Taken:
    """What was chosen; nothing by name is everything, but on somebody's running suite it is not started again."""
    names = chosen.operation or (list(OPERATIONS) if chosen.here else [STANDING, *OPERATIONS])
    measures = await stand(home) if STANDING in names else []
    operations = [OPERATIONS[name] for name in names if name != STANDING]
    return _Taken(await _figures(home, operations, chosen, console) if operations else [], measures)


async def _figures(
    home: Home, operations: list[Operation], chosen: argparse.Namespace, console: Console
) -> list[Figure]:
    suite = ProvedSuite(home)
    effort = Effort(chosen.seconds, chosen.rounds, chosen.writes)
    try:
        console.print(f"{chosen.products:,} products …", style="dim")
        ground = await lay(suite, chosen.products)
        await settled(ground)  # else the first figures would pay for it
        if ground.refused:
            console.print(f"{len(ground.refused)} products were refused, the first: {ground.refused[0]}", style="dim")
        figures = []
        for operation in operations:
            floor = await operation.floor(ground) if operation.floor and not chosen.no_floors else None
            for clients in [int(text) for text in chosen.clients.split(",")] if operation.rate is None else [8]:
                figure = await _one(home, ground, operation, clients, effort)
                figure.floor = floor
                console.print(f"  {operation.name}, {clients} clients: {figure.cpu:.2f} ms", style="dim")
                figures.append(figure)
        await ground.house.close()
        return figures
    finally:
        await suite.close()


async def _one(home: Home, ground: Ground, operation: Operation, clients: int, effort: Effort) -> Figure:
    settle, limits = operation.settle, operation.limits

    async def settled() -> None:
        if settle is not None:
            await settle(ground)

    planned = operation.plans(ground, clients, Effort(effort.seconds, effort.rounds + 2, effort.writes))
    [first, last, *rest] = await planned if isinstance(planned, Awaitable) else planned
    warm_up = Plan(first.port, first.requests[: max(len(first.requests) // 4, 1)], clients, min(effort.seconds, 1.0))
    figure = await measure(home, operation.name, rest, settle=settled, warm_up=warm_up)
    if clients == JUDGED_CLIENTS and limits.p99 is not None and operation.rate is None:
        effects = partial(watched, ground.suite) if limits.settled_p99 is not None else None
        figure.half = await at_half(last, figure.rate, settled, effects)
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
