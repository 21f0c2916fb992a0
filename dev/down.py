"""`down` and `reset`."""

import shutil

from rich.console import Console

from common.suite import SERVICES
from dev.home import Home, OperatorError
from dev.suite import SANDBOX, SERVER_GROUPS
from dev.supervisor.client import SupervisorClient
from dev.up import step

KEPT_MARKERS = {"data", "logs", "secrets.json"}


def down(home: Home, console: Console) -> int:
    """Ends the services, the door first, then what they stand on; ends nothing that it did not start."""
    client = SupervisorClient(home)
    if not client.is_running():
        console.print("Nothing runs here.")
        return 0
    with home.locked():
        if client.is_running():
            end_all(client, console)
    return 0


def end_all(client: SupervisorClient, console: Console) -> None:
    """Drains the gateway, then the others, then the servers, then the supervisor."""
    with step(console, "services ended"):
        client.stop(["gateway"])
        client.stop([name for name in SERVICES if name != "gateway"])
        client.stop([SANDBOX])
    with step(console, "servers ended"):
        client.stop(list(SERVER_GROUPS))
        client.end()


def reset(home: Home, console: Console) -> int:
    """`down`, then deletes the home.

    Raises:
        OperatorError: the folder holds none of what a home holds, so it may be somebody's own.
    """
    if not home.path.is_dir():
        return down(home, console)
    present = {each.name for each in home.path.iterdir()}
    if present and not KEPT_MARKERS & present:
        raise OperatorError(f"{home.path} does not look like a home of Markethall: delete it by hand.")
    down(home, console)
    shutil.rmtree(home.path)
    console.print(f"{home.path} deleted.")
    return 0
