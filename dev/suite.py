"""What one `up` starts: which servers and services, how many copies, with which environment."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from common.suite import ANSWERING, SERVICES
from dev.home import SANDBOX_HTTP, SANDBOX_SMTP, Home, OperatorError
from dev.provision.environments import (
    ServerAddresses,
    has_real_provider,
    sandbox_environment,
    service_environments,
)
from dev.secret_store import SecretStore
from dev.servers import mongod, rabbitmq, redis
from dev.supervisor.spec import ProcessSpec

SANDBOX = "sandbox"
SERVER_GROUPS = ("redis", "rabbitmq", "mongod")
"""The port mapper is not among them: the broker needs it to the end, and it ends with the supervisor."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which services, and how many copies of each (one where nothing is said)."""

    services: tuple[str, ...] = tuple(SERVICES)
    copies: dict[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, only: str | None, workers: Sequence[str]) -> "Selection":
        """Reads `--only NAME,…` and each `--workers NAME=N`.

        Raises:
            OperatorError: an unknown name, or a number below one.
        """
        named = tuple(filter(None, (only or "").split(",")))
        copies = {}
        for each in workers:
            name, _, number = each.partition("=")
            if not number.isdecimal() or not 1 <= int(number) <= 32:
                raise OperatorError(f"--workers takes NAME=N with N from 1 to 32, not {each!r}.")
            copies[name] = int(number)
        for name in (*named, *copies):
            if name not in SERVICES:
                raise OperatorError(f"There is no service {name!r}: choose from {', '.join(SERVICES)}.")
        chosen = tuple(name for name in SERVICES if name in named) or tuple(SERVICES)
        return cls(chosen, copies)


def addresses(home: Home, secrets: SecretStore, selection: Selection) -> ServerAddresses:
    """The administrator's servers where the environment names them, else our own."""
    amqp = os.environ.get("AMQP_URL")
    shares_limits = selection.copies.get("gateway", 1) > 1
    own_redis = redis.url(home, secrets) if shares_limits else None
    return ServerAddresses(
        mongo=os.environ.get("MONGO_URL") or mongod.administrator_url(home, secrets),
        amqp=amqp or rabbitmq.administrator_url(home, secrets),
        management=(rabbitmq.foreign_management_url(amqp) if amqp else rabbitmq.management_url(home, secrets)),
        redis=os.environ.get("REDIS_URL") or own_redis,
    )


def server_specs(home: Home, secrets: SecretStore, servers: ServerAddresses) -> list[ProcessSpec]:
    """The servers that the environment does not name."""
    specs: list[ProcessSpec] = []
    if not os.environ.get("MONGO_URL"):
        specs.append(mongod.spec(home, secrets))
    if not os.environ.get("AMQP_URL"):
        specs.extend(rabbitmq.specs(home, secrets))
    if servers.redis and not os.environ.get("REDIS_URL"):
        specs.append(redis.spec(home, secrets))
    return specs


def service_specs(
    home: Home, secrets: SecretStore, servers: ServerAddresses, selection: Selection
) -> list[ProcessSpec]:
    """The chosen services, each copy one process, and the sandbox where no real provider is set."""
    environments = service_environments(home, secrets, servers)
    specs = [] if has_real_provider() else [_sandbox(home, secrets)]
    for name in selection.services:
        copies = selection.copies.get(name, 1)
        for number in range(1, copies + 1):
            specs.append(
                ProcessSpec(
                    name if number == 1 else f"{name}.{number}", name,
                    {**environments[name], "MARKETHALL_COPIES": str(copies)},
                    call="common.serve:run", prepare="common.serve:prepare", arguments=(name,),
                    ports=(home.port(SERVICES[name].port_offset),), log=str(home.log(name)),
                    niceness=SERVICES[name].niceness,
                )
            )  # fmt: skip
    return specs


def _sandbox(home: Home, secrets: SecretStore) -> ProcessSpec:
    ports = (home.port(SANDBOX_HTTP), home.port(SANDBOX_SMTP))
    return ProcessSpec(
        SANDBOX, SANDBOX, sandbox_environment(home, secrets), call="dev.sandbox.serve:run",
        arguments=ports, ports=ports, log=str(home.log(SANDBOX)), niceness=ANSWERING,
    )  # fmt: skip
