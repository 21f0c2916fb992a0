"""Lines of a reconciliation: expected beside actual."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Check:
    """One line; ``ok`` when both sides are equal."""

    name: str
    expected: Any
    actual: Any

    @property
    def ok(self) -> bool:
        """Whether both sides agree."""
        return bool(self.expected == self.actual)


def as_json(checks: Sequence[Check], **members: Any) -> dict[str, Any]:
    """The report for programs."""
    lines = [{"name": c.name, "expected": c.expected, "actual": c.actual, "ok": c.ok} for c in checks]
    return {"ok": all(check.ok for check in checks), **members, "checks": lines}


def print_checks(console: Console, title: str, checks: Sequence[Check]) -> None:
    """The report for people."""
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column("check")
    table.add_column("expected", justify="right")
    table.add_column("actual", justify="right")
    table.add_column("")
    for check in checks:
        mark = "[green]equal[/]" if check.ok else "[red bold]DIFFERS[/]"
        table.add_row(check.name, _shown(check.expected), _shown(check.actual), mark)
    console.print(table)


def _shown(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
