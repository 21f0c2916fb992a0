"""Warm-up, rounds and medians of one operation."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any

from bench.effects import Effects
from bench.ground import Ground
from bench.load import Plan, drive, percentile
from bench.operation import Effort, Operation
from bench.usage import usage_of

Watching = Callable[[], AbstractAsyncContextManager[Effects]]

HALF_CONNECTIONS = 64
WARM_UP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Round:
    """One round: rates a second, milliseconds of latency, CPU milliseconds an operation by process group."""

    rate: float
    p50: float
    p99: float
    cpu: dict[str, float]
    generator_cpu: float
    refused: int
    settled_seconds: float

    @property
    def cpu_total(self) -> float:
        """CPU milliseconds an operation."""
        return sum(self.cpu.values())


@dataclass(frozen=True, slots=True)
class Half:
    """One open loop at half of what the clients got through, in milliseconds.

    Where effects follow: ``settled_p99`` from an order's making to its last effect, ``event_p50`` and ``event_p99``
    from a fact to a handler's commit in another service.
    """

    rate: float
    p50: float
    p99: float
    refused: int
    settled_p99: float | None = None
    event_p50: float | None = None
    event_p99: float | None = None


@dataclass(slots=True)
class Figure:
    """The median round of one operation at one number of clients."""

    operation: str
    clients: int
    rate: float
    p50: float
    p99: float
    cpu: float
    by_process: dict[str, float]
    generator_cpu: float
    refused: int
    settled_seconds: float
    spread: list[float]
    floor: float | None = None
    half: Half | None = None

    @property
    def times_floor(self) -> float | None:
        """How many times its floor the operation costs."""
        return self.cpu / self.floor if self.floor else None

    def document(self) -> dict[str, Any]:
        """The figure for programs."""
        return {**asdict(self), "times_floor": self.times_floor}


async def planned(operation: Operation, ground: Ground, clients: int, effort: Effort) -> list[Plan]:
    """A plan for the warm-up and one for each round."""
    plans = operation.plans(ground, clients, replace(effort, rounds=effort.rounds + 1))
    return await plans if isinstance(plans, Awaitable) else plans


async def measure(ground: Ground, operation: Operation, plans: Sequence[Plan]) -> Figure:
    """One round a plan, after a warm-up by the first that nobody counts; the figure is the round of median cost."""
    first, *plans = plans
    some = first.requests[: max(len(first.requests) // 4, 1)]
    await drive(Plan(first.port, some, first.clients, min(first.seconds or WARM_UP_SECONDS, WARM_UP_SECONDS)))
    await _settle(ground, operation)
    rounds = [await _round(ground, operation, plan) for plan in plans]
    middle = sorted(rounds, key=lambda each: each.cpu_total)[len(rounds) // 2]
    return Figure(
        operation=operation.name,
        clients=plans[0].clients,
        rate=middle.rate,
        p50=middle.p50,
        p99=statistics.median(each.p99 for each in rounds),
        cpu=middle.cpu_total,
        by_process={group: cost for group, cost in sorted(middle.cpu.items(), key=lambda item: -item[1]) if cost},
        generator_cpu=middle.generator_cpu,
        refused=sum(each.refused for each in rounds),
        settled_seconds=middle.settled_seconds,
        spread=[round(each.cpu_total, 3) for each in rounds],
    )


async def at_half(
    ground: Ground, operation: Operation, plan: Plan, rate: float, effects: Watching | None = None
) -> Half:
    """The plan's requests at half of ``rate`` a second; with ``effects``, until the last of them is stored."""
    halved = replace(plan, rate=rate / 2, clients=HALF_CONNECTIONS)
    if effects is None:
        outcome = await drive(halved)
        await _settle(ground, operation)
        return Half(rate / 2, outcome.percentile(0.5), outcome.percentile(0.99), outcome.refused)
    async with effects() as seen:
        outcome = await drive(halved)
        await _settle(ground, operation)
    events = seen.latencies()
    return Half(
        rate / 2, outcome.percentile(0.5), outcome.percentile(0.99), outcome.refused,
        percentile(seen.seconds(), 0.99), percentile(events, 0.5), percentile(events, 0.99),
    )  # fmt: skip


async def _round(ground: Ground, operation: Operation, plan: Plan) -> Round:
    before = await asyncio.to_thread(usage_of, ground.suite.home)
    outcome = await drive(plan)
    answered = time.monotonic()
    await _settle(ground, operation)
    after = await asyncio.to_thread(usage_of, ground.suite.home)
    done = max(outcome.done, 1)
    used = after.since(before)
    if operation.counted is not None:
        used = {group: milliseconds for group, milliseconds in used.items() if group in operation.counted}
    return Round(
        rate=outcome.done / max(outcome.seconds, 1e-9),
        p50=outcome.percentile(0.5),
        p99=outcome.percentile(0.99),
        cpu={group: milliseconds / done for group, milliseconds in used.items()},
        generator_cpu=outcome.generator_seconds * 1000 / done,
        refused=outcome.refused,
        settled_seconds=time.monotonic() - answered,
    )


async def _settle(ground: Ground, operation: Operation) -> None:
    if operation.settle is not None:
        await operation.settle(ground)
