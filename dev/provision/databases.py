"""MongoDB users: each service may read and write its own database and nothing else."""

import hashlib
from typing import Any

from pymongo import MongoClient

from dev.provision.accounts import Account

AUTHENTICATION_DATABASE = "admin"


def provision_databases(administrator_url: str, accounts: list[Account]) -> int:
    """Makes or corrects the users; returns how many were touched. Raises pymongo.errors.PyMongoError."""
    touched = 0
    with MongoClient[dict[str, Any]](administrator_url, serverSelectionTimeoutMS=10_000) as client:
        admin = client[AUTHENTICATION_DATABASE]
        present = {each["user"]: each for each in admin.command("usersInfo")["users"]}
        for account in accounts:
            known = present.get(account.user)
            if known and is_as_wanted(known, account):
                continue
            verb = "updateUser" if known else "createUser"
            admin.command(verb, account.user, pwd=account.password, **_wanted(account))
            touched += 1
    return touched


def is_as_wanted(known: dict[str, Any], account: Account) -> bool:
    """Whether a user, as the server tells it, has this account's password and rights, and no others."""
    return all(known.get(field) == value for field, value in _wanted(account).items())


def _wanted(account: Account) -> dict[str, Any]:
    return {
        "roles": [{"role": "readWrite", "db": account.database}],
        # Tells an unchanged password without a sign-in; a digest of 192 random bits gives nothing away.
        "customData": {"digest": hashlib.sha256(account.password.encode()).hexdigest()},
    }
