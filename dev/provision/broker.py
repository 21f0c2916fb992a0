"""RabbitMQ users: each service declares and reads its own queues and publishes its own event types."""

import base64
import hashlib
import os
from collections.abc import Mapping
from typing import Any

from common.messaging.topology import Permissions
from dev.provision.accounts import Account
from dev.provision.management import ManagementApi, in_path

Document = dict[str, Any]

MAY_LOOK = "management"
"""The tag with which an account sees names and bindings of its virtual host; it may change no more than before."""


def provision_broker(
    management_url: str, virtual_host: str, accounts: list[Account], grants: Mapping[str, Permissions]
) -> int:
    """Makes or corrects virtual host, users and permissions; returns how many were touched.

    Raises:
        urllib.error.URLError: the management API refused or did not answer.
    """
    api = ManagementApi(management_url)
    touched = _virtual_host(api, virtual_host)
    known = _known(api, virtual_host)
    users = {each["name"]: each for each in api.get("/api/users")}
    for account in accounts:
        if not _is_as_wanted(users.get(account.user), account.password):
            api.put(f"/api/users/{in_path(account.user)}", _user(account))
            touched += 1
        for path, document in _permissions(virtual_host, account, grants[account.service]):
            if (path, document) not in known:
                api.put(path, document)
                touched += 1
    return touched


def faults(
    api: ManagementApi, virtual_host: str, accounts: list[Account], grants: Mapping[str, Permissions]
) -> set[str]:
    """The users that are missing, or have another password or other rights than provisioned. Changes nothing."""
    known = _known(api, virtual_host)
    hashes = {each["name"]: each["password_hash"] for each in api.get("/api/users")}
    return {
        account.user
        for account in accounts
        if not _has_password(hashes.get(account.user, ""), account.password)
        or any(each not in known for each in _permissions(virtual_host, account, grants[account.service]))
    }


def _virtual_host(api: ManagementApi, virtual_host: str) -> int:
    if any(each["name"] == virtual_host for each in api.get("/api/vhosts")):
        return 0
    api.put(f"/api/vhosts/{in_path(virtual_host)}", {})
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    api.put(f"/api/permissions/{in_path(virtual_host)}/{in_path(api.user)}", everything)
    return 1


def _known(api: ManagementApi, virtual_host: str) -> list[tuple[str, Document]]:
    """Every permission of the virtual host, with the path that would set it."""
    known = []
    for kind in ("permissions", "topic-permissions"):
        for each in api.get(f"/api/vhosts/{in_path(virtual_host)}/{kind}"):
            path = f"/api/{kind}/{in_path(virtual_host)}/{in_path(each['user'])}"
            known.append((path, {key: value for key, value in each.items() if key not in ("user", "vhost")}))
    return known


def _permissions(virtual_host: str, account: Account, grant: Permissions) -> list[tuple[str, Document]]:
    who = f"{in_path(virtual_host)}/{in_path(account.user)}"
    names = {"configure": grant.configure, "write": grant.write, "read": grant.read}
    topics = [
        (f"/api/topic-permissions/{who}", {"exchange": exchange, "write": keys, "read": ".*"})
        for exchange, keys in grant.topics.items()
    ]
    return [(f"/api/permissions/{who}", names), *topics]


def _user(account: Account) -> dict[str, Any]:
    return {
        "password_hash": _digest(os.urandom(4), account.password),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": MAY_LOOK,
    }


def _is_as_wanted(known: Document | None, password: str) -> bool:
    return known is not None and MAY_LOOK in known["tags"] and _has_password(known["password_hash"], password)


def _has_password(stored: str, password: str) -> bool:
    return bool(stored) and stored == _digest(base64.b64decode(stored)[:4], password)


def _digest(salt: bytes, password: str) -> str:
    """The broker's own form: base64 of a four-byte salt and the SHA-256 of salt and password."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
