"""``python -m dev.provision``: the one-shot that containers wait for.

Reads the administrator's MONGO_URL, AMQP_URL and MARKETHALL_AMQP_MANAGEMENT_URL, and each service's
passwords as ``SALES_MONGO_PASSWORD`` and ``SALES_AMQP_PASSWORD``; safe to repeat.
"""

import os
import sys
import urllib.error
from collections.abc import Mapping

from pymongo.errors import PyMongoError

from common.suite import SERVICES
from dev.home import OperatorError
from dev.provision.accounts import Account
from dev.provision.broker import provision_broker
from dev.provision.databases import provision_databases
from dev.provision.topology import declare, grants, handled_types
from dev.servers.rabbitmq import foreign_management_url, virtual_host


def accounts(environment: Mapping[str, str], prefix: str) -> tuple[list[Account], list[Account]]:
    """The database's and the broker's accounts as the environment names their passwords.

    Raises:
        OperatorError: a password is missing.
    """
    databases, brokers = [], []
    for name, spec in SERVICES.items():
        if spec.database:
            user = prefix + spec.database
            databases.append(Account(name, user, _needed(environment, f"{name.upper()}_MONGO_PASSWORD"), user))
        brokers.append(Account(name, prefix + name, _needed(environment, f"{name.upper()}_AMQP_PASSWORD")))
    return databases, brokers


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise OperatorError(f"{name} is missing.")
    return value


def main() -> int:
    """Provisions both servers; returns 1 with one sentence where that fails."""
    try:
        databases, brokers = accounts(os.environ, os.environ.get("MARKETHALL_DATABASE_PREFIX", ""))
        amqp_url = _needed(os.environ, "AMQP_URL")
        provision_databases(_needed(os.environ, "MONGO_URL"), databases)
        management = foreign_management_url(amqp_url)
        provision_broker(management, virtual_host(amqp_url), brokers, grants())
        declare(amqp_url, handled_types())
    except (OperatorError, PyMongoError, urllib.error.URLError) as error:
        print(f"provisioning failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
