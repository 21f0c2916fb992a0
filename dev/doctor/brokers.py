"""RabbitMQ: whether it answers, its alarms, users, queues and bindings, and what lies dead in it."""

import urllib.error
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from common.messaging import topology
from common.suite import SERVICES
from dev.doctor.finding import Finding, notice, ok, wrong
from dev.home import Home
from dev.provision.accounts import broker_accounts
from dev.provision.broker import faults
from dev.provision.environments import database_prefix
from dev.provision.management import ManagementApi, in_path
from dev.provision.topology import grants, handled_types
from dev.secret_store import SecretStore

AREA = "broker"
MANY_WAITING = 10_000
SKEW_SECONDS = 3.0


def look(home: Home, api: ManagementApi, virtual_host: str) -> Iterator[Finding]:
    """Everything about a broker that answers. Raises urllib.error.URLError."""
    yield from _nodes(api)
    yield _clock(api)
    yield from _users(home, api, virtual_host)
    queues = {each["name"]: each for each in api.get(f"/api/queues/{in_path(virtual_host)}")}
    yield from _topology(api, virtual_host, queues)
    yield from _dead(queues)
    yield from _waiting(queues)


def _nodes(api: ManagementApi) -> Iterator[Finding]:
    for node in api.get("/api/nodes"):
        if not node.get("running"):
            yield wrong(AREA, f"the node {node['name']} does not run", "./markethall logs rabbitmq")
        elif node.get("mem_alarm"):
            yield wrong(
                AREA, "the broker is short of memory and takes nothing", "let the queues drain, or give it more"
            )
        elif node.get("disk_free_alarm"):
            yield wrong(AREA, "the broker's disk is full and it takes nothing", "free space: it goes on by itself")
        else:
            yield ok(AREA, f"RabbitMQ answers as {node['name']}, without alarms")


def _clock(api: ManagementApi) -> Finding:
    """Its answers name the time to the second, so a second less is known than of the database."""
    told = api.clock()
    skew = abs((told - datetime.now(UTC)).total_seconds()) if told else 0.0
    if skew > SKEW_SECONDS:
        helps = "keep both in time (chrony or systemd-timesyncd)"
        return wrong(AREA, f"the clocks of broker and host are {skew:.0f} s apart", helps)
    return ok(AREA, f"the clocks of broker and host are less than {SKEW_SECONDS:.0f} s apart")


def _users(home: Home, api: ManagementApi, virtual_host: str) -> Iterator[Finding]:
    accounts = broker_accounts(SecretStore(home.secrets), database_prefix())
    found = faults(api, virtual_host, accounts, grants())
    if found:
        yield wrong(AREA, f"users missing or with other rights: {', '.join(sorted(found))}", "./markethall up")
    else:
        yield ok(AREA, f"the {len(accounts)} users may do what they need and nothing else")


def _topology(api: ManagementApi, virtual_host: str, queues: Mapping[str, Any]) -> Iterator[Finding]:
    bound = {
        (each["source"], each["routing_key"], each["destination"])
        for each in api.get(f"/api/bindings/{in_path(virtual_host)}")
    }
    wanted_queues, wanted = _wanted()
    feeds = [name for name in queues if name.startswith(topology.FEED_PREFIX)]
    missing = sorted(wanted_queues - set(queues))
    unbound = [f"{key} → {queue}" for source, key, queue in sorted(wanted - bound)]
    if not any((topology.EVENTS, "#", feed) in bound for feed in feeds):
        unbound.append("# → the feed")
    for what, names in (("queues", missing), ("bindings", unbound)):
        if names:
            shown = ", ".join(names[:5])
            yield wrong(AREA, f"{len(names)} {what} missing: {shown}", "./markethall up declares them again")
    if not missing and not unbound:
        yield ok(AREA, f"all {len(wanted_queues)} queues and {len(wanted) + 1} bindings are there")


def _wanted() -> tuple[set[str], set[tuple[str, str, str]]]:
    """The queues and bindings that the code declares; see `common.messaging.topology`."""
    queues = {topology.EPOCH, *(topology.retry_exchange(delay) for delay in topology.RETRY_DELAYS_SECONDS)}
    bindings = {(name, "#", name) for name in queues if name != topology.EPOCH}
    for service, types in handled_types().items():
        queues |= {service, topology.dead_queue(service)}
        bindings |= {(topology.RETURN, service, service), (topology.DEAD, service, topology.dead_queue(service))}
        bindings |= {(topology.EVENTS, event_type, service) for event_type in types}
    return queues, bindings


def _dead(queues: Mapping[str, Any]) -> Iterator[Finding]:
    counts = {name: int(queues.get(topology.dead_queue(name), {}).get("messages", 0)) for name in SERVICES}
    for service, count in counts.items():
        if count:
            helps = f"./markethall dead {service}; once its reason is gone: ./markethall dead {service} --replay"
            yield wrong(AREA, f"{count} messages failed for good in {service}", helps)
    if not any(counts.values()):
        yield ok(AREA, "no message failed for good")


def _waiting(queues: Mapping[str, Any]) -> Iterator[Finding]:
    for service in SERVICES:
        queue = queues.get(service, {})
        if int(queue.get("messages", 0)) > MANY_WAITING:
            yield notice(AREA, f"{queue['messages']} events wait for {service}", f"./markethall status, logs {service}")
        if queue.get("messages") and not queue.get("consumers"):
            yield wrong(AREA, f"nobody takes the events that wait for {service}", f"./markethall restart {service}")


def answers(api: ManagementApi) -> str:
    """Why the management API does not answer; empty where it does."""
    try:
        api.get("/api/overview")
    except (urllib.error.URLError, OSError) as error:
        return str(error)
    return ""
