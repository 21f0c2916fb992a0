"""MongoDB: whether it answers, its replica set, its clock, its users, its indexes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from common.suite import SERVICES
from dev.doctor.declared import declared_indexes
from dev.doctor.finding import Finding, notice, ok, wrong
from dev.home import Home
from dev.provision.accounts import database_accounts
from dev.provision.databases import AUTHENTICATION_DATABASE, is_as_wanted
from dev.provision.environments import database_prefix
from dev.secret_store import SecretStore

AREA = "database"
SKEW_SECONDS = 2.0
PRIMARY = 1


def look(home: Home, client: MongoClient[dict[str, Any]]) -> Iterator[Finding]:
    """Everything about a database that answers. Raises pymongo.errors.PyMongoError."""
    yield _member(client)
    yield from _clock(client)
    yield from _users(home, client)
    yield from _indexes(client)


def _member(client: MongoClient[dict[str, Any]]) -> Finding:
    hello = client.admin.command("hello")
    if not hello.get("setName"):
        return wrong(AREA, "mongod is no member of a replica set: no transactions", "start it with --replSet")
    if not hello.get("isWritablePrimary"):
        return wrong(AREA, f"the replica set {hello['setName']} has no primary here", "./markethall logs mongod")
    return ok(AREA, f"MongoDB {client.server_info()['version']} answers as primary of {hello['setName']}")


def _clock(client: MongoClient[dict[str, Any]]) -> Iterator[Finding]:
    try:
        asked = datetime.now(UTC)
        told = client.admin.command("serverStatus", metrics=0, wiredTiger=0)["localTime"].replace(tzinfo=UTC)
        answered = datetime.now(UTC)
    except OperationFailure:
        return
    ahead = (told - answered).total_seconds()
    behind = (asked - told).total_seconds()
    skew = max(ahead, behind, 0.0)
    if skew > SKEW_SECONDS:
        yield wrong(
            AREA, f"the clocks of database and host are {skew:.1f} s apart: deadlines and leases suffer",
            "keep both in time (chrony or systemd-timesyncd)",
        )  # fmt: skip
    else:
        yield ok(AREA, f"the clocks of database and host are less than {SKEW_SECONDS:.0f} s apart")


def _users(home: Home, client: MongoClient[dict[str, Any]]) -> Iterator[Finding]:
    accounts = database_accounts(SecretStore(home.secrets), database_prefix())
    present = {each["user"]: each for each in client[AUTHENTICATION_DATABASE].command("usersInfo")["users"]}
    faulty = [each.user for each in accounts if each.user not in present or not is_as_wanted(present[each.user], each)]
    if faulty:
        yield wrong(AREA, f"users missing or with other rights: {', '.join(faulty)}", "./markethall up")
    else:
        yield ok(AREA, f"the {len(accounts)} users open their own database only")


def _indexes(client: MongoClient[dict[str, Any]]) -> Iterator[Finding]:
    missing: list[str] = []
    unknown: list[str] = []
    total = 0
    for name, spec in SERVICES.items():
        if not spec.database:
            continue
        database = client[database_prefix() + spec.database]
        declared = declared_indexes(name)
        total += sum(len(each) for each in declared.values())
        for collection in sorted(set(database.list_collection_names()) | set(declared)):
            present = _present(database[collection])
            wanted = declared.get(collection, {})
            place = f"{database.name}.{collection}"
            missing += [f"{place}.{index}" for index in wanted if index not in present]
            unknown += [f"{place}.{index}" for index in present if index not in wanted and index != "_id_"]
    if missing:
        services = "the service that owns it"
        yield wrong(AREA, f"indexes missing: {_few(missing)}", f"./markethall restart NAME, with {services}")
    if unknown:
        yield notice(AREA, f"indexes that the code does not know: {_few(unknown)}", "drop them if nobody needs them")
    if not missing and not unknown:
        yield ok(AREA, f"all {total} indexes are there, and no others")


def _present(collection: Any) -> set[str]:
    try:
        return {str(each["name"]) for each in collection.list_indexes()}
    except PyMongoError:
        return set()


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
