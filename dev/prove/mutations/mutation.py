"""One mechanism, and how it is taken away."""

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path


class Broken(Exception):
    """A mutation does not fit the source any more, or names what there is not."""


@dataclass(frozen=True, slots=True)
class Edit:
    """``before`` stands in ``file`` exactly once and becomes ``after``."""

    file: str
    before: str
    after: str

    def apply(self, root: Path) -> None:
        """Change the file below ``root``. Raises Broken where the passage is not there exactly once."""
        (root / self.file).write_text(self.applied(root))

    def applied(self, root: Path) -> str:
        """The changed text. Raises Broken as :meth:`apply`."""
        text = (root / self.file).read_text()
        if text.count(self.before) != 1:
            raise Broken(f"{self.file} holds this passage {text.count(self.before)} times, not once: {self.before!r}")
        return text.replace(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Mutation:
    """``row`` must go red in a suite whose ``services`` run without ``mechanism``."""

    name: str
    mechanism: str
    row: int
    services: tuple[str, ...]
    edits: tuple[Edit, ...]


def all_mutations() -> list[Mutation]:
    """Every mutation of this package's modules (their ``MUTATIONS``), by row."""
    from dev.prove import mutations

    found: list[Mutation] = []
    for module in pkgutil.iter_modules(mutations.__path__):
        loaded = importlib.import_module(f"{mutations.__name__}.{module.name}")
        found += getattr(loaded, "MUTATIONS", [])
    return sorted(found, key=lambda mutation: (mutation.row, mutation.name))
