"""Putting a backup's documents into empty databases, and reading them back to see that they are the same."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from bson.raw_bson import RawBSONDocument
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from dev.backup.archive import DATABASES, ArchiveReader
from dev.backup.checking import Held, place_of
from dev.backup.documents import Tally, split
from dev.backup.snapshot import Client, CollectionFound
from dev.home import OperatorError

AT_ONCE = 1000
INDEXES_AT_ONCE = 8
MAJORITY = WriteConcern(w="majority")


def require_empty(client: Client, prefix: str, held: Held) -> None:
    """Refuses databases that hold anything, as an administrator's server might.

    Raises:
        OperatorError: one does.
    """
    for database in sorted({each.database for each in held.collections}):
        if client[prefix + database].list_collection_names():
            raise OperatorError(
                f"The database {prefix}{database} is not empty: restore to an empty server, "
                "or beside it with MARKETHALL_DATABASE_PREFIX."
            )


def load(
    client: Client, prefix: str, path: Path, passphrase: bytes | None, held: Held, progress: Callable[[int], None]
) -> None:
    """Makes the collections and fills them; indexes come later. Raises pymongo.errors.PyMongoError."""
    with ThreadPoolExecutor(INDEXES_AT_ONCE) as pool:
        for _ in pool.map(lambda found: _make(client, prefix, found), held.collections):
            pass
    with ArchiveReader(path, passphrase) as archive:
        for part in archive.parts():
            if not part.name.startswith(f"{DATABASES}/"):
                continue
            database, name = place_of(part)
            target = client[prefix + database].get_collection(name, write_concern=MAJORITY)
            for batch in _batches(part.content):
                target.insert_many(batch, ordered=False, bypass_document_validation=True)
            progress(len(part.content))


def verify(client: Client, prefix: str, held: Held) -> None:
    """Reads everything back.

    Raises:
        OperatorError: something is not as the backup has it.
    """
    for (database, name), told in held.sums.items():
        tally = Tally()
        for batch in client[prefix + database][name].find_raw_batches({}):
            for document in split(cast(bytes, batch)):
                tally.take(document)
        if (tally.documents, tally.digest) != (told["documents"], told["digest"]):
            raise OperatorError(
                f"{database}.{name} reads {tally.documents} documents, the backup has {told['documents']}, or others."
            )


def make_indexes(client: Client, prefix: str, collections: list[CollectionFound]) -> None:
    """Makes each collection's indexes as they were; expiry begins with them.

    Raises:
        OperatorError: one cannot be made.
    """

    def make(found: CollectionFound) -> None:
        indexes = [{**each, "key": dict(each["key"])} for each in found.indexes]
        try:
            client[prefix + found.database].command({"createIndexes": found.name, "indexes": indexes})
        except PyMongoError as error:
            raise OperatorError(f"The indexes of {found.database}.{found.name} could not be made: {error}") from error

    with ThreadPoolExecutor(INDEXES_AT_ONCE) as pool:  # each waits for the journal, hardly for the processor
        for _ in pool.map(make, (found for found in collections if found.indexes)):
            pass


def _make(client: Client, prefix: str, found: CollectionFound) -> None:
    client[prefix + found.database].create_collection(found.name, **found.options)


def _batches(run: bytes) -> Iterator[list[RawBSONDocument]]:
    batch: list[RawBSONDocument] = []
    for document in split(run):
        batch.append(RawBSONDocument(document))
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
