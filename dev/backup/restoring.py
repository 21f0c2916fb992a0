"""`restore FILE`: a suite from a backup, in a home that is empty.

Nothing is touched before the whole file was read and found to be as it was written. What a home needs is written
first, then servers start, and documents, indexes and what must be done once follow; a restore that broke off leaves
a mark that `up` refuses to start over.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from rich.console import Console

from dev.backup.aftermath import settle
from dev.backup.archive import FILES, ArchiveReader
from dev.backup.checking import Held, check
from dev.backup.loading import load, make_indexes, require_empty, verify
from dev.backup.passphrase import read_passphrase
from dev.backup.taking import AUDIT_FOLDER, SANDBOX_FILE
from dev.home import Home, OperatorError
from dev.provision.environments import audit_checkpoints, database_prefix
from dev.secret_store import SecretStore
from dev.suite import Selection, addresses
from dev.supervisor.client import SupervisorClient
from dev.up import UNFINISHED, start_servers, step, up
from dev.welcome import welcome

KEPT = {"logs", "data"}
KEPT_DATA = {SANDBOX_FILE, f"{SANDBOX_FILE}-wal", f"{SANDBOX_FILE}-shm"}
"""A provider forgets nothing because a shop lost its disk: a sandbox's database that is there already stays."""


def run(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    """Checks the file, and unless only that was asked for, restores it and starts the suite."""
    path, passphrase = Path(chosen.file), read_passphrase(chosen.passphrase_file)
    if not chosen.check:
        require_empty_home(home)
    with step(console, f"{path.name} read and found whole"):
        held = check(path, passphrase)
    console.print(f"taken at {held.taken_at}: {held.documents} documents in {len(held.collections)} collections")
    if chosen.check:
        return 0
    restore(home, path, passphrase, held, console)
    up(home, Selection(), console)
    welcome(home, console)
    return 0


def require_empty_home(home: Home) -> None:
    """Refuses a home in which a suite lives or lived.

    Raises:
        OperatorError: it holds more than logs and a provider sandbox's own database.
    """
    if SupervisorClient(home).is_running() if home.path.is_dir() else False:
        raise OperatorError(f"A suite runs in {home.path}: restore to another home with MARKETHALL_HOME.")
    present = {each.name for each in home.path.iterdir()} - KEPT if home.path.is_dir() else set()
    data = {each.name for each in home.data.iterdir()} - KEPT_DATA if home.data.is_dir() else set()
    if present or data:
        raise OperatorError(
            f"{home.path} holds data ({', '.join(sorted(present | data))}): name an empty home with "
            "MARKETHALL_HOME, or delete this one with ./markethall reset."
        )


def restore(home: Home, path: Path, passphrase: bytes | None, held: Held, console: Console) -> None:
    """Fills an empty home: files, servers, documents, indexes; leaves the servers running.

    Raises:
        OperatorError: a server did not come up, or what was read back differs.
    """
    with home.locked():
        (home.path / UNFINISHED).write_text(f"{path}\n")
        with step(console, "secrets, checkpoints and what the home remembers"):
            _write_files(home, path, passphrase)
        secrets = SecretStore(home.secrets)
        servers = addresses(home, secrets, Selection())
        start_servers(home, secrets, servers, console)
        try:
            with MongoClient[dict[str, Any]](servers.mongo, serverSelectionTimeoutMS=10_000) as client:
                _fill(client, path, passphrase, held, console)
        except PyMongoError as error:
            raise OperatorError(f"The database did not take the backup: {error}.") from error
        (home.path / UNFINISHED).unlink()


def _fill(
    client: MongoClient[dict[str, Any]], path: Path, passphrase: bytes | None, held: Held, console: Console
) -> None:
    prefix = database_prefix()
    require_empty(client, prefix, held)
    with step(console, f"{held.documents} documents"):
        load(client, prefix, path, passphrase, held, lambda size: None)
    with step(console, "read back and compared"):
        verify(client, prefix, held)
    with step(console, "indexes"):
        make_indexes(client, prefix, held.collections)
    for line in settle(client, prefix, held):
        console.print(f"  {line}")


def _write_files(home: Home, path: Path, passphrase: bytes | None) -> None:
    keeps_sandbox = (home.data / SANDBOX_FILE).exists()
    with ArchiveReader(path, passphrase) as archive:
        for part in archive.parts():
            if not part.name.startswith(f"{FILES}/"):
                continue
            place, _, rest = part.name.removeprefix(f"{FILES}/").partition("/")
            match place:
                case "secrets.json":
                    _append(home.secrets, _of_a_new_home(part.content))
                case "remembered.json":
                    _append(home.path / place, part.content)
                case _ if place == AUDIT_FOLDER:
                    _append(Path(audit_checkpoints(home)) / Path(rest).name, part.content)
                case _ if place == SANDBOX_FILE and not keeps_sandbox:
                    _append(home.data / SANDBOX_FILE, part.content)


def _of_a_new_home(secrets: bytes) -> bytes:
    """The secrets without what was only true of the servers that are gone."""
    kept = {
        name: value
        for name, value in json.loads(secrets).items()
        if not name.startswith("address.") and name != "mongo.administrator.made"
    }
    return json.dumps(kept, indent=1, sort_keys=True).encode()


def _append(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
