"""RabbitMQ: Debian's program as a node of our own, with the management page, on 127.0.0.1."""

import os
import shutil
import socket
import time
import urllib.error
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from dev.home import AMQP, AMQP_MANAGEMENT, ERLANG_DISTRIBUTION, ERLANG_PORT_MAPPER, Home, OperatorError
from dev.provision.management import ManagementApi
from dev.secret_store import SecretStore
from dev.servers.install import install_debian_package
from dev.supervisor.spec import SERVER_NICENESS, SERVER_PAUSE_SECONDS, ProcessSpec

# The script behind the wrapper: the wrapper insists on the system's own user and node.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
ADMINISTRATOR = "admin"
START_SECONDS = 120.0
POLL_SECONDS = 0.1
CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
distribution.listener.interface = 127.0.0.1
default_user = {user}
default_pass = {password}
log.console = false
log.file = rabbitmq.log
log.file.level = warning
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 200MB
"""


def administrator_url(home: Home, secrets: SecretStore) -> str:
    return f"amqp://{ADMINISTRATOR}:{secrets.get('rabbitmq.administrator')}@127.0.0.1:{home.port(AMQP)}/"


def specs(home: Home, secrets: SecretStore) -> list[ProcessSpec]:
    """The node, and the Erlang port mapper that it would otherwise leave behind as a daemon."""
    if not SERVER.exists() or shutil.which("epmd") is None:
        install_debian_package("rabbitmq-server", instead="AMQP_URL")
    if not SERVER.exists():
        raise OperatorError(f"rabbitmq-server is installed without {SERVER}: set AMQP_URL instead.")
    environment = _environment(home)
    _write_configuration(home, secrets)
    mapper = ("-address", "127.0.0.1", "-port", str(home.port(ERLANG_PORT_MAPPER)))
    return [
        ProcessSpec(
            "epmd", "epmd", environment, (shutil.which("epmd") or "epmd", *mapper),
            ports=(home.port(ERLANG_PORT_MAPPER),), log=str(home.log("epmd")),
            longest_pause_seconds=SERVER_PAUSE_SECONDS,
        ),
        ProcessSpec(
            "rabbitmq", "rabbitmq", environment, (str(SERVER),),
            ports=(home.port(AMQP), home.port(AMQP_MANAGEMENT)), log=str(home.log("rabbitmq")),
            niceness=SERVER_NICENESS, drain_seconds=40.0, longest_pause_seconds=SERVER_PAUSE_SECONDS,
        ),
    ]  # fmt: skip


def _environment(home: Home) -> dict[str, str]:
    data = home.data / "rabbitmq"
    data.mkdir(exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "HOME": str(data),
        # The data's folder is named after the node: the name stays when the ports change.
        "RABBITMQ_NODENAME": "markethall@localhost",
        "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
        "RABBITMQ_LOG_BASE": str(home.logs),
        "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_DIST_PORT": str(home.port(ERLANG_DISTRIBUTION)),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(home.port(ERLANG_PORT_MAPPER)),
        # No busy waiting: two cores are shared with everything else.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
        # Makes the script exec the node in its place, so that our pid is the node's.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _write_configuration(home: Home, secrets: SecretStore) -> None:
    data = home.data / "rabbitmq"
    (data / "enabled_plugins").write_text("[rabbitmq_management].\n")
    configuration = data / "rabbitmq.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        CONFIGURATION.format(
            amqp=home.port(AMQP),
            management=home.port(AMQP_MANAGEMENT),
            user=ADMINISTRATOR,
            password=secrets.get("rabbitmq.administrator"),
        )
    )


def management_url(home: Home, secrets: SecretStore) -> str:
    """The management API of our own broker, with its administrator."""
    password = quote(secrets.get("rabbitmq.administrator"), safe="")
    return f"http://{ADMINISTRATOR}:{password}@127.0.0.1:{home.port(AMQP_MANAGEMENT)}"


def foreign_management_url(amqp_url: str) -> str:
    """Where the management API of an administrator's broker is, unless told: its host, port 15672."""
    told = os.environ.get("MARKETHALL_AMQP_MANAGEMENT_URL")
    parts = urlsplit(amqp_url)
    who = f"{parts.username or 'guest'}:{parts.password or 'guest'}"
    if told and urlsplit(told).username:
        return told.rstrip("/")
    if told:
        scheme, _, rest = told.rstrip("/").partition("://")
        return f"{scheme}://{who}@{rest}"
    return f"http://{who}@{parts.hostname or '127.0.0.1'}:15672"


def virtual_host(amqp_url: str) -> str:
    """The virtual host that an AMQP address names; `/` where it names none."""
    return unquote(urlsplit(amqp_url).path[1:]) or "/"


def make_ready(home: Home, amqp_url: str, management: str) -> None:
    """Waits until the broker takes AMQP connections and its management API answers.

    Raises:
        OperatorError: it did not come up in time.
    """
    until = time.monotonic() + START_SECONDS
    parts = urlsplit(amqp_url)
    reason = "no answer"
    while time.monotonic() < until:
        try:
            with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672), timeout=2):
                ManagementApi(management).get("/api/overview")
                return
        except (OSError, urllib.error.URLError) as error:
            reason = str(error)
        time.sleep(POLL_SECONDS)
    raise OperatorError(f"RabbitMQ did not become ready ({reason}): see {home.log('rabbitmq')}.")
