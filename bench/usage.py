"""Processor time and memory of the suite's processes, as the kernel counts them (proc(5))."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.home import Home
from dev.supervisor.client import SupervisorClient

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
NOT_COUNTED = ("sandbox", "epmd")
"""The providers are somebody else's computers; the port mapper does nothing once the broker runs."""

USER_TIME, SYSTEM_TIME = 11, 12
"""Where utime and stime stand in /proc/PID/stat, counted behind the name's closing bracket."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of processor time by process group since each began."""

    seconds: Mapping[str, float]

    def since(self, earlier: "Usage") -> dict[str, float]:
        """Milliseconds that each group has used in between."""
        return {name: (value - earlier.seconds.get(name, 0.0)) * 1000 for name, value in self.seconds.items()}


def usage_of(home: Home) -> Usage:
    """What every counted process of this suite has used so far; copies of a service together."""
    used: dict[str, float] = {}
    for group, pid in counted(home):
        used[group] = used.get(group, 0.0) + processor_seconds(pid)
    return Usage(used)


def counted(home: Home) -> list[tuple[str, int]]:
    """Group and pid of each process that the figures include."""
    processes = SupervisorClient(home).processes()
    return [(each["group"], int(each["pid"])) for each in processes if each["pid"] and each["group"] not in NOT_COUNTED]


def processor_seconds(pid: int) -> float:
    """User and system time of one process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[USER_TIME]) + int(fields[SYSTEM_TIME])) / TICKS_A_SECOND


def proportional_megabytes(pid: int) -> float:
    """Memory of one process, shared pages divided among those who share them (PSS), in MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
