"""Runs rows: the calm ones side by side, the rough ones alone, the constant ones all the while."""

import asyncio
import random
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dev.prove.rows import Kind, Row, Scale
from dev.prove.stage import Progress, Stage
from dev.prove.suite import ProvedSuite
from dev.prove.verdict import Verdict

Done = Callable[[Verdict], None]
"""Hears each verdict as it falls."""

CALM_AT_ONCE = 2
ROW_SECONDS = {Scale.SMALL: 240.0, Scale.FULL: 1500.0}


class Runner:
    """One run over chosen rows. ``done`` hears each verdict as it falls."""

    def __init__(
        self, suite: ProvedSuite, scale: Scale, seed: str, folder: Path, told: Progress, done: Done
    ) -> None:
        self._suite = suite
        self._scale = scale
        self._seed = seed
        self._folder = folder
        self._told = told
        self._done = done
        self._shared: dict[str, Any] = {}

    async def run(self, rows: Sequence[Row]) -> list[Verdict]:
        """Every row's verdict. What a row leaves broken is healed before the next."""
        constants = [self._stage(row) for row in rows if row.kind is Kind.CONSTANT]
        by_number = {row.number: row for row in rows}
        watching = [asyncio.create_task(self._judge(by_number[s.verdict.number], s)) for s in constants]
        verdicts = await self._run_calm([row for row in rows if row.kind is Kind.CALM])
        for row in rows:
            if row.kind is Kind.ROUGH:
                verdicts.append(await self._judge(row, self._stage(row)))
                await self._suite.heal()
        for stage in constants:
            stage.ending.set()
        return verdicts + list(await asyncio.gather(*watching))

    async def _run_calm(self, rows: Sequence[Row]) -> list[Verdict]:
        places = asyncio.Semaphore(CALM_AT_ONCE)

        async def one(row: Row) -> Verdict:
            async with places:
                return await self._judge(row, self._stage(row))

        return list(await asyncio.gather(*(one(row) for row in rows)))

    def _stage(self, row: Row) -> Stage:
        folder = self._folder / f"row-{row.number:02}"
        shutil.rmtree(folder, ignore_errors=True)  # the journal of an earlier run tells of another company
        folder.mkdir(parents=True)
        verdict = Verdict(row.number, row.name, row.claim, self._seed)
        rng = random.Random(f"{self._seed}:{row.number}")
        return Stage(self._suite, verdict, self._scale, rng, folder, self._told, shared=self._shared)

    async def _judge(self, row: Row, stage: Stage) -> Verdict:
        began = time.monotonic()
        deadline = None if row.kind is Kind.CONSTANT else ROW_SECONDS[self._scale]
        try:
            async with asyncio.timeout(deadline):
                await row.show(stage)
        except Exception as error:  # noqa: BLE001 - whatever breaks a row off is its verdict
            (stage.folder / "error.txt").write_text("".join(traceback.format_exception(error)))
            stage.verdict.error = "; ".join(_causes(error)) or repr(error)
        stage.verdict.seconds = time.monotonic() - began
        self._done(stage.verdict)
        return stage.verdict


def _causes(error: BaseException) -> list[str]:
    """What really went wrong inside groups of tasks."""
    if isinstance(error, BaseExceptionGroup):
        return [line for each in error.exceptions for line in _causes(each)]
    return [f"{type(error).__name__}: {error}"]
