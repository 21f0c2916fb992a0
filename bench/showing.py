"""The table of figures, with what was promised."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench.measuring import Figure
from bench.operation import Operation
from bench.standing import Measure

JUDGED_CLIENTS = 8
COLUMNS = (
    "operation", "clients", "a second", "p50 ms", "p99 ms", "p99 at half", "CPU ms", "× floor", "generator ms",
    "most of it", "",
)  # fmt: skip


def show(
    console: Console, operations: Sequence[Operation], figures: Sequence[Figure], earlier: dict[str, Any] | None
) -> bool:
    """Prints the table; whether every promise at eight clients is kept."""
    table = Table(header_style="bold", box=SIMPLE)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("operation", "most of it", "") else "right")
    by_name = {operation.name: operation for operation in operations}
    missed = 0
    for figure in figures:
        misses = _misses(by_name[figure.operation], figure)
        missed += len(misses)
        table.add_row(*_cells(figure, earlier), f"[red]{'; '.join(misses)}[/]" if misses else "")
    console.print(table)
    return missed == 0


def show_measures(console: Console, measures: Sequence[Measure]) -> bool:
    """Prints what belongs to no request; whether what was promised is kept."""
    for each in measures:
        promised = "" if each.limit is None else f" (at most {each.limit:g})"
        colour = "default" if each.is_met else "red"
        console.print(f"{each.name}: [{colour}]{each.value:.1f} {each.unit}[/]{promised}, {each.what}")
    return all(each.is_met for each in measures)


def _cells(figure: Figure, earlier: dict[str, Any] | None) -> list[str]:
    before = _before(figure, earlier)
    cost = f"{figure.cpu:.3f}" + (f" ({figure.cpu / before:.0%})" if before else "")
    most = ", ".join(f"{group} {value:.2f}" for group, value in list(figure.by_process.items())[:4])
    return [
        figure.operation, str(figure.clients), f"{figure.rate:,.0f}", f"{figure.p50:.1f}", f"{figure.p99:.1f}",
        _at_half(figure), cost,
        f"{figure.times_floor:.1f}" if figure.times_floor else "–", f"{figure.generator_cpu:.3f}", most,
    ]  # fmt: skip


def _at_half(figure: Figure) -> str:
    """At half capacity: until the answer and, where effects follow, until the last of them."""
    half = figure.half
    if half is None:
        return ""
    if half.settled_p99 is None:
        return f"{half.p99:.1f}"
    return f"{half.p99:.1f}, settled {half.settled_p99:.0f}, handled {half.event_p99:.0f}"


def _before(figure: Figure, earlier: dict[str, Any] | None) -> float | None:
    for each in (earlier or {}).get("figures", []):
        if (each["operation"], each["clients"]) == (figure.operation, figure.clients):
            return float(each["cpu"])
    return None


def _misses(operation: Operation, figure: Figure) -> list[str]:
    limits = operation.limits
    if figure.clients != JUDGED_CLIENTS:
        return []
    found = [f"{figure.refused} refused"] if figure.refused else []
    if limits.cpu is not None and figure.cpu > limits.cpu:
        found.append(f"CPU above {limits.cpu:g}")
    if limits.times_floor is not None and figure.times_floor and figure.times_floor > limits.times_floor:
        found.append(f"above {limits.times_floor:g} × floor")
    half = figure.half
    if half is None:
        return found
    if half.refused:
        found.append(f"{half.refused} refused at half of it")
    if limits.p99 is not None and half.p99 > limits.p99:
        found.append(f"p99 above {limits.p99:g}")
    if limits.settled_p99 is not None and (half.settled_p99 or 0.0) > limits.settled_p99:
        found.append(f"settled above {limits.settled_p99:g}")
    return found
