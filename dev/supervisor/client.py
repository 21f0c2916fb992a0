"""Talking to a supervisor, and starting one."""

import json
import os
import socket
import subprocess
import sys
import time
from typing import Any

from dev.home import Home, OperatorError
from dev.supervisor.spec import ProcessSpec

CONTROL = "control.sock"
ANSWER_SECONDS = 60.0
LAUNCH_SECONDS = 20.0
POLL_SECONDS = 0.05


class NotRunningError(OperatorError):
    """No supervisor answers in this home."""


class SupervisorClient:
    """One request a connection. Every call raises NotRunningError where no supervisor answers."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def status(self) -> dict[str, Any]:
        return self._ask({"do": "status"})

    def is_running(self) -> bool:
        try:
            self.status()
        except NotRunningError:
            return False
        return True

    def processes(self) -> list[dict[str, Any]]:
        return list(self.status()["processes"])

    def preload(self) -> None:
        self._ask({"do": "preload"})

    def add(self, specs: list[ProcessSpec]) -> None:
        self._ask({"do": "add", "processes": [spec.to_json() for spec in specs]})

    def start(self, names: list[str]) -> None:
        self._ask({"do": "start", "names": names})

    def stop(self, names: list[str], *, deadline_seconds: float = 60.0) -> None:
        """Asks these to end and waits until they have; the supervisor kills what does not drain."""
        self._ask({"do": "stop", "names": names})
        until = time.monotonic() + deadline_seconds
        while any(
            each["state"] != "stopped" or each.get("leaving")
            for each in self.processes()
            if each["name"] in names or each["group"] in names
        ):
            if time.monotonic() > until:
                raise OperatorError(f"{', '.join(names)} did not end within {deadline_seconds:.0f} s.")
            time.sleep(POLL_SECONDS)

    def remove(self, names: list[str]) -> None:
        """As `stop`, and for good: starting their group does not start them."""
        self.stop(names)
        self._ask({"do": "forget", "names": names})

    def restart(self, names: list[str]) -> None:
        self._ask({"do": "restart", "names": names})

    def renew(self, names: list[str]) -> None:
        """Starts another copy beside each of these that runs; those that ran go on until `retire`."""
        self._ask({"do": "renew", "names": names})

    def retire(self, names: list[str], *, deadline_seconds: float = 60.0) -> None:
        """Asks those that `renew` left to end, and waits until they have."""
        self._ask({"do": "retire", "names": names})
        until = time.monotonic() + deadline_seconds
        while any(each.get("leaving") for each in self.processes() if each["name"] in names or each["group"] in names):
            if time.monotonic() > until:
                raise OperatorError(f"Former copies of {', '.join(names)} did not end in {deadline_seconds:.0f} s.")
            time.sleep(POLL_SECONDS)

    def end(self) -> None:
        """Ends the supervisor and everything that still runs; returns when its socket is gone."""
        self._ask({"do": "end"})
        until = time.monotonic() + ANSWER_SECONDS
        while (self._home.path / CONTROL).exists():
            if time.monotonic() > until:
                raise OperatorError("The supervisor did not end; see logs/supervisor.log.")
            time.sleep(POLL_SECONDS)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            with _connect(self._home) as connection:
                connection.sendall(json.dumps(request).encode() + b"\n")
                with connection.makefile("rb") as answer:
                    line = answer.readline()
        except (FileNotFoundError, ConnectionError) as error:
            raise NotRunningError("Nothing runs here: start it with ./markethall up.") from error
        if not line:
            raise OperatorError(f"The supervisor refused the request: see {self._home.log('supervisor')}.")
        return dict(json.loads(line))


def _connect(home: Home) -> socket.socket:
    folder = os.open(home.path, os.O_RDONLY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(f"/proc/self/fd/{folder}/{CONTROL}")
    except BaseException:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def launch(home: Home) -> SupervisorClient:
    """Returns a client of this home's supervisor, which is started first if none runs.

    Raises:
        OperatorError: it did not answer in time.
    """
    client = SupervisorClient(home)
    if client.is_running():
        return client
    with open(home.log("supervisor"), "ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "dev.supervisor", str(home.path / CONTROL)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    until = time.monotonic() + LAUNCH_SECONDS
    while not client.is_running():
        if started.poll() is not None or time.monotonic() > until:
            raise OperatorError(f"The supervisor did not start: see {home.log('supervisor')}.")
        time.sleep(POLL_SECONDS)
    return client
