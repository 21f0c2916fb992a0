"""The command line of ``prove``."""

import argparse
import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from dev.home import REPOSITORY, Home, OperatorError
from dev.prove.mutations.engine import Broken, Mutations, those_named
from dev.prove.report import document, write
from dev.prove.rows import Scale, all_rows, parse_rows
from dev.prove.runner import Runner
from dev.prove.showing import Showing
from dev.prove.suite import ProvedSuite
from dev.prove.verdict import Verdict

SETTINGS = {
    # Everybody of the proof comes from one address; the rows about limits set their own.
    "MARKETHALL_SIGN_IN_LIMIT": "6000/m;burst=6000",
    "MARKETHALL_SIGN_IN_TENANT_LIMIT": "6000/m;burst=6000",
    # Row 29 sends again what its own house did, and not all that the rows before it did.
    "MARKETHALL_RESEND_MINUTES": "15",
    # Row 25 waits until what it did is signed.
    "MARKETHALL_AUDIT_CHECKPOINT_SECONDS": "1",
    # A company has come to rest once its alerts are mailed, too.
    "MARKETHALL_GATHER_SECONDS": "1",
}
LANES = {Scale.SMALL: 2, Scale.FULL: 1}
"""Suites side by side: most of a small row is waiting; at full scale times are judged."""

MUTATION_LANES = 3
"""Suites without a mechanism mostly wait for what never comes."""

FEW = 6
"""Up to so many rows or mutations another suite would take longer to start than it saves."""


def run(arguments: Sequence[str]) -> int:
    """Prove; the exit code is 0 when every row is green (with ``--mutations``: when each turns its row red)."""
    chosen = _parser().parse_args(arguments)
    try:
        numbers = parse_rows(chosen.rows)
    except ValueError as error:
        raise OperatorError(f"--rows takes numbers and ranges such as 1,5-8: {error}.") from error
    scale, seed = Scale(chosen.scale), chosen.seed or secrets.token_hex(4)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"seed {seed}, scale {scale}")
    if chosen.mutations is not None:
        return _mutate(chosen, seed, console)
    lanes = LANES[scale] if len(numbers) > FEW else 1
    with _suites(chosen, console, lanes) as homes:
        return asyncio.run(_prove(homes, numbers, scale, seed, chosen, console))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./markethall prove", description="Shows every guarantee under real faults, on a suite of its own."
    )
    parser.add_argument("--rows", metavar="1,5-8", help="only these rows")
    scales = [str(each) for each in Scale]
    parser.add_argument("--scale", choices=scales, default="small", help="how much is done (small)")
    parser.add_argument("--seed", help="the seed of an earlier run, to do the same again; a fresh one by default")
    parser.add_argument(
        "--mutations", nargs="?", const="", metavar="NAME,…",
        help="take each mechanism away (or only these) and see the row that guards it go red",
    )  # fmt: skip
    parser.add_argument("--folder", type=Path, default=Path("proof"), help="where the report goes (proof)")
    parser.add_argument("--here", action="store_true", help="on the suite that runs in this home, for developing rows")
    return parser


@contextmanager
def _suites(chosen: argparse.Namespace, console: Console, lanes: int) -> Iterator[list[Home]]:
    """The homes of suites of the proof's own, gone afterwards; their logs stay beside the report."""
    if chosen.here:
        yield [Home.from_environment()]
        return
    from dev.testing import own_suite

    with ExitStack() as stack:
        homes = [stack.enter_context(own_suite(console, SETTINGS, prefix=".run-proof-")) for _ in range(lanes)]
        try:
            yield homes
        finally:
            for number, home in enumerate(homes, 1):
                logs = chosen.folder / "logs" / str(number)
                shutil.rmtree(logs, ignore_errors=True)
                shutil.copytree(home.logs, logs)


async def _prove(
    homes: list[Home], numbers: list[int], scale: Scale, seed: str, chosen: argparse.Namespace, console: Console
) -> int:
    rows = all_rows()
    missing = [number for number in numbers if number not in rows]
    wanted = [rows[number] for number in numbers if number in rows]
    began = time.monotonic()
    showing = Showing(console, len(wanted))
    suites = [ProvedSuite(home) for home in homes]
    try:
        runner = Runner(suites, scale, seed, chosen.folder.resolve(), showing.told, showing.ended)
        verdicts = await runner.run(wanted)
    finally:
        for suite in suites:
            await suite.close()
    write(chosen.folder, document(verdicts, scale=scale, seed=seed, seconds=time.monotonic() - began))
    for number in missing:
        console.print(f"[red bold]row {number} does not exist[/]")
    _conclude(console, verdicts, chosen, scale, seed)
    return 0 if verdicts and not missing and all(verdict.is_green for verdict in verdicts) else 1


def _conclude(console: Console, verdicts: list[Verdict], chosen: argparse.Namespace, scale: Scale, seed: str) -> None:
    red = sorted(verdict.number for verdict in verdicts if not verdict.is_green)
    console.print(f"{len(verdicts) - len(red)} of {len(verdicts)} green; {chosen.folder / 'report.html'}")
    if red:
        again = ",".join(map(str, red))
        console.print(f"again: ./markethall prove --rows {again} --scale {scale} --seed {seed}")


def _mutate(chosen: argparse.Namespace, seed: str, console: Console) -> int:
    names = [name for name in chosen.mutations.split(",") if name] or None
    try:
        lanes = MUTATION_LANES if len(those_named(names)) > FEW else 1
        with (
            _suites(chosen, console, lanes) as homes,
            tempfile.TemporaryDirectory(prefix=".run-mutated-", dir=REPOSITORY) as work,
        ):
            return asyncio.run(_without_each(homes, names, seed, Path(work), chosen.folder.resolve(), console))
    except Broken as error:
        raise OperatorError(f"{error}.") from error


async def _without_each(
    homes: list[Home], names: list[str] | None, seed: str, work: Path, folder: Path, console: Console
) -> int:
    suites = [ProvedSuite(home) for home in homes]
    try:
        return await Mutations(suites, seed, work, folder, console).run(names)
    finally:
        for suite in suites:
            await suite.close()
