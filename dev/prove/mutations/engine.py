"""Runs the row that guards a mechanism in a suite without it: the row must go red."""

import asyncio
import json
import shutil
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import aio_pika
from rich.console import Console

from common.messaging.topology import RETRY_DELAYS_SECONDS, retry_exchange
from dev.home import REPOSITORY, OperatorError
from dev.prove.mutations.mutation import Broken, Mutation, all_mutations
from dev.prove.rows import Kind, Scale, all_rows
from dev.prove.runner import Runner
from dev.prove.suite import ProvedSuite
from dev.prove.verdict import Verdict

COPIED = ("libs", "services", "dev")
PATIENCE_SECONDS = 70.0
"""So long a suite without a mechanism may take to come to rest; with it the same row does so, in the same time. Longer
than an event may lie in a retry queue, or a letter wait for its next try."""

__all__ = ["Broken", "Mutations"]


@dataclass(slots=True)
class Mutations:
    """One run over mutations, row by row, on suites side by side.

    Each row is shown with all its mechanisms first, under the same conditions: a row that is red anyway notices
    nothing. One that is red beside others comes again at the end, with its mutations, when nothing runs beside it.
    ``work`` is for copies of the source, ``folder`` for what the rows leave behind and the report.
    """

    suites: Sequence[ProvedSuite]
    seed: str
    work: Path
    folder: Path
    console: Console
    outcomes: list[tuple[Mutation, Verdict]] = field(default_factory=list)
    red_anyway: dict[int, Verdict] = field(default_factory=dict)
    not_shown: list[str] = field(default_factory=list)

    async def run(self, names: Sequence[str] | None) -> int:
        """0 when every mutation turned its row red, and only that did. Raises Broken."""
        wanted = those_named(names)
        for edit in (edit for mutation in wanted for edit in mutation.edits):
            edit.applied(REPOSITORY)  # all of them fit, or nothing begins
        by_row = [list(group) for _, group in groupby(wanted, key=lambda mutation: mutation.row)]
        rows = all_rows()
        beside = deque(group for group in by_row if rows[group[0].row].kind is not Kind.LONE)
        alone = deque(group for group in by_row if rows[group[0].row].kind is Kind.LONE)
        async with asyncio.TaskGroup() as lanes:
            for suite in self.suites:
                lanes.create_task(self._lane(suite, beside, later=alone))
        await self._lane(self.suites[0], alone)
        return self._conclude()

    async def _lane(
        self, suite: ProvedSuite, todo: deque[list[Mutation]], later: deque[list[Mutation]] | None = None
    ) -> None:
        while todo:
            group = todo.popleft()
            row = group[0].row
            where, told = ("beside", "AGAIN ALONE") if later is not None else ("alone", "RED ANYWAY")
            verdict = await self._show(suite, row, self.folder / f"row-{row:02}-{where}")
            if not verdict.is_green:
                self.console.print(f"{told:>11}  row {row:>2}: {verdict.failures[0]}", markup=False)
                if later is not None:
                    later.append(group)
                    await _whole_again(suite)
                    continue
                self.red_anyway[row] = verdict
            for mutation in group:
                await self._without(suite, mutation)

    async def _without(self, suite: ProvedSuite, mutation: Mutation) -> None:
        source = copy_of_source(self.work / mutation.name)
        for edit in mutation.edits:
            edit.apply(source)
        for service in mutation.services:
            suite.mutate(service, source)
        try:
            await suite.heal()
            verdict = await self._show(suite, mutation.row, self.folder / mutation.name)
        except (OperatorError, TimeoutError) as error:
            # What does not even come up shows nothing of the row.
            self.not_shown.append(mutation.name)
            told = str(error).partition("\n")[0]
            self.console.print(f"{'NOT SHOWN':>11}  row {mutation.row:>2}  {mutation.name}: {told}", markup=False)
            return
        finally:
            suite.unmutate()
            await _whole_again(suite)
            shutil.rmtree(source)
        self.outcomes.append((mutation, verdict))
        self.console.print(_line(mutation, verdict), markup=False)

    async def _show(self, suite: ProvedSuite, row: int, folder: Path) -> Verdict:
        runner = Runner([suite], Scale.SMALL, self.seed, folder, patience_seconds=PATIENCE_SECONDS)
        [verdict] = await runner.run([all_rows()[row]])
        return verdict

    def _conclude(self) -> int:
        self.outcomes.sort(key=lambda outcome: (outcome[0].row, outcome[0].name))
        self.folder.mkdir(parents=True, exist_ok=True)
        documents = [_document(*each, is_red_anyway=each[0].row in self.red_anyway) for each in self.outcomes]
        (self.folder / "mutations.json").write_text(json.dumps(documents, indent=1, default=str) + "\n")
        noticed = [each["name"] for each in documents if each["noticed"]]
        unseen = [str(each["name"]) for each in documents if not each["noticed"]] + self.not_shown
        wanted = len(documents) + len(self.not_shown)
        self.console.print(f"{len(noticed)} of {wanted} mechanisms missed by the row that guards them")
        if unseen:
            self.console.print(f"unseen: ./markethall prove --mutations {','.join(unseen)} --seed {self.seed}")
        return 1 if unseen or not documents else 0


def those_named(names: Sequence[str] | None) -> list[Mutation]:
    """Those of these names, or all, by row. Raises Broken where there is no such name."""
    known = {mutation.name: mutation for mutation in all_mutations()}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise Broken(f"there is no mutation {', '.join(unknown)}; known: {', '.join(known)}")
    return [mutation for name, mutation in known.items() if not names or name in names]


def copy_of_source(target: Path) -> Path:
    """A copy of the code that runs, to be changed."""
    skipped = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, target / name, ignore=skipped)
    return target


async def _whole_again(suite: ProvedSuite) -> None:
    """A service that came up only now, without its mechanism, may have been too late for the first try."""
    try:
        await suite.heal()
    except (OperatorError, TimeoutError):
        await suite.heal()
    await _give_up_retries(suite)


async def _give_up_retries(suite: ProvedSuite) -> None:
    """What a broken suite has left behind comes back for half an hour, and no later row would find empty queues."""
    async with await aio_pika.connect(suite.amqp) as connection, connection.channel() as channel:
        for delay in RETRY_DELAYS_SECONDS:
            await (await channel.get_queue(retry_exchange(delay))).purge()


def _line(mutation: Mutation, verdict: Verdict) -> str:
    seen = "NOT NOTICED" if verdict.is_green else "red"
    why = verdict.failures[0] if not verdict.is_green else "the row stayed green"
    return f"{seen:>11}  row {mutation.row:>2}  without {mutation.mechanism}: {why}"


def _document(mutation: Mutation, verdict: Verdict, *, is_red_anyway: bool) -> dict[str, object]:
    return {
        "name": mutation.name,
        "mechanism": mutation.mechanism,
        "row": mutation.row,
        "noticed": not verdict.is_green and not is_red_anyway,
        "red_anyway": is_red_anyway,
        "verdict": verdict.document(),
    }
