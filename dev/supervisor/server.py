"""The supervisor's loop: signals, due times and a control socket, in one thread and without asyncio."""

import gc
import json
import os
import selectors
import signal
import socket
import time
from pathlib import Path
from typing import Any

from dev.supervisor.preload import Preloaded
from dev.supervisor.spawn import fork
from dev.supervisor.spec import ProcessSpec
from dev.supervisor.watched import State, Watched

LARGEST_REQUEST_BYTES = 4 * 1024 * 1024
SLOW_CALLER_SECONDS = 5.0


class Supervisor:
    """Answers one JSON request a connection; keeps every process it was told of in the state it should be."""

    def __init__(self, control: Path) -> None:
        self._watched: dict[str, Watched] = {}
        self._selector = selectors.DefaultSelector()
        self._listener = _listen(control)
        self._wakeup, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._ending = False
        self._preloaded = Preloaded()

    def run(self) -> None:
        """Returns once asked to end and every process has ended."""
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_end_signal)
        self._selector.register(self._listener, selectors.EVENT_READ, self._answer)
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._drain_wakeup)
        while not self._finished():
            for selected, _ in self._selector.select(self._wait_seconds()):
                selected.data()
            self._reap()
            now = time.monotonic()
            for watched in self._watched.values():
                if self._ending:
                    watched.stop(now)
                watched.tick(now)

    def _finished(self) -> bool:
        return self._ending and all(each.state is State.STOPPED and not each.leaving for each in self._watched.values())

    def _on_end_signal(self, _number: int, _frame: object) -> None:
        self._ending = True

    def _wait_seconds(self) -> float | None:
        due = [at for at in (each.due() for each in self._watched.values()) if at is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _drain_wakeup(self) -> None:
        while True:
            try:
                if len(os.read(self._wakeup, 4096)) < 4096:
                    return
            except BlockingIOError:
                return

    def _reap(self) -> None:
        by_pid = {each.pid: each for each in self._watched.values() if each.pid}
        leaving = {pid: each for each in self._watched.values() for pid in each.leaving}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in by_pid:
                by_pid[pid].ended(status, time.monotonic())
            elif pid in leaving:
                leaving[pid].has_left(pid)

    def _answer(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(SLOW_CALLER_SECONDS)
            try:
                request = _read(connection)
                connection.sendall(json.dumps(self._do(request)).encode() + b"\n")
            except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
                print(f"a control request failed: {error!r}", flush=True)

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        now = time.monotonic()
        names = [name for name in self._watched if self._chosen(name, request.get("names", []))]
        match request["do"]:
            case "status":
                pass
            case "preload":
                self._preloaded.load()
            case "add":
                self._add([ProcessSpec.from_json(each) for each in request["processes"]], now)
            case "start" | "stop" | "restart" | "renew" | "retire" as verb:
                for name in names:
                    getattr(self._watched[name], verb)(now)
            case "forget":
                self._forget(names)
            case "end":
                self._ending = True
            case unknown:
                raise ValueError(f"unknown request {unknown!r}")
        return {"pid": os.getpid(), "processes": [each.report(now) for each in self._watched.values()]}

    def _chosen(self, name: str, wanted: list[str]) -> bool:
        return name in wanted or self._watched[name].spec.group in wanted

    def _add(self, specs: list[ProcessSpec], now: float) -> None:
        """Starts what is new; what runs keeps running and takes a new spec at its next start."""
        for spec in specs:
            watched = self._watched.setdefault(spec.name, Watched(spec, self._fork))
            watched.spec = spec
            watched.start(now)

    def _forget(self, names: list[str]) -> None:
        """Lets go of what is down, so that no name of its group starts it again."""
        for name in names:
            if self._watched[name].state is State.STOPPED and not self._watched[name].leaving:
                del self._watched[name]

    def _fork(self, spec: ProcessSpec) -> int:
        return fork(spec, shared=self._preloaded.is_good_for(spec.group), close=self._let_go)

    def _let_go(self) -> None:
        self._selector.close()
        self._listener.close()
        os.close(self._wakeup)
        os.close(self._waker)


def _listen(control: Path) -> socket.socket:
    control.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(control.parent, os.O_RDONLY)
    try:
        # A socket's address holds 107 bytes; through the folder's descriptor any depth will do.
        listener.bind(f"/proc/self/fd/{folder}/{control.name}")
    finally:
        os.close(folder)
    control.chmod(0o600)
    listener.listen(16)
    return listener


def _read(connection: socket.socket) -> dict[str, Any]:
    received = bytearray()
    while not received.endswith(b"\n"):
        part = connection.recv(65536)
        if not part or len(received) > LARGEST_REQUEST_BYTES:
            raise ValueError("the request was cut short or is too long")
        received += part
    return dict(json.loads(received))


def serve(control: Path) -> None:
    """Runs a supervisor on this control socket until it is asked to end."""
    gc.disable()
    os.umask(0o077)
    supervisor = Supervisor(control)
    try:
        supervisor.run()
    finally:
        control.unlink(missing_ok=True)
