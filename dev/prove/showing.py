"""What whoever waits for the proof sees meanwhile."""

import time

from rich.console import Console

from dev.prove.verdict import Verdict

SECONDS_BETWEEN = 5.0


class Showing:
    """A line for each row that ends, and one now and then for each that goes on."""

    def __init__(self, console: Console, rows: int) -> None:
        self._console = console
        self._rows = rows
        self._count = 0
        self._last: dict[int, float] = {}

    def told(self, row: int, what: str, done: float, total: float) -> None:
        """How far a row is; shown every few seconds at most."""
        now = time.monotonic()
        if now - self._last.get(row, 0.0) >= SECONDS_BETWEEN:
            self._last[row] = now
            self._console.print(f"      row {row}: {what} {done:,.0f} of {total:,.0f}", style="dim")

    def ended(self, verdict: Verdict) -> None:
        """The line of a row that has ended, with what does not hold."""
        self._count += 1
        colour = "green" if verdict.is_green else "red bold"
        word = "green" if verdict.is_green else "RED"
        self._console.print(
            f"[{colour}]{word:>5}[/] {verdict.number:>2} {verdict.name} "
            f"[dim]({len(verdict.checks)} checks, {verdict.seconds:.1f} s; {self._count} of {self._rows})[/]"
        )
        for line in verdict.failures if not verdict.is_green else []:
            self._console.print(f"      {line}", markup=False, soft_wrap=True)
