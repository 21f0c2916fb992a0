"""`restart`, `stop` and `start` of single services."""

from rich.console import Console

from dev.home import Home, OperatorError
from dev.readiness import wait_until_ready
from dev.supervisor.client import SupervisorClient
from dev.up import step


def control(home: Home, console: Console, verb: str, names: list[str]) -> int:
    """Does one of the three to every copy of these processes and waits until it is done.

    Raises:
        OperatorError: a name that this suite does not run.
    """
    client = SupervisorClient(home)
    known = {each["group"] for each in client.processes()} | {each["name"] for each in client.processes()}
    for name in names:
        if name not in known:
            raise OperatorError(f"{name} is not part of this suite: {', '.join(sorted(known))}.")
    with step(console, f"{verb} {' '.join(names)}"):
        if verb == "stop":
            client.stop(names)
            return 0
        if verb == "restart":
            restart(client, names)
        else:
            client.start(names)
        groups = {each["group"] for each in client.processes() if {each["name"], each["group"]} & set(names)}
        wait_until_ready(home, client, groups)
    return 0


def restart(client: SupervisorClient, names: list[str]) -> None:
    """Ends and starts; the old process is gone when this returns, so that readiness speaks of the new one."""
    client.stop(names)
    client.start(names)
