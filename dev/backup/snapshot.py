"""All databases of a suite as they were at one cluster time, read beside the writers without holding them up.

MongoDB keeps older versions for `minSnapshotHistoryWindowInSeconds` (300 s unless told): it is widened while a
backup reads. What changes a collection's catalogue meanwhile (an index made by a restarting service) ends the
snapshot, and a new one is taken.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from bson import Timestamp
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from common.suite import SERVICES
from dev.backup.documents import Tally, split
from dev.home import OperatorError

PART_BYTES = 8 * 1024 * 1024
WINDOW_SECONDS = 3600
WINDOW = "minSnapshotHistoryWindowInSeconds"
_CHANGED_CATALOGUE = (246,)
_TOO_OLD = (239,)

Client = MongoClient[dict[str, Any]]


class SnapshotLost(Exception):
    """The snapshot cannot be read any more, though a new one could."""


@dataclass(frozen=True, slots=True)
class CollectionFound:
    """One collection: its database without the suite's prefix, its options, its indexes."""

    database: str
    name: str
    options: dict[str, Any]
    indexes: list[dict[str, Any]]


@dataclass(slots=True)
class Snapshot:
    """What is there to read, and how much of it was read."""

    client: Client
    session: ClientSession
    prefix: str
    collections: list[CollectionFound]
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)

    @property
    def cluster_time(self) -> Timestamp:
        """The moment that every read shows."""
        moment = self.session._snapshot_time
        assert isinstance(moment, Timestamp), "a snapshot is read before it is asked for its time"
        return moment

    def runs(self, found: CollectionFound, progress: Callable[[int], None]) -> Iterator[bytes]:
        """The collection's documents in runs of bounded size, each one behind the other. Raises SnapshotLost."""
        tally = self.tallies[found.database, found.name] = Tally()
        collection = self.client[self.prefix + found.database][found.name]
        waiting = bytearray()
        with _lost_is_told(found):
            for each in collection.find_raw_batches({}, session=self.session):
                batch = cast(bytes, each)
                for document in split(batch):
                    tally.take(document)
                progress(len(batch))
                waiting += batch
                if len(waiting) >= PART_BYTES:
                    yield bytes(waiting)
                    waiting.clear()
        if waiting:
            yield bytes(waiting)


@contextmanager
def snapshot(client: Client, prefix: str) -> Iterator[Snapshot]:
    """Opens a snapshot over every service's database. Raises SnapshotLost, pymongo.errors.PyMongoError."""
    with client.start_session(snapshot=True) as session:
        before = _collections(client, prefix)
        if not before:
            raise OperatorError("There is nothing to back up: no service has stored anything here.")
        with _lost_is_told(before[0]):
            client[prefix + before[0].database][before[0].name].find_one({}, session=session)
        # An index that is made from here on ends the reading of its collection by itself.
        if _names(client, prefix) != [(each.database, each.name) for each in before]:
            raise SnapshotLost("collections were being made")
        yield Snapshot(client, session, prefix, before)


@contextmanager
def wide_window(client: Client) -> Iterator[None]:
    """Lets a snapshot be read for an hour; where the administrator may not set that, for as long as it is set."""
    try:
        before = int(client.admin.command({"getParameter": 1, WINDOW: 1})[WINDOW])
        if before < WINDOW_SECONDS:
            client.admin.command({"setParameter": 1, WINDOW: WINDOW_SECONDS})
    except OperationFailure:
        yield
        return
    try:
        yield
    finally:
        if before < WINDOW_SECONDS:
            client.admin.command({"setParameter": 1, WINDOW: before})


def estimated_bytes(client: Client, found: list[CollectionFound], prefix: str) -> int:
    """About how much there is to read, for those who watch."""
    databases = {each.database for each in found}
    return sum(int(client[prefix + name].command("dbStats")["dataSize"]) for name in databases)


def _collections(client: Client, prefix: str) -> list[CollectionFound]:
    found = []
    for database, name, options in _listed(client, prefix):
        indexes = client[prefix + database][name].list_indexes()
        others = [dict(each) for each in indexes if each["name"] != "_id_"]
        found.append(CollectionFound(database, name, options, _plain(others)))
    return found


def _names(client: Client, prefix: str) -> list[tuple[str, str]]:
    return [(database, name) for database, name, _ in _listed(client, prefix)]


def _listed(client: Client, prefix: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Database, name and options of every collection that holds documents of its own, in order."""
    found = [
        (spec.database, told["name"], dict(told["options"]))
        for spec in SERVICES.values()
        if spec.database
        for told in client[prefix + spec.database].list_collections()
        if told["type"] == "collection" and not told["name"].startswith("system.")
    ]
    return sorted(found, key=lambda each: each[:2])


def _plain(indexes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what the server numbers for itself; keys stay ordered."""
    kept = [{name: value for name, value in each.items() if name not in ("v", "ns")} for each in indexes]
    return sorted(({**each, "key": list(each["key"].items())} for each in kept), key=lambda each: str(each["name"]))


@contextmanager
def _lost_is_told(found: CollectionFound) -> Iterator[None]:
    try:
        yield
    except OperationFailure as error:
        if error.code in _CHANGED_CATALOGUE:
            raise SnapshotLost(f"{found.database}.{found.name} was changed meanwhile") from error
        if error.code in _TOO_OLD:
            raise OperatorError(
                f"{found.database}.{found.name} took longer to read than the database keeps older versions: "
                f"raise mongod's {WINDOW}."
            ) from error
        raise
