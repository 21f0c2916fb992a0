"""MongoDB: a real one-node replica set with authentication on 127.0.0.1."""

import importlib.util
import os
import shutil
import stat
import subprocess
import time
from pathlib import Path
from secrets import token_hex
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from dev.home import MONGOD, Home, OperatorError
from dev.secret_store import SecretStore
from dev.servers.install import install_debian_package
from dev.supervisor.spec import SERVER_NICENESS, SERVER_PAUSE_SECONDS, ProcessSpec

REPLICA_SET = "rs0"
CACHE_GIGABYTES = "0.5"
START_SECONDS = 60.0
POLL_SECONDS = 0.1
ADMINISTRATOR = "admin"


def administrator_url(home: Home, secrets: SecretStore) -> str:
    return (
        f"mongodb://{ADMINISTRATOR}:{secrets.get('mongo.administrator')}@127.0.0.1:{home.port(MONGOD)}"
        f"/?directConnection=true&replicaSet={REPLICA_SET}&authSource=admin"
    )


def spec(home: Home, secrets: SecretStore) -> ProcessSpec:
    """The process to start; makes its folder and key file and finds the program first."""
    data = home.data / "mongodb"
    data.mkdir(exist_ok=True)
    key_file = home.data / "mongodb.key"
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(secrets.get("mongo.keyfile", lambda: token_hex(48)))
        key_file.chmod(0o400)
    port = home.port(MONGOD)
    argv = (
        str(program()),
        "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket",
        "--replSet", REPLICA_SET, "--oplogSize", "512", "--keyFile", str(key_file),
        "--wiredTigerCacheSizeGB", CACHE_GIGABYTES, "--quiet",
        "--setParameter", "maxTransactionLockRequestTimeoutMillis=200",
        # A killed process leaves its transaction holding its documents until this runs out; 60 s unless told.
        "--setParameter", "transactionLifetimeLimitSeconds=10",
        "--setParameter", "diagnosticDataCollectionEnabled=false",
    )  # fmt: skip
    return ProcessSpec(
        "mongod", "mongod", {"PATH": os.defpath, "LC_ALL": "C"}, argv, ports=(port,),
        log=str(home.log("mongod")),
        niceness=SERVER_NICENESS, drain_seconds=40.0, longest_pause_seconds=SERVER_PAUSE_SECONDS,
    )  # fmt: skip


def program() -> Path:
    """The mongod of this machine, else the one in the wheel of requirements/mongod.txt.

    Raises:
        OperatorError: there is none, or it does not run here.
    """
    found = shutil.which("mongod")
    path = Path(found) if found else _wheel()
    if path is None:
        raise OperatorError("mongod is missing: install MongoDB 6 or newer, or set MONGO_URL.")
    if not os.access(path, os.X_OK):
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    tried = _version(path)
    if tried.returncode != 0 and "libcurl" in tried.stderr:
        install_debian_package("libcurl4", instead="MONGO_URL")
        tried = _version(path)
    if tried.returncode != 0:
        last = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OperatorError(f"mongod does not run here ({last}): install MongoDB 6 or set MONGO_URL.")
    return path


def _version(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(path), "--version"], capture_output=True, text=True)


def _wheel() -> Path | None:
    package = importlib.util.find_spec("fiftyone")
    for folder in (package.submodule_search_locations or []) if package else []:
        path = Path(folder) / "db" / "bin" / "mongod"
        if path.exists():
            return path
    return None


def make_ready(home: Home, secrets: SecretStore) -> None:
    """Waits until our mongod is a primary that knows its administrator; makes both at the first start.

    Raises:
        OperatorError: it did not come up in time.
    """
    until = time.monotonic() + START_SECONDS
    reason = "no answer"
    while time.monotonic() < until:
        try:
            if _is_ready(home, secrets):
                return
        except PyMongoError as error:
            reason = str(error).partition(",")[0]
        time.sleep(POLL_SECONDS)
    raise OperatorError(f"mongod did not become ready ({reason}): see {home.log('mongod')}.")


def _is_ready(home: Home, secrets: SecretStore) -> bool:
    address = f"127.0.0.1:{home.port(MONGOD)}"
    direct = f"mongodb://{address}/?directConnection=true&serverSelectionTimeoutMS=1000"
    with MongoClient[dict[str, Any]](direct) as anonymous:
        hello = anonymous.admin.command("hello")
        if hello.get("isWritablePrimary"):
            _make_administrator(anonymous, secrets)
        elif not hello.get("setName"):
            _initiate(anonymous, address)
            return False
        else:
            return False
    with MongoClient[dict[str, Any]](administrator_url(home, secrets)) as administrator:
        administrator.admin.command("ping")
    return True


def _initiate(anonymous: "MongoClient[dict[str, Any]]", address: str) -> None:
    """Without users yet, a local connection may do this and make the first one, and nothing else."""
    members = [{"_id": 0, "host": address}]
    try:
        anonymous.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    except OperationFailure as error:
        if error.code not in (13, 23):  # set up already: authentication is asked for, or refused as done
            raise


def _make_administrator(anonymous: "MongoClient[dict[str, Any]]", secrets: SecretStore) -> None:
    if secrets.find("mongo.administrator.made"):
        return
    try:
        anonymous.admin.command("createUser", ADMINISTRATOR, pwd=secrets.get("mongo.administrator"), roles=["root"])
    except OperationFailure as error:
        if error.code not in (13, 51003):  # made by a start that was cut short
            raise
    secrets.put("mongo.administrator.made", "yes")
