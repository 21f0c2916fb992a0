"""`up`: servers, accounts, topology, services, until all are ready."""

import socket
import time
import urllib.error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from pymongo.errors import PyMongoError
from rich.console import Console

from dev.home import Home, OperatorError
from dev.provision.accounts import broker_accounts, database_accounts
from dev.provision.broker import provision_broker
from dev.provision.databases import provision_databases
from dev.provision.environments import ServerAddresses, database_prefix
from dev.readiness import wait_until_ready
from dev.secret_store import SecretStore
from dev.servers import mongod, rabbitmq, redis
from dev.suite import Selection, addresses, server_specs, service_specs
from dev.supervisor.client import SupervisorClient, launch
from dev.supervisor.spec import ProcessSpec

UNFINISHED = "restore.unfinished"
"""Stands in a home while a backup is being restored to it."""


def up(home: Home, selection: Selection, console: Console) -> SupervisorClient:
    """Brings the suite up, or what is missing of it; returns when all that was asked for is ready.

    Raises:
        OperatorError: something is missing, taken, or does not come up.
    """
    with home.locked():
        if (home.path / UNFINISHED).exists():
            raise OperatorError(f"A restore to {home.path} broke off: ./markethall reset, then restore once more.")
        secrets = SecretStore(home.secrets)
        servers = addresses(home, secrets, selection)
        client = start_servers(home, secrets, servers, console)
        specs = service_specs(home, secrets, servers, selection)
        require_free_ports(specs, client)
        with step(console, "services"):
            client.add(specs)
            wait_until_ready(home, client, {each.group for each in specs})
    return client


def start_servers(home: Home, secrets: SecretStore, servers: ServerAddresses, console: Console) -> SupervisorClient:
    """Starts the servers at once, preloads meanwhile, and provisions both when they are ready."""
    specs = server_specs(home, secrets, servers)
    client = launch(home)
    require_free_ports(specs, client)
    client.add(specs)
    with step(console, "MongoDB, RabbitMQ, accounts, topology"), ThreadPoolExecutor(4) as pool:
        waits = [
            pool.submit(client.preload),
            pool.submit(_databases, home, secrets, servers, {each.name for each in specs}),
            pool.submit(prepare_broker, home, secrets, servers),
        ]
        for each in waits:
            each.result()
    keep_addresses(secrets, servers)
    return client


def _databases(home: Home, secrets: SecretStore, servers: ServerAddresses, own: set[str]) -> None:
    if "redis" in own:
        redis.make_ready(home)
    if "mongod" in own:
        mongod.make_ready(home, secrets)
    try:
        provision_databases(servers.mongo, database_accounts(secrets, database_prefix()))
    except PyMongoError as error:
        raise OperatorError(f"The database users could not be made: {error}") from error


def prepare_broker(home: Home, secrets: SecretStore, servers: ServerAddresses) -> None:
    """Waits for the broker, then makes or corrects accounts and topology; safe beside running services.

    Raises:
        OperatorError: it does not come up, or refuses.
    """
    # Reading every service's table takes a second, which the broker needs to start anyway.
    from dev.provision.topology import declare, grants, handled_types

    types = handled_types()
    rabbitmq.make_ready(home, servers.amqp, servers.management)
    accounts = broker_accounts(secrets, database_prefix())
    virtual_host = rabbitmq.virtual_host(servers.amqp)
    try:
        provision_broker(servers.management, virtual_host, accounts, grants())
    except urllib.error.URLError as error:
        raise OperatorError(f"The broker's users could not be made: {error}") from error
    declare(servers.amqp, types)


def keep_addresses(secrets: SecretStore, servers: ServerAddresses) -> None:
    """Keeps where the servers of this home are, for the commands that come later."""
    kept = {"mongo": servers.mongo, "amqp": servers.amqp, "management": servers.management}
    for name, address in kept.items():
        if secrets.find(f"address.{name}") != address:
            secrets.put(f"address.{name}", address)


def require_free_ports(specs: list[ProcessSpec], client: SupervisorClient) -> None:
    """Refuses to start beside a stranger on one of our ports.

    Raises:
        OperatorError: a port is taken by what is not ours.
    """
    ours = {port for each in client.processes() if each["wanted"] for port in each["ports"]}
    for spec in specs:
        for port in set(spec.ports) - ours:
            if not is_free(port):
                raise OperatorError(
                    f"Port {port}, which {spec.name} needs, is taken by another program: "
                    "end it or set MARKETHALL_PORT_BASE to another first port."
                )


def is_free(port: int) -> bool:
    """Whether this port of 127.0.0.1 can be taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def step(console: Console, what: str) -> Iterator[None]:
    """Shows what is being waited for, and afterwards how long it took."""
    began = time.monotonic()
    with console.status(f"{what} …"):
        yield
    console.print(f"[green]✓[/green] {what} [dim]{time.monotonic() - began:.1f} s[/dim]")
