"""What the suite costs before anybody asks for anything: how fast it stands, and the memory it holds at rest."""

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any

from bench.usage import proportional_megabytes
from common.suite import SERVICES
from dev.home import Home
from dev.readiness import wait_until_ready
from dev.supervisor.client import SupervisorClient

IDLE_SECONDS = 20.0
"""After its start a service lets go of what only the start needed; until then it is not at rest."""


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
    memory = await asyncio.to_thread(_memory, client)
    return [
        Measure("start", "the thirteen ready, servers running", started, "s", 5.0),
        Measure("idle memory", "the thirteen at rest (PSS)", sum(memory.values()), "MiB", 400.0),
        Measure("largest", f"of them {max(memory, key=lambda name: memory[name])}", max(memory.values()), "MiB"),
    ]


def _start_again(home: Home, client: SupervisorClient) -> float:
    names = [each["name"] for each in client.processes() if each["group"] in SERVICES]
    client.stop(names)
    began = time.monotonic()
    client.start(names)
    wait_until_ready(home, client, SERVICES)
    return time.monotonic() - began


def _memory(client: SupervisorClient) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in client.processes():
        if each["group"] in SERVICES and each["pid"]:
            found[each["group"]] = found.get(each["group"], 0.0) + proportional_megabytes(int(each["pid"]))
    return found
