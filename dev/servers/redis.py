"""Redis: only for several gateways, which must count one caller's requests together."""

import shutil
import socket
import time

from common.suite import FIRST
from dev.home import REDIS, Home, OperatorError
from dev.secret_store import SecretStore
from dev.servers.install import install_debian_package
from dev.supervisor.spec import ProcessSpec

START_SECONDS = 20.0
POLL_SECONDS = 0.05


def url(home: Home, secrets: SecretStore) -> str:
    return f"redis://:{secrets.get('redis.password')}@127.0.0.1:{home.port(REDIS)}/0"


def spec(home: Home, secrets: SecretStore) -> ProcessSpec:
    """The process to start. Counters live for seconds, so nothing is written to disk; the door waits for it at each
    call, and comes no further than it does."""
    if shutil.which("redis-server") is None:
        install_debian_package("redis-server", instead="REDIS_URL")
    configuration = home.data / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind 127.0.0.1\nport {home.port(REDIS)}\nrequirepass {secrets.get('redis.password')}\n"
        'save ""\nappendonly no\nmaxmemory 64mb\nmaxmemory-policy volatile-ttl\n'
    )
    program = shutil.which("redis-server") or "redis-server"
    return ProcessSpec(
        "redis", "redis", {}, (program, str(configuration)), ports=(home.port(REDIS),),
        log=str(home.log("redis")), niceness=FIRST,
    )  # fmt: skip


def make_ready(home: Home) -> None:
    """Waits until it listens.

    Raises:
        OperatorError: it did not come up in time.
    """
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", home.port(REDIS)), timeout=1).close()
            return
        except OSError:
            time.sleep(POLL_SECONDS)
    raise OperatorError(f"Redis did not become ready: see {home.log('redis')}.")
