"""Ten times the load in simulated time: the gate's figures without the noise of a machine, the same in every run."""

import asyncio
import random
import selectors
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.gateway.domain.tenancy import Tenant
from services.gateway.service import overload
from services.gateway.service.call import Call, begin
from services.gateway.service.overload import Gate, Overloaded

WORK_SECONDS, WAIT_SECONDS, STEPS = 0.008, 0.010, 4
PATIENCE_SECONDS = 1.0
CLIENTS = 16
SECONDS = 2


class Skipping(selectors.SelectSelector):
    """Where a loop would wait, its clock jumps."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += max(0.0, timeout or 0.0)
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Its time is simulated."""

    def __init__(self) -> None:
        self._skipping = Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now


class Service:
    """One processor that all calls share by small turns; between its turns a call waits for others."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._processor = asyncio.Lock()

    async def answer(self) -> None:
        for _ in range(STEPS):
            async with self._processor:
                await asyncio.sleep(WORK_SECONDS / STEPS * self._rng.uniform(0.5, 1.5))
            await asyncio.sleep(WAIT_SECONDS / STEPS)


@dataclass(slots=True)
class Outcome:
    """What became of one company's calls."""

    good: int = 0
    refused: int = 0
    late: int = 0
    seconds: list[float] = field(default_factory=list)

    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]


class World:
    """A gate before a service, or none, and the companies that call."""

    def __init__(self, gate: Gate | None) -> None:
        self.gate = gate
        self.rng = random.Random(31)
        self.service = Service(self.rng)
        self.loop = asyncio.get_running_loop()

    async def call(self, company: str, outcome: Outcome | None) -> None:
        due = self.loop.time()
        try:
            await self._pass(company)
        except Overloaded:
            if outcome is not None:
                outcome.refused += 1
            return
        seconds = self.loop.time() - due
        if outcome is not None:
            outcome.good += seconds <= PATIENCE_SECONDS
            outcome.late += seconds > PATIENCE_SECONDS
            outcome.seconds.append(seconds)

    async def _pass(self, company: str) -> None:
        if self.gate is None:
            await self.service.answer()
            return
        call = _call(company)
        self.gate.knock(call)
        if not self.gate.try_enter():
            await self.gate.enter(call)
        began = self.loop.time()
        try:
            await self.service.answer()
        finally:
            self.gate.leave()
        self.gate.capacity.answered(self.loop.time() - began)

    async def clients(self, company: str, count: int, warm: float, seconds: float) -> Outcome:
        """So many that call again when they are answered."""
        outcome, start = Outcome(), self.loop.time()

        async def client() -> None:
            while (passed := self.loop.time() - start) < warm + seconds:
                await self.call(company, outcome if passed >= warm else None)
                await asyncio.sleep(0.0001)  # on the way

        await asyncio.gather(*(client() for _ in range(count)))
        return outcome

    async def arrivals(self, company: str, rate: float, warm: float, seconds: float) -> Outcome:
        """So many a second, whatever happens."""
        outcome, start, calls = Outcome(), self.loop.time(), []
        while (passed := self.loop.time() - start) < warm + seconds:
            calls.append(asyncio.create_task(self.call(company, outcome if passed >= warm else None)))
            await asyncio.sleep(self.rng.expovariate(rate))
        await asyncio.gather(*calls)
        return outcome


def _call(company: str) -> Call:
    made = begin(
        {"path": "/api/orders", "client": ("10.0.0.1", 1), "headers": [(b"x-tenant-id", company.encode())]}, []
    )
    made.tenant = Tenant(company)
    return made


async def peak_and_flood(world: World) -> tuple[float, Outcome, list[Outcome]]:
    """Good answers a second at the peak; a quiet company beside that; noisy, other and quiet ones at ten times it."""
    await world.arrivals("noisy", 0.2 / WORK_SECONDS, 0, 3)
    busy, quiet = await asyncio.gather(
        world.clients("noisy", CLIENTS, 1, SECONDS), world.arrivals("quiet", 0.05 / WORK_SECONDS, 1, SECONDS)
    )
    peak = (busy.good + quiet.good) / SECONDS
    rates: dict[str, float] = {"noisy": 9 * peak, "other": peak, "quiet": 0.05 * peak}
    flows: list[Coroutine[Any, Any, Outcome]] = [
        world.arrivals(company, rate, 2, SECONDS) for company, rate in rates.items()
    ]
    return peak, quiet, list(await asyncio.gather(*flows))


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedLoop]:
    loop = SimulatedLoop()
    monkeypatch.setattr(overload, "monotonic_seconds", loop.time)
    yield loop
    loop.close()


class TestTenTimesTheLoad:
    def test_with_a_gate_the_peak_is_held(self, simulated: SimulatedLoop) -> None:
        async def show() -> tuple[float, Outcome, list[Outcome]]:
            return await peak_and_flood(World(Gate("simulated", "write")))

        peak, before, (noisy, other, quiet) = simulated.run_until_complete(show())
        assert (noisy.good + other.good + quiet.good) / SECONDS >= 0.8 * peak
        assert (quiet.refused, quiet.late, other.late, noisy.late) == (0, 0, 0, 0)
        assert quiet.p99() <= 2 * before.p99()  # the other one asks for all there is, and waits for itself
        assert other.good >= 0.8 * noisy.good  # who asks for nine times as much gets no more for it

    def test_without_one_everything_is_late(self, simulated: SimulatedLoop) -> None:
        async def show() -> tuple[float, Outcome, list[Outcome]]:
            return await peak_and_flood(World(None))

        _, _, flood = simulated.run_until_complete(show())
        assert sum(each.good for each in flood) == 0
