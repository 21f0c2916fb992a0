"""One watched process as a small state machine; the clock and the fork are handed in."""

import math
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dev.supervisor.spec import LONGEST_PAUSE_SECONDS, ProcessSpec

FIRST_DELAY_SECONDS = 0.5
HEALTHY_AFTER_SECONDS = 60.0


class State(StrEnum):
    RUNNING = "running"
    BACKING_OFF = "backing off"
    STOPPING = "stopping"
    STOPPED = "stopped"


def backoff_seconds(failures: int, longest: float = LONGEST_PAUSE_SECONDS) -> float:
    """Half a second after the first crash, doubled by each that follows, ``longest`` at most."""
    return min(FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 16), longest)


def describe_exit(status: int) -> str:
    """A wait status in words: ``code 1``, ``signal SIGKILL``."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        known = number in set(signal.Signals)
        return f"signal {signal.Signals(number).name}" if known else f"signal {number}"
    return f"code {os.waitstatus_to_exitcode(status)}"


@dataclass(slots=True)
class Watched:
    """A process, whether it should run, and what became of it. Times are monotonic seconds."""

    spec: ProcessSpec
    fork: Callable[[ProcessSpec], int]
    pid: int = 0
    state: State = State.STOPPED
    started_at: float = 0.0
    due_at: float = 0.0
    restarts: int = 0
    failures: int = 0
    last_exit: str = ""
    wanted: bool = False
    leaving: dict[int, float] = field(default_factory=dict)
    """Copies that another has taken the place of, and when each is killed: never, until it is asked to end."""

    def start(self, now: float) -> None:
        """Starts it, or lets it start again once the stop that is under way has ended.

        Whoever asks for it has seen to what made it fall: earlier falls no longer make it wait.
        """
        self.wanted, self.failures = True, 0
        if self.state in (State.STOPPED, State.BACKING_OFF):
            self._run(now)

    def stop(self, now: float) -> None:
        """Asks it to end; `tick` kills it when it has not by its drain time."""
        self.wanted = False
        self.retire(now)
        if self.state is State.BACKING_OFF:
            self.state = State.STOPPED
        elif self.state is State.RUNNING:
            self._terminate(now)

    def restart(self, now: float) -> None:
        """Ends it, if it runs, and starts it anew; what an operator asks for is no failure."""
        self.wanted, self.failures = True, 0
        if self.state is State.RUNNING:
            self._terminate(now)
        elif self.state is not State.STOPPING:
            self._run(now)

    def renew(self, now: float) -> None:
        """Starts another copy beside the one that runs, which goes on until `retire`."""
        self.wanted = True
        if self.state is State.RUNNING:
            self.leaving[self.pid] = math.inf
            self._run(now)
        else:
            self.start(now)

    def retire(self, now: float) -> None:
        """Asks those that `renew` left to end; `tick` kills what has not by its drain time."""
        for pid in [pid for pid, until in self.leaving.items() if until == math.inf]:
            self.leaving[pid] = now + self.spec.drain_seconds
            os.kill(pid, signal.SIGTERM)

    def has_left(self, pid: int) -> None:
        """Takes the end of a copy that another has taken the place of."""
        del self.leaving[pid]
        _end_group(pid)

    def ended(self, status: int, now: float) -> None:
        """Takes the wait status of the process and decides when it comes back."""
        self.last_exit = describe_exit(status)
        asked = self.state is State.STOPPING
        healthy = now - self.started_at >= HEALTHY_AFTER_SECONDS
        _end_group(self.pid)
        self.pid = 0
        if not self.wanted:
            self.state = State.STOPPED
            return
        self.restarts += not asked
        self.failures = 0 if asked else (1 if healthy else self.failures + 1)
        self.state = State.BACKING_OFF
        self.due_at = now if asked else now + backoff_seconds(self.failures, self.spec.longest_pause_seconds)

    def tick(self, now: float) -> None:
        """Does what is due: the restart after a backoff, the kill after a drain."""
        for pid in [pid for pid, until in self.leaving.items() if until <= now]:
            _end_group(pid)
            self.leaving[pid] = now + 1.0
        if now < self.due_at:
            return
        if self.state is State.BACKING_OFF:
            self._run(now)
        elif self.state is State.STOPPING:
            _end_group(self.pid)
            self.due_at = now + 1.0

    def due(self) -> float | None:
        """When `tick` has something to do, or None."""
        own = [self.due_at] if self.state in (State.BACKING_OFF, State.STOPPING) else []
        return min([*own, *(until for until in self.leaving.values() if until != math.inf)], default=None)

    def report(self, now: float) -> dict[str, Any]:
        return {
            "name": self.spec.name,
            "group": self.spec.group,
            "pid": self.pid or None,
            "ports": list(self.spec.ports),
            "state": str(self.state),
            "restarts": self.restarts,
            "failures": self.failures,
            "lastExit": self.last_exit or None,
            "uptimeSeconds": round(now - self.started_at, 1) if self.pid else None,
            "wanted": self.wanted,
            "leaving": list(self.leaving),
        }

    def _run(self, now: float) -> None:
        self.pid = self.fork(self.spec)
        self.state, self.started_at = State.RUNNING, now

    def _terminate(self, now: float) -> None:
        self.state, self.due_at = State.STOPPING, now + self.spec.drain_seconds
        os.kill(self.pid, signal.SIGTERM)


def _end_group(pid: int) -> None:
    """Kills what is left of the process's own group: it led one since its fork."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
