"""Asks everything, prints it, and says with its exit code whether something is wrong."""

import argparse
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from rich.console import Console

from dev.doctor import books, brokers, configuration, databases, machine, processes
from dev.doctor.finding import Finding, State, unasked, wrong
from dev.home import Home
from dev.provision.management import ManagementApi
from dev.secret_store import SecretStore
from dev.servers.rabbitmq import virtual_host
from dev.supervisor.client import SupervisorClient

MARKS = {
    State.OK: "[green]✓[/green]", State.NOTICE: "[yellow]![/yellow]",
    State.UNASKED: "[dim]?[/dim]", State.WRONG: "[red]✗[/red]",
}  # fmt: skip
PATIENCE_MILLISECONDS = 3_000


def run(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    """Returns 0 where nothing is wrong, else 1."""
    if chosen.json:
        found = list(examine(home))
        print(json.dumps({"ok": _is_well(found), "findings": [each.document() for each in found]}, indent=1))
    else:
        found = list(_shown(examine(home), console))
        count = sum(each.state is State.WRONG for each in found)
        console.print(f"[red]{count} of these are wrong.[/red]" if count else "[green]Nothing is wrong.[/green]")
    return 0 if _is_well(found) else 1


def examine(home: Home) -> Iterator[Finding]:
    """Everything, in the order in which one thing stands on another."""
    yield from machine.look(home)
    yield from configuration.look(home)
    yield from processes.look(home)
    secrets = SecretStore(home.secrets) if home.secrets.exists() else None
    yield from _database(home, secrets)
    yield from _broker(home, secrets)
    yield books.backups(home)


def _database(home: Home, secrets: SecretStore | None) -> Iterator[Finding]:
    address = os.environ.get("MONGO_URL") or (secrets.find("address.mongo") if secrets else None)
    if not address:
        yield unasked(
            "database", "users, indexes, ledger, stock and audit: there is no database yet", "./markethall up"
        )
        return
    is_up = SupervisorClient(home).is_running()
    with MongoClient[dict[str, Any]](address, serverSelectionTimeoutMS=PATIENCE_MILLISECONDS) as client:
        try:
            client.admin.command("ping")
            yield from databases.look(home, client)
            yield from books.look(home, client, is_up=is_up)
        except PyMongoError as error:
            yield _silent("database", is_up, str(error).partition(",")[0], "mongod")


def _broker(home: Home, secrets: SecretStore | None) -> Iterator[Finding]:
    address = secrets.find("address.management") if secrets else None
    amqp = os.environ.get("AMQP_URL") or (secrets.find("address.amqp") if secrets else None)
    if not address or not amqp:
        yield unasked("broker", "users, queues, bindings and dead letters: there is no broker yet", "./markethall up")
        return
    api = ManagementApi(address)
    reason = brokers.answers(api)
    if reason:
        yield _silent("broker", SupervisorClient(home).is_running(), reason, "rabbitmq")
    else:
        yield from brokers.look(home, api, virtual_host(amqp))


def _silent(area: str, is_up: bool, reason: str, process: str) -> Finding:
    """A server that does not answer: a fault where the suite runs, else only a question that stays open."""
    if is_up:
        return wrong(area, f"the {area} does not answer ({reason})", f"./markethall logs {process}, restart {process}")
    return unasked(area, f"the {area} could not be asked: the suite is down", "./markethall up")


def _shown(findings: Iterable[Finding], console: Console) -> Iterator[Finding]:
    for each in findings:
        console.print(f"{MARKS[each.state]} [dim]{each.area:<13}[/dim] {each.said}", soft_wrap=True)
        if each.helps:
            console.print(f"    [dim]→[/dim] {each.helps}", soft_wrap=True)
        yield each


def _is_well(findings: Iterable[Finding]) -> bool:
    return all(each.state is not State.WRONG for each in findings)
