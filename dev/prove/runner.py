"""Runs rows: calm ones side by side, rough ones each with a suite to itself, constant ones all the while."""

import asyncio
import random
import shutil
import time
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dev.home import OperatorError
from dev.prove.rows import Kind, Row, Scale
from dev.prove.stage import Noticed, Progress, Stage
from dev.prove.suite import ProvedSuite
from dev.prove.verdict import Verdict

Done = Callable[[Verdict], None]
"""Hears each verdict as it falls."""

CALM_AT_ONCE = 2
ROW_SECONDS = {Scale.SMALL: 240.0, Scale.FULL: 1500.0}


class Runner:
    """One run over chosen rows, on one suite or on several side by side. ``done`` hears each verdict as it falls.

    With ``patience_seconds`` rows only have to go red: they end at their first bad check, and wait no longer.
    """

    def __init__(
        self,
        suites: Sequence[ProvedSuite],
        scale: Scale,
        seed: str,
        folder: Path,
        told: Progress = lambda *_: None,
        done: Done = lambda _: None,
        *,
        patience_seconds: float | None = None,
    ) -> None:
        self._suites = suites
        self._scale = scale
        self._seed = seed
        self._folder = folder
        self._told = told
        self._done = done
        self._patience_seconds = patience_seconds
        self._shared: dict[str, Any] = {}

    async def run(self, rows: Sequence[Row]) -> list[Verdict]:
        """Every row's verdict. What a row leaves broken is healed before the next."""
        first = self._suites[0]
        constants = [(row, self._stage(row, first)) for row in rows if row.kind is Kind.CONSTANT]
        watching = [asyncio.create_task(self._judge(row, stage)) for row, stage in constants]
        todo = _in_order([row for row in rows if row.kind is Kind.ROUGH])
        calm = self._run_calm([row for row in rows if row.kind is Kind.CALM], first)
        lanes = [self._lane(first, todo, calm), *(self._lane(suite, todo) for suite in self._suites[1:])]
        verdicts = [verdict for lane in await asyncio.gather(*lanes) for verdict in lane]
        verdicts += await self._lane(first, deque([[row] for row in rows if row.kind is Kind.LONE]))
        for _, stage in constants:
            stage.ending.set()
        return verdicts + list(await asyncio.gather(*watching))

    async def _lane(
        self, suite: ProvedSuite, todo: deque[list[Row]], before: Coroutine[Any, Any, list[Verdict]] | None = None
    ) -> list[Verdict]:
        """One suite's way through the rows that still wait."""
        verdicts = await before if before is not None else []
        while todo:
            for row in todo.popleft():
                verdicts.append(await self._judge(row, self._stage(row, suite), heals=True))
        return verdicts

    async def _run_calm(self, rows: Sequence[Row], suite: ProvedSuite) -> list[Verdict]:
        places = asyncio.Semaphore(CALM_AT_ONCE)

        async def one(row: Row) -> Verdict:
            async with places:
                return await self._judge(row, self._stage(row, suite))

        return list(await asyncio.gather(*(one(row) for row in rows)))

    def _stage(self, row: Row, suite: ProvedSuite) -> Stage:
        folder = self._folder / f"row-{row.number:02}"
        shutil.rmtree(folder, ignore_errors=True)  # the journal of an earlier run tells of another company
        folder.mkdir(parents=True)
        verdict = Verdict(row.number, row.name, row.claim, self._seed)
        rng = random.Random(f"{self._seed}:{row.number}")
        return Stage(
            suite, verdict, self._scale, rng, folder, self._told,
            shared=self._shared, patience_seconds=self._patience_seconds,
        )  # fmt: skip

    async def _judge(self, row: Row, stage: Stage, *, heals: bool = False) -> Verdict:
        began = time.monotonic()
        deadline = None if row.kind is Kind.CONSTANT else ROW_SECONDS[self._scale]
        try:
            async with asyncio.timeout(deadline):
                with suppress(Noticed):  # the verdict holds it
                    await row.show(stage)
        except Exception as error:  # noqa: BLE001 - whatever breaks a row off is its verdict
            (stage.folder / "error.txt").write_text("".join(traceback.format_exception(error)))
            stage.verdict.error = "; ".join(_causes(error)) or repr(error)
        stage.verdict.seconds = time.monotonic() - began
        if heals:
            await self._heal(stage)
        self._done(stage.verdict)
        return stage.verdict

    async def _heal(self, stage: Stage) -> None:
        """Whole again for the next row; a suite that cannot be healed is the fault of the row that broke it."""
        try:
            await stage.suite.heal()
        except (OperatorError, TimeoutError) as error:
            stage.verdict.error = f"{stage.verdict.error} not healed: {error}".strip()
            await stage.suite.heal()


def _in_order(rows: Sequence[Row]) -> deque[list[Row]]:
    """Rows to be taken one by one, each with those that go on where it has ended."""
    chosen = {row.number for row in rows}
    leading = [row for row in rows if row.follows not in chosen]
    return deque([row, *(each for each in rows if each.follows == row.number)] for row in leading)


def _causes(error: BaseException) -> list[str]:
    """What really went wrong inside groups of tasks."""
    if isinstance(error, BaseExceptionGroup):
        return [line for each in error.exceptions for line in _causes(each)]
    return [f"{type(error).__name__}: {error}"]
