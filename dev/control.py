"""`restart`, `stop` and `start` of single services, and what changes a running suite."""

from rich.console import Console

from dev.home import Home, OperatorError
from dev.readiness import wait_until_ready
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
        if verb in ("stop", "restart"):
            client.stop(names)
        if verb in ("start", "restart"):
            client.start(names)
            wait_until_ready(home, client, groups_of(client, names))
    return 0


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
