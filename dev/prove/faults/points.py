"""Points of the product's own code at which work comes to a stand, so that its process can be killed right there.

The services run from a copy of their source in which each point is one more line. A point does nothing until it is
armed for some work by its label; that work leaves a mark there and waits for ever, all other goes on. Or the whole
process falls asleep there, and what follows the point is the first thing it does when it wakes.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dev.home import REPOSITORY
from dev.prove.mutations.mutation import Edit
from dev.prove.stage import Stage

COPIED = ("libs", "services", "dev")
REACHED_SECONDS = 60.0
LOOK_SECONDS = 0.02

_MODULE = """
import asyncio
import os
import signal
from pathlib import Path

FOLDER = Path({folder!r})


def is_meant(point, label):
    armed = FOLDER / point / str(label)
    try:
        armed.rename(f"{{armed}}.stood")
    except FileNotFoundError:
        return False
    return True


async def stand(point, label):
    if is_meant(point, label):
        await asyncio.sleep(3600)


async def fall_asleep(point, label):
    if is_meant(point, label):
        os.kill(os.getpid(), signal.SIGSTOP)
"""


@dataclass(frozen=True, slots=True)
class Point:
    """A stand right ``before`` or ``after`` a line of ``file``, which has the passage ``line`` once.

    ``label``: an expression that tells there whose work it is. ``when``: a condition, where not every work passes
    there for the sake of this step.
    """

    name: str
    file: str
    line: str
    where: Literal["before", "after"]
    label: str
    when: str = "True"
    does: Literal["stand", "fall_asleep"] = "stand"

    def edit(self) -> Edit:
        """The change of the source."""
        indent = self.line[: len(self.line) - len(self.line.lstrip())]
        stand = f'{indent}if {self.when}: await __import__("proof_points").{self.does}({self.name!r}, {self.label})'
        lines = (stand, self.line) if self.where == "before" else (self.line, stand)
        return Edit(self.file, self.line, "\n".join(lines))


class Points:
    """The points of services that run from the changed copy: each armed by a file for a label, once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def arm(self, name: str, *labels: str) -> None:
        """The work with these labels will stand at this point, when it first comes there."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        for label in labels:
            (folder / label).touch()

    async def missing(self) -> list[str]:
        """Waits until all that is armed stands; what does not in time."""
        try:
            async with asyncio.timeout(REACHED_SECONDS):
                while self._waiting():
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            return self._waiting()
        return []

    def _waiting(self) -> list[str]:
        return [f"{each.parent.name} {each.name}" for each in self._folder.glob("*/*") if each.suffix != ".stood"]


@asynccontextmanager
async def standing(
    stage: Stage, services: Sequence[str], points: Sequence[Point], *, copies: int = 1
) -> AsyncIterator[Points]:
    """The services run with these points while the block does, which ends with its row: `heal` puts them back.

    Raises Broken.
    """
    folder, source = stage.folder / "points", stage.folder / "source"
    folder.mkdir()
    sources = {stage.suite.source_of(service) for service in services}
    base = next(iter(sources - {REPOSITORY}), REPOSITORY)  # without a mechanism, where that is to be seen
    try:
        for name in COPIED:
            shutil.copytree(base / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        (source / "libs" / "proof_points.py").write_text(_MODULE.format(folder=str(folder)))
        for point in points:
            point.edit().apply(source)
        await asyncio.gather(*(stage.suite.reconfigure(service, copies=copies, source=source) for service in services))
        yield Points(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(source, ignore_errors=True)
