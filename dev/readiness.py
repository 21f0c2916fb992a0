"""Whether processes are ready to work, asked at their own doors."""

import http.client
import socket
import time
from collections.abc import Iterable
from pathlib import Path

from common.suite import SELLING, SERVICES
from dev.home import SANDBOX_HTTP, SANDBOX_SMTP, Home, OperatorError
from dev.supervisor.client import SupervisorClient

READY_SECONDS = 120.0
ASK_SECONDS = 3.0
POLL_SECONDS = 0.1
HOPELESS_CRASHES = 4
SHOWN_LOG_LINES = 15


def answers(port: int, path: str) -> bool:
    """Whether a GET of this path on 127.0.0.1 is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(port: int) -> bool:
    """Whether something takes connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(ASK_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_ready(home: Home, name: str, *, partial: bool = False) -> bool:
    """Whether a service, or the sandbox, is ready.

    In a `partial` suite the gateway is asked only whether it lives: it is ready when all that sell are.
    """
    if name == "sandbox":
        return listens(home.port(SANDBOX_HTTP)) and listens(home.port(SANDBOX_SMTP))
    path = "/health/live" if partial and name == "gateway" else "/health/ready"
    return answers(home.port(SERVICES[name].port_offset), path)


def wait_until_ready(home: Home, client: SupervisorClient, names: Iterable[str], *, killed: bool = False) -> None:
    """Returns when all are ready, the gateway asked last. ``killed``: that they fell again and again was wanted.

    Raises:
        OperatorError: one crashes again and again, or the time is up; its last log lines are in the text.
    """
    pending = sorted(names, key=lambda name: name == "gateway")
    partial = not set(SELLING) <= {each["group"] for each in client.processes() if each["wanted"]}
    until = time.monotonic() + READY_SECONDS
    while pending:
        if is_ready(home, pending[0], partial=partial):
            pending.pop(0)
            continue
        if not killed:
            _give_up_on_crashes(home, client, pending)
        if time.monotonic() > until:
            raise OperatorError(f"{pending[0]} did not become ready.\n{_tail(home.log(pending[0]))}")
        time.sleep(POLL_SECONDS)


def _give_up_on_crashes(home: Home, client: SupervisorClient, pending: list[str]) -> None:
    for each in client.processes():
        if each["group"] in pending and each["failures"] >= HOPELESS_CRASHES:
            log = _tail(home.log(each["group"]))
            raise OperatorError(f"{each['name']} keeps ending ({each['lastExit']}).\n{log}")


def _tail(log: Path) -> str:
    if not log.exists():
        return f"{log} was never written."
    lines = log.read_text(errors="replace").splitlines()[-SHOWN_LOG_LINES:]
    return "\n".join([f"The last lines of {log}:", *lines])
