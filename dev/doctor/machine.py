"""The machine under the suite: programs, ports, disk, memory, and who may read the home."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil

from dev.doctor.finding import Finding, notice, ok, unasked, wrong
from dev.home import AMQP, AMQP_MANAGEMENT, ERLANG_PORT_MAPPER, MONGOD, SANDBOX_HTTP, SANDBOX_SMTP, Home, OperatorError
from dev.provision.environments import has_real_provider
from dev.servers import mongod, rabbitmq
from dev.supervisor.client import SupervisorClient
from dev.up import is_free

AREA = "machine"
DISK_LOW_BYTES = 2_000_000_000
DISK_FULL_BYTES = 500_000_000
"""RabbitMQ stops taking messages below 200 MB; MongoDB ends when it cannot write."""
MEMORY_LOW_BYTES = 500_000_000


def look(home: Home) -> Iterator[Finding]:
    """Everything about the machine that keeps a suite from starting or going on."""
    yield from _programs()
    yield from _disk(home)
    yield _memory()
    yield from _ports(home)
    yield from _permissions(home)


def _programs() -> Iterator[Finding]:
    if os.environ.get("MONGO_URL"):
        yield ok(AREA, "MongoDB is the one that MONGO_URL names")
    else:
        try:
            yield ok(AREA, f"mongod is {mongod.program()}")
        except OperatorError as error:
            yield wrong(AREA, str(error), "./markethall up (as root it installs what is missing)")
    if os.environ.get("AMQP_URL"):
        yield ok(AREA, "RabbitMQ is the one that AMQP_URL names")
    elif rabbitmq.SERVER.exists() and shutil.which("epmd"):
        yield ok(AREA, f"RabbitMQ is {rabbitmq.SERVER}")
    else:
        yield wrong(AREA, "RabbitMQ is not installed", "apt-get install rabbitmq-server, or set AMQP_URL")


def _disk(home: Home) -> Iterator[Finding]:
    place = next(each for each in (home.path, *home.path.parents) if each.exists())
    usage = shutil.disk_usage(place)
    said = f"{usage.free / 1e9:.1f} GB are free where {place} lies"
    if usage.free < DISK_FULL_BYTES:
        yield wrong(AREA, f"the disk is full: {said}", f"free space on the disk of {place}")
    elif usage.free < DISK_LOW_BYTES:
        yield notice(AREA, f"the disk is nearly full: {said}", f"free space on the disk of {place}")
    else:
        yield ok(AREA, said)


def _memory() -> Finding:
    available = psutil.virtual_memory().available
    said = f"{available / 1e9:.1f} GB of memory are available"
    if available < MEMORY_LOW_BYTES:
        return notice(AREA, f"memory is short: {said}", "end other programs; the suite takes about 1.2 GB")
    return ok(AREA, said)


def _ports(home: Home) -> Iterator[Finding]:
    """Only what nobody of ours holds can be taken by a stranger."""
    client = SupervisorClient(home)
    held = {port for each in client.processes() for port in each["ports"]} if _runs(home) else set()
    taken = [port for port in _needed(home) if port not in held and not is_free(port)]
    if taken:
        ports = ", ".join(str(port) for port in taken)
        yield wrong(AREA, f"another program holds port {ports}", "end it, or set MARKETHALL_PORT_BASE")
    else:
        yield ok(AREA, f"the ports from {home.port_base} on are ours or free")


def _needed(home: Home) -> list[int]:
    offsets = list(range(13))
    if not has_real_provider():
        offsets += [SANDBOX_HTTP, SANDBOX_SMTP]
    if not os.environ.get("MONGO_URL"):
        offsets.append(MONGOD)
    if not os.environ.get("AMQP_URL"):
        offsets += [AMQP, AMQP_MANAGEMENT, ERLANG_PORT_MAPPER]
    return [home.port(offset) for offset in offsets]


def _permissions(home: Home) -> Iterator[Finding]:
    if not home.path.is_dir():
        yield unasked(AREA, f"{home.path} does not exist yet", "./markethall up")
        return
    wide = [path for path, most in _private(home) if path.exists() and stat.S_IMODE(path.stat().st_mode) & ~most]
    foreign = [path for path, _ in _private(home) if path.exists() and path.stat().st_uid != os.geteuid()]
    for path in foreign:
        yield wrong(AREA, f"{path} belongs to another user", f"chown -R {os.geteuid()} {home.path}")
    for path in wide:
        yield wrong(AREA, f"{path} can be read by others", f"chmod go-rwx {path}")
    if not wide and not foreign:
        yield ok(AREA, f"{home.path} and its secrets are closed to others")


def _private(home: Home) -> list[tuple[Path, int]]:
    return [
        (home.path, 0o700), (home.secrets, 0o600), (home.data / "mongodb.key", 0o600),
        (home.data / "sandbox.sqlite3", 0o600), (home.data / "rabbitmq" / "rabbitmq.conf", 0o600),
    ]  # fmt: skip


def _runs(home: Home) -> bool:
    return home.path.is_dir() and SupervisorClient(home).is_running()
