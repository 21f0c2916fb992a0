"""A backup of real databases that are written meanwhile, put into empty ones, and what is refused."""

import threading
import uuid
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from rich.console import Console

from dev.backup.checking import check
from dev.backup.command import backups_in, run, seconds_of
from dev.backup.container import BackupBroken
from dev.backup.loading import load, make_indexes, require_empty, verify
from dev.backup.restoring import require_empty_home
from dev.backup.taking import take
from dev.cli import main
from dev.home import Home, OperatorError
from dev.provision.environments import ServerAddresses, audit_checkpoints
from dev.secret_store import SecretStore

PIECES = 100
PASSPHRASE = b"correct horse battery"


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch) -> str:
    made = f"b{uuid.uuid4().hex[:8]}_"
    monkeypatch.setenv("MARKETHALL_DATABASE_PREFIX", made)
    return made


@pytest.fixture
def client(servers: ServerAddresses, prefix: str) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](servers.mongo) as client:
        yield client
        for name in client.list_database_names():
            if prefix in name:
                client.drop_database(name)


@pytest.fixture
def stocked(home: Home, servers: ServerAddresses, client: MongoClient[dict[str, Any]], prefix: str) -> Home:
    """A home whose suite has goods in two databases, of which there are always as many in sum."""
    SecretStore(home.secrets).put("address.mongo", servers.mongo)
    SecretStore(home.secrets).put("mongo.administrator.made", "yes")
    client[f"{prefix}inventorydb"]["levels"].insert_one({"_id": "here", "pieces": PIECES})
    client[f"{prefix}salesdb"]["levels"].insert_one({"_id": "sold", "pieces": 0})
    orders = client[f"{prefix}salesdb"]["orders"]
    orders.create_index([("number", 1), ("company", -1)], name="by_number", unique=True, sparse=True)
    orders.insert_many([{"number": number, "company": "c", "text": "x" * 500} for number in range(3000)])
    client[f"{prefix}salesdb"].create_collection("strict", validator={"pieces": {"$gte": 0}})
    checkpoints = Path(audit_checkpoints(home))
    checkpoints.mkdir(parents=True)
    (checkpoints / "platform.jsonl").write_bytes(b'{"sequence":1}\n')
    return home


@pytest.fixture
def moving(client: MongoClient[dict[str, Any]], prefix: str) -> Iterator[None]:
    """Pieces are moved from one database to the other all the time, each in a transaction."""
    ending = threading.Event()

    def move() -> None:
        with client.start_session() as session:
            while not ending.is_set():
                with session.start_transaction():
                    for database, by in (("inventorydb", -1), ("salesdb", 1)):
                        levels = client[prefix + database]["levels"]
                        levels.update_one({}, {"$inc": {"pieces": by}}, session=session)

    thread = threading.Thread(target=move)
    thread.start()
    yield
    ending.set()
    thread.join()


def restored(client: MongoClient[dict[str, Any]], path: Path, prefix: str, passphrase: bytes | None = None) -> str:
    held = check(path, passphrase)
    other = f"r{prefix}"
    require_empty(client, other, held)
    load(client, other, path, passphrase, held, lambda size: None)
    verify(client, other, held)
    make_indexes(client, other, held.collections)
    return other


class TestTake:
    def test_what_is_written_meanwhile_is_in_it_wholly_or_not_at_all(
        self, stocked: Home, client: MongoClient[dict[str, Any]], prefix: str, moving: None, tmp_path: Path
    ) -> None:
        for number in range(5):
            take(stocked, tmp_path / f"{number}.backup", None)
            other = restored(client, tmp_path / f"{number}.backup", prefix)
            found = [client[other + name]["levels"].find_one() or {} for name in ("inventorydb", "salesdb")]
            assert sum(each["pieces"] for each in found) == PIECES
            for name in ("inventorydb", "salesdb"):
                client.drop_database(other + name)

    def test_documents_indexes_and_options_are_the_same_again(
        self, stocked: Home, client: MongoClient[dict[str, Any]], prefix: str, tmp_path: Path
    ) -> None:
        taken = take(stocked, tmp_path / "one.backup", PASSPHRASE)
        other = restored(client, taken.path, prefix, PASSPHRASE)
        before, after = client[f"{prefix}salesdb"], client[f"{other}salesdb"]
        assert list(before["orders"].find().sort("_id", 1)) == list(after["orders"].find().sort("_id", 1))
        assert before["orders"].index_information() == after["orders"].index_information()
        assert after["strict"].options() == before["strict"].options()

    def test_only_its_owner_may_read_it(self, stocked: Home, tmp_path: Path) -> None:
        taken = take(stocked, tmp_path / "one.backup", None)
        assert taken.path.stat().st_mode & 0o777 == 0o600
        assert list(tmp_path.glob("*.partial")) == []

    def test_it_carries_secrets_and_checkpoints(self, stocked: Home, tmp_path: Path) -> None:
        held = check(take(stocked, tmp_path / "one.backup", None).path, None)
        assert held.files == ["secrets.json", "audit/platform.jsonl"]

    def test_the_window_of_older_versions_is_as_it_was(
        self, stocked: Home, client: MongoClient[dict[str, Any]], tmp_path: Path
    ) -> None:
        name = "minSnapshotHistoryWindowInSeconds"
        before = client.admin.command({"getParameter": 1, name: 1})[name]
        take(stocked, tmp_path / "one.backup", None)
        assert client.admin.command({"getParameter": 1, name: 1})[name] == before

    def test_a_home_without_a_suite_is_told_so(self, home: Home, tmp_path: Path) -> None:
        with pytest.raises(OperatorError, match="no database"):
            take(home, tmp_path / "one.backup", None)


