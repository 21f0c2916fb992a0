"""`restart`, `stop` and `start` of single services, and what changes a running suite."""

import time
from typing import Any

import psutil
from rich.console import Console

from common.suite import SERVICES
from dev.home import Home, OperatorError
from dev.readiness import POLL_SECONDS, READY_SECONDS, wait_until_ready
from dev.secret_store import SecretStore
from dev.suite import Selection, addresses, service_specs
from dev.supervisor.client import SupervisorClient
from dev.up import step


def control(home: Home, console: Console, verb: str, names: list[str]) -> int:
    """Does one of the three to every copy of these processes and waits until it is done.

    Raises:
        OperatorError: a name that this suite does not run.
    """
    client = SupervisorClient(home)
    known = {name for each in client.processes() for name in (each["group"], each["name"])}
    for name in names:
        if name not in known:
            raise OperatorError(f"{name} is not part of this suite: {', '.join(sorted(known))}.")
    with step(console, f"{verb} {' '.join(names)}"):
        if verb == "restart" and _can_renew(client, names):
            renew(home, client, names)
            return 0
        if verb in ("stop", "restart"):
            client.stop(names)
        if verb in ("start", "restart"):
            client.start(names)
            wait_until_ready(home, client, groups_of(client, names))
    return 0


def renew(home: Home, client: SupervisorClient, names: list[str]) -> None:
    """Restarts services without a moment in which nobody answers: each new copy serves before the old one ends.

    Raises:
        OperatorError: a new copy does not come up; then those that ran before go on.
    """
    client.renew(names)
    until = time.monotonic() + READY_SECONDS
    while not all(serves(each) for each in client.processes() if {each["name"], each["group"]} & set(names)):
        if time.monotonic() > until:
            raise OperatorError(
                f"The new {', '.join(names)} did not come up: the former goes on. See ./markethall logs."
            )
        time.sleep(POLL_SECONDS)
    wait_until_ready(home, client, groups_of(client, names))
    client.retire(names)


def _can_renew(client: SupervisorClient, names: list[str]) -> bool:
    """Only services share a port; and a supervisor that was started by an earlier version cannot."""
    return groups_of(client, names) <= set(SERVICES) and all("leaving" in each for each in client.processes())


def serves(process: dict[str, Any]) -> bool:
    """Whether this very process takes connections: its port alone would not tell it from its former copy."""
    try:
        held = psutil.Process(process["pid"] or 0).net_connections("tcp")
    except psutil.Error:
        return False
    listening = {each.laddr.port for each in held if each.status == psutil.CONN_LISTEN}
    return listening >= set(process["ports"])


def groups_of(client: SupervisorClient, names: list[str]) -> set[str]:
    """The groups of these processes, each given by its own name or its group's."""
    return {each["group"] for each in client.processes() if {each["name"], each["group"]} & set(names)}


def set_default_tenant(home: Home, console: Console, company_id: str) -> None:
    """Makes a company the one that calls without a tenant belong to, now and after every later `up`."""
    home.remember("default_tenant", company_id)
    client = SupervisorClient(home)
    copies = sum(each["group"] == "gateway" for each in client.processes())
    secrets = SecretStore(home.secrets)
    selection = Selection(("gateway",), {"gateway": max(copies, 1)})
    specs = service_specs(home, secrets, addresses(home, secrets, selection), selection)
    client.stop(["gateway"])
    client.add([spec for spec in specs if spec.group == "gateway"])
    with step(console, "gateway, with its default tenant"):
        wait_until_ready(home, client, ["gateway"])
