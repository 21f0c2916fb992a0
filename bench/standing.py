"""What the suite costs before anybody asks for anything: how fast it stands, and the memory it holds at rest."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from bench.usage import proportional_megabytes, usage_of
from common.suite import SERVICES
from dev.home import Home
from dev.readiness import wait_until_ready
from dev.supervisor.client import SupervisorClient

IDLE_SECONDS = 20.0
"""After its start a service lets go of what only the start needed; until then it is not at rest."""

RESTING_SECONDS = 10.0

Progress = Callable[[str], None]
"""Says what goes on, where it takes long."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of the suite as a whole; ``limit``: what was promised, if anything."""

    name: str
    what: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the promise is kept."""
        return self.limit is None or self.value <= self.limit

    def document(self) -> dict[str, Any]:
        """The figure for programs."""
        return asdict(self)


async def stand(home: Home) -> list[Measure]:
    """Ends and starts all services of the home, and looks at them at rest. The servers go on."""
    client = SupervisorClient(home)
    started = await asyncio.to_thread(_start_again, home, client)
    await asyncio.sleep(IDLE_SECONDS)
    held = await asyncio.to_thread(memory, client)
    before = await asyncio.to_thread(usage_of, home)
    await asyncio.sleep(RESTING_SECONDS)
    used = (await asyncio.to_thread(usage_of, home)).since(before)
    most = max(used, key=lambda name: used[name])
    return [
        Measure("start", "the thirteen ready, servers running", started, "s", 5.0),
        Measure("idle memory", "the thirteen at rest (PSS)", sum(held.values()), "MiB", 400.0),
        Measure(
            "at rest", f"all processes; most of it {most}", sum(used.values()) / RESTING_SECONDS, "CPU ms a second"
        ),
        Measure("largest", f"of them {max(held, key=lambda name: held[name])}", max(held.values()), "MiB"),
    ]


def _start_again(home: Home, client: SupervisorClient) -> float:
    names = [each["name"] for each in client.processes() if each["group"] in SERVICES]
    client.stop(names)
    began = time.monotonic()
    client.start(names)
    wait_until_ready(home, client, SERVICES)
    return time.monotonic() - began


def memory(client: SupervisorClient) -> dict[str, float]:
    """MiB of each service (PSS)."""
    found: dict[str, float] = {}
    for each in client.processes():
        if each["group"] in SERVICES and each["pid"]:
            found[each["group"]] = found.get(each["group"], 0.0) + proportional_megabytes(int(each["pid"]))
    return found
