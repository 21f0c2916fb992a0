"""Runs the row that guards a mechanism in a suite without it: the row must go red."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from dev.home import REPOSITORY
from dev.prove.mutations.mutation import Broken, Mutation, all_mutations
from dev.prove.rows import Scale, all_rows
from dev.prove.runner import Runner
from dev.prove.showing import Showing
from dev.prove.suite import ProvedSuite
from dev.prove.verdict import Verdict

COPIED = ("libs", "services", "dev")

__all__ = ["Broken", "prove_mutations"]


async def prove_mutations(
    suite: ProvedSuite, names: Sequence[str] | None, seed: str, work: Path, folder: Path, console: Console
) -> int:
    """0 when every mutation turned its row red. Raises Broken."""
    chosen = _chosen(names)
    outcomes = []
    for mutation in chosen:
        verdict = await _without(suite, mutation, seed, work, folder / mutation.name, console)
        outcomes.append((mutation, verdict))
        console.print(_line(mutation, verdict), markup=False)
    _write(folder, outcomes)
    unseen = [mutation.name for mutation, verdict in outcomes if verdict.is_green]
    console.print(f"{len(outcomes) - len(unseen)} of {len(outcomes)} mechanisms missed by the row that guards them")
    if unseen:
        console.print(f"unseen: ./markethall prove --mutations {','.join(unseen)} --seed {seed}")
    return 1 if unseen or not outcomes else 0


def _chosen(names: Sequence[str] | None) -> list[Mutation]:
    known = {mutation.name: mutation for mutation in all_mutations()}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise Broken(f"there is no mutation {', '.join(unknown)}; known: {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


async def _without(
    suite: ProvedSuite, mutation: Mutation, seed: str, work: Path, folder: Path, console: Console
) -> Verdict:
    source = copy_of_source(work / mutation.name)
    for edit in mutation.edits:
        edit.apply(source)
    console.print(f"without {mutation.mechanism}:", style="dim")
    for service in mutation.services:
        suite.mutate(service, source)
    await suite.heal()
    try:
        showing = Showing(Console(quiet=True), 1)
        runner = Runner([suite], Scale.SMALL, seed, folder, showing.told, showing.ended)
        [verdict] = await runner.run([all_rows()[mutation.row]])
        return verdict
    finally:
        suite.unmutate()
        await suite.heal()
        shutil.rmtree(source)


def copy_of_source(target: Path) -> Path:
    """A copy of the code that runs, to be changed."""
    skipped = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(REPOSITORY / name, target / name, ignore=skipped)
    return target


def _line(mutation: Mutation, verdict: Verdict) -> str:
    seen = "NOT NOTICED" if verdict.is_green else "red"
    why = verdict.failures[0] if not verdict.is_green else "the row stayed green"
    return f"{seen:>11}  row {mutation.row:>2}  without {mutation.mechanism}: {why}"


def _write(folder: Path, outcomes: Sequence[tuple[Mutation, Verdict]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    documents = [_document(*each) for each in outcomes]
    (folder / "mutations.json").write_text(json.dumps(documents, indent=1, default=str) + "\n")


def _document(mutation: Mutation, verdict: Verdict) -> dict[str, object]:
    return {
        "name": mutation.name,
        "mechanism": mutation.mechanism,
        "row": mutation.row,
        "noticed": not verdict.is_green,
        "verdict": verdict.document(),
    }