class TestEvery:
    def test_the_newest_are_kept(
        self, stocked: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, console: Console
    ) -> None:
        folder = tmp_path / "kept"
        folder.mkdir()
        for day in range(1, 5):
            (folder / f"markethall-2026010{day}T000000Z.backup").touch()
        (folder / "notes.txt").touch()
        monkeypatch.setenv("MARKETHALL_HOME", str(stocked.path))
        assert main(["backup", str(folder), "--every", "60s", "--keep", "2", "--times", "1"]) == 0
        kept = [each.name for each in backups_in(folder)]
        assert len(kept) == 2
        assert kept[1] == "markethall-20260104T000000Z.backup"
        assert (folder / "notes.txt").exists()
        assert check(folder / kept[0], None).documents == 3002

    @pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("5m", 300), ("1h", 3600), ("1d", 86400)])
    def test_an_interval_has_a_unit(self, text: str, seconds: int) -> None:
        assert seconds_of(text) == seconds

    @pytest.mark.parametrize("text", ["", "60", "s", "0s", "-1s", "1w", "1.5h"])
    def test_what_is_no_interval_is_refused(self, text: str) -> None:
        with pytest.raises(OperatorError):
            seconds_of(text)


class TestRestore:
    def test_a_changed_file_changes_nothing(
        self, stocked: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = take(stocked, tmp_path / "one.backup", None).path
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
        monkeypatch.setenv("MARKETHALL_HOME", str(tmp_path / "new"))
        assert main(["restore", str(path)]) == 1
        assert "damaged" in capsys.readouterr().err
        assert not (tmp_path / "new").exists()

    def test_a_file_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "other.backup"
        path.write_bytes(b"PK\x03\x04 something else altogether")
        with pytest.raises(BackupBroken, match="no backup"):
            check(path, None)

    def test_a_home_with_data_is_refused(self, stocked: Home) -> None:
        with pytest.raises(OperatorError, match="reset"):
            require_empty_home(stocked)

    def test_what_a_provider_sandbox_knows_may_stay(self, home: Home) -> None:
        (home.data / "sandbox.sqlite3").touch()
        require_empty_home(home)

    def test_a_server_with_data_is_refused(
        self, stocked: Home, client: MongoClient[dict[str, Any]], prefix: str, tmp_path: Path
    ) -> None:
        held = check(take(stocked, tmp_path / "one.backup", None).path, None)
        with pytest.raises(OperatorError, match="not empty"):
            require_empty(client, prefix, held)

    def test_a_difference_is_found_when_it_is_read_back(
        self, stocked: Home, client: MongoClient[dict[str, Any]], prefix: str, tmp_path: Path
    ) -> None:
        path = take(stocked, tmp_path / "one.backup", None).path
        other = restored(client, path, prefix)
        client[f"{other}salesdb"]["orders"].update_one({"number": 7}, {"$set": {"text": "y" * 500}})
        with pytest.raises(OperatorError, match=r"salesdb\.orders"):
            verify(client, other, check(path, None))

    def test_an_unfinished_one_keeps_the_suite_down(
        self, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (home.path / "restore.unfinished").touch()
        monkeypatch.setenv("MARKETHALL_HOME", str(home.path))
        assert main(["up"]) == 1
        assert "broke off" in capsys.readouterr().err


class TestPassphrase:
    def test_a_short_one_is_refused(self, stocked: Home, tmp_path: Path, console: Console) -> None:
        (tmp_path / "words").write_text("short\n")
        chosen = Namespace(target=str(tmp_path / "x"), passphrase_file=str(tmp_path / "words"), every=None)
        with pytest.raises(OperatorError, match="shorter"):
            run(chosen, stocked, console)
