"""`status`: every process, the servers' addresses, and whether all is well."""

import json
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from common.suite import SELLING, SERVICES
from dev.home import SANDBOX_HTTP, Home
from dev.provision.management import ManagementApi
from dev.readiness import is_ready
from dev.secret_store import SecretStore
from dev.suite import SANDBOX
from dev.supervisor.client import SupervisorClient

COLOURS = {"ready": "green", "running": "green", "not ready": "yellow", "backing off": "red"}


def show(home: Home, console: Console, *, as_json: bool) -> int:
    """Prints the state; returns 0 when every process that should run is ready, else 1."""
    document = report(home)
    if as_json:
        print(json.dumps(document, indent=1))
    else:
        console.print(_table(document))
        for name, address in document["addresses"].items():
            console.print(f"{name:<20} {address}", soft_wrap=True)
        console.print(f"{'services, memory':<20} {document['servicesPssMegabytes']:.0f} MB")
    return 0 if document["ok"] else 1


def report(home: Home) -> dict[str, Any]:
    """Everything that `status` shows, for programs.

    Raises:
        NotRunningError: nothing runs here.
    """
    status = SupervisorClient(home).status()
    supervisor = {"name": "supervisor", "group": "supervisor", "pid": status["pid"], "state": "running"}
    processes = [_complete(home, each, status["processes"]) for each in status["processes"]]
    own = [each["pssMegabytes"] for each in processes if each["group"] in SERVICES]
    return {
        "ok": all(each["state"] in ("ready", "running") for each in processes if each["wanted"]),
        "processes": [*processes, {**supervisor, "wanted": True, "pssMegabytes": _pss(status["pid"])}],
        "servicesPssMegabytes": round(sum(own), 1),
        "addresses": _addresses(home, {each["group"] for each in processes}),
    }


def _complete(home: Home, process: dict[str, Any], everything: list[dict[str, Any]]) -> dict[str, Any]:
    state = process["state"]
    asked = process["group"] in SERVICES or process["group"] == SANDBOX
    if state == "running" and asked:
        partial = not set(SELLING) <= {each["group"] for each in everything if each["pid"]}
        state = "ready" if is_ready(home, process["group"], partial=partial) else "not ready"
    return {**process, "state": state, "pssMegabytes": _pss(process["pid"])}


def _pss(pid: int | None) -> float:
    """Proportional set size in megabytes: shared pages counted by their share; 0 when not running."""
    if pid is None:
        return 0.0
    try:
        return round(float(psutil.Process(pid).memory_full_info().pss) / 1e6, 1)
    except psutil.Error:
        return 0.0


def _addresses(home: Home, groups: set[str]) -> dict[str, str]:
    secrets = SecretStore(home.secrets)
    shown = {"Markethall": home.service_url("gateway")}
    for label, name in (("MongoDB", "mongo"), ("RabbitMQ", "amqp")):
        if address := secrets.find(f"address.{name}"):
            shown[label] = without_password(address)
    if management := secrets.find("address.management"):
        api = ManagementApi(management)
        shown["RabbitMQ management"] = f"{api.page} (user {api.user}, password in {home.secrets})"
    if SANDBOX in groups:
        shown["Provider sandbox"] = f"http://127.0.0.1:{home.port(SANDBOX_HTTP)}"
    return shown


def without_password(address: str) -> str:
    """An address without the name and password in it."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _table(document: dict[str, Any]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("process", "state"):
        table.add_column(column, no_wrap=True)
    for column in ("pid", "port", "restarts", "uptime", "PSS MB"):
        table.add_column(column, justify="right")
    table.add_column("last exit")
    for each in document["processes"]:
        colour = COLOURS.get(each["state"], "white")
        table.add_row(
            each["name"],
            f"[{colour}]{each['state']}[/{colour}]",
            str(each["pid"] or "–"),
            " ".join(str(port) for port in each.get("ports", ())) or "–",
            str(each.get("restarts", "–")),
            _span(each.get("uptimeSeconds")),
            f"{each['pssMegabytes']:.1f}",
            each.get("lastExit") or "–",
        )
    return table


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
