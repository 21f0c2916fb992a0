"""Taking a backup: the home's files and the databases at one moment into one file that appears whole or not at all."""

import contextlib
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from bson import json_util
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from common.suite import SERVICES
from dev.backup.archive import DATABASES, FILES, OPENING, ArchiveWriter
from dev.backup.snapshot import Client, Snapshot, SnapshotLost, estimated_bytes, snapshot, wide_window
from dev.home import Home, OperatorError
from dev.provision.environments import audit_checkpoints, database_prefix, has_real_provider
from dev.secret_store import SecretStore

SCHEMA = 1
"""What a backup's parts are called and mean; `restore` takes only what it knows."""
TRIES = 5
TRY_AGAIN_SECONDS = 1.0
SANDBOX_FILE = "sandbox.sqlite3"
AUDIT_FOLDER = "audit"

Progress = Callable[[int, int], None]
"""Bytes read, and about how many there are."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that stands on disk."""

    path: Path
    size: int
    documents: int
    seconds: float


def take(home: Home, path: Path, passphrase: bytes | None, progress: Progress = lambda done, of: None) -> Taken:
    """Writes one backup. The suite may be in full use: nothing waits for it.

    Raises:
        OperatorError: the database does not answer, or changes its collections again and again.
    """
    began = time.monotonic()
    address = SecretStore(home.secrets).find("address.mongo")
    if not address:
        raise OperatorError(f"{home.path} has no database to back up: start it with ./markethall up.")
    partial = path.with_name(path.name + ".partial")
    try:
        with MongoClient[dict[str, Any]](address, serverSelectionTimeoutMS=5_000) as client, wide_window(client):
            documents = _take_until_whole(home, client, partial, passphrase, progress)
        partial.replace(path)
        _sync(path.parent)
    except PyMongoError as error:
        raise OperatorError(f"The backup broke off: {error}.") from error
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
    home.remember("last_backup", json.dumps({"path": str(path.resolve()), "at": datetime.now(UTC).isoformat()}))
    return Taken(path, path.stat().st_size, documents, time.monotonic() - began)


def _take_until_whole(home: Home, client: Client, partial: Path, passphrase: bytes | None, progress: Progress) -> int:
    for left in reversed(range(TRIES)):
        try:
            with _private(partial) as file:
                return _take_once(home, client, file, passphrase, progress)
        except SnapshotLost as error:
            if not left:
                raise OperatorError(f"No snapshot could be read to its end: {error}.") from error
            time.sleep(TRY_AGAIN_SECONDS)
    raise AssertionError("the last try returns or raises")


def _take_once(home: Home, client: Client, file: BinaryIO, passphrase: bytes | None, progress: Progress) -> int:
    archive = ArchiveWriter(file, passphrase)
    try:
        # Before the snapshot: a checkpoint that names more than the restored chain holds would read as a cut.
        checkpoints = _read_checkpoints(home)
        with snapshot(client, database_prefix()) as seen:
            archive.add(OPENING, _opening(seen))
            _add_files(archive, home, checkpoints)
            documents = _add_collections(archive, seen, progress)
            # After it: a provider knows of everything that we have asked of it, and perhaps of more.
            _add_sandbox(archive, home)
            archive.finish(_summary(seen))
    except BaseException:
        archive.abandon()
        raise
    file.flush()
    os.fsync(file.fileno())
    return documents


def _opening(seen: Snapshot) -> bytes:
    moment = seen.cluster_time
    told = {
        "schema": SCHEMA,
        "suite": version("markethall"),
        "clusterTime": {"seconds": moment.time, "increment": moment.inc},
        "takenAt": datetime.fromtimestamp(moment.time, UTC).isoformat(),
        "services": list(SERVICES),
        "collections": [asdict(each) for each in seen.collections],
    }
    return json_util.dumps(told, json_options=json_util.CANONICAL_JSON_OPTIONS).encode()


def _add_collections(archive: ArchiveWriter, seen: Snapshot, progress: Progress) -> int:
    expected, read = estimated_bytes(seen.client, seen.collections, seen.prefix), 0

    def note(size: int) -> None:
        nonlocal read
        read += size
        progress(read, expected)

    for found in seen.collections:
        for number, run in enumerate(seen.runs(found, note), 1):
            archive.add(f"{DATABASES}/{found.database}/{found.name}/{number:06}.bson", run)
    return sum(tally.documents for tally in seen.tallies.values())


def _summary(seen: Snapshot) -> dict[str, Any]:
    collections = {
        f"{database}/{name}": {"documents": tally.documents, "bytes": tally.size, "digest": tally.digest}
        for (database, name), tally in seen.tallies.items()
    }
    return {"schema": SCHEMA, "collections": collections}


def _read_checkpoints(home: Home) -> dict[str, bytes]:
    folder = Path(audit_checkpoints(home))
    return {each.name: each.read_bytes() for each in sorted(folder.glob("*.jsonl"))}


def _add_files(archive: ArchiveWriter, home: Home, checkpoints: dict[str, bytes]) -> None:
    archive.add(f"{FILES}/secrets.json", home.secrets.read_bytes())
    remembered = home.path / "remembered.json"
    if remembered.exists():
        archive.add(f"{FILES}/remembered.json", remembered.read_bytes())
    for name, content in checkpoints.items():
        archive.add(f"{FILES}/{AUDIT_FOLDER}/{name}", content)


def _add_sandbox(archive: ArchiveWriter, home: Home) -> None:
    """The sandbox's own database, where it stands in for a provider, copied while it is in use."""
    if has_real_provider() or not (home.data / SANDBOX_FILE).exists():
        return
    with tempfile.TemporaryDirectory(dir=home.path) as folder:
        copy = Path(folder) / SANDBOX_FILE
        copy_sandbox(home, copy)
        archive.add_file(f"{FILES}/{SANDBOX_FILE}", copy)


def copy_sandbox(home: Home, path: Path) -> None:
    """The sandbox's database as it is now, into a file of mode 600. Raises sqlite3.Error."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    source = home.data / SANDBOX_FILE
    with contextlib.closing(sqlite3.connect(source)) as origin, contextlib.closing(sqlite3.connect(path)) as target:
        origin.backup(target)


@contextlib.contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A new file that nobody else on the machine may read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
