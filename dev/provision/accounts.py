"""Which accounts a suite has: names and generated passwords of every service."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from common.suite import SERVICES
from dev.secret_store import SecretStore


@dataclass(frozen=True, slots=True)
class Account:
    """One service's user at a server. `database` is empty for a broker's user."""

    service: str
    user: str
    password: str
    database: str = ""


def database_accounts(secrets: SecretStore, prefix: str) -> list[Account]:
    """One user a service that stores anything, named as its one database."""
    return [
        Account(name, prefix + spec.database, secrets.get(f"mongo.{name}"), prefix + spec.database)
        for name, spec in SERVICES.items()
        if spec.database
    ]


def broker_accounts(secrets: SecretStore, prefix: str) -> list[Account]:
    """One user a service, named as the service behind the suite's prefix."""
    return [Account(name, f"{prefix}{name}", secrets.get(f"rabbitmq.{name}")) for name in SERVICES]


def with_account(administrator_url: str, account: Account) -> str:
    """The administrator's address with this account's name and password in place of his."""
    parts = urlsplit(administrator_url)
    hosts = parts.netloc.rpartition("@")[2]
    who = f"{quote(account.user, safe='')}:{quote(account.password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{who}@{hosts}"))
