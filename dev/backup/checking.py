"""Reading a whole backup without doing anything with it: only what holds to its end is restored."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bson import json_util

from dev.backup.archive import DATABASES, FILES, OPENING, ArchiveReader, Part
from dev.backup.container import BackupBroken
from dev.backup.documents import NotDocuments, Tally, split
from dev.backup.snapshot import CollectionFound
from dev.backup.taking import SCHEMA
from dev.home import OperatorError

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """What a backup says of itself, and that it is so."""

    opening: dict[str, Any]
    collections: list[CollectionFound]
    sums: dict[Key, dict[str, Any]]
    files: list[str]

    @property
    def taken_at(self) -> str:
        return str(self.opening["takenAt"])

    @property
    def documents(self) -> int:
        return sum(int(each["documents"]) for each in self.sums.values())


def check(path: Path, passphrase: bytes | None, progress: Callable[[int], None] = lambda size: None) -> Held:
    """Reads every byte and holds it against the manifest.

    Raises:
        BackupBroken: something is not as it was written.
        OperatorError: the file cannot be read, or is of a schema that this version does not know.
    """
    tallies: dict[Key, Tally] = {}
    opening: dict[str, Any] = {}
    files: list[str] = []
    try:
        with ArchiveReader(path, passphrase) as archive:
            for part in archive.parts():
                progress(len(part.content))
                if part.name == OPENING:
                    opening = _opened(part)
                elif part.name.startswith(f"{DATABASES}/"):
                    _count(part, tallies)
                elif part.name.startswith(f"{FILES}/"):
                    files.append(part.name.removeprefix(f"{FILES}/"))
            summary = archive.summary
    except (OSError, NotDocuments) as error:
        raise OperatorError(f"{path} cannot be read: {error}.") from error
    sums = {_key_of(name): told for name, told in summary["collections"].items()}
    _require_equal(sums, tallies)
    collections = [CollectionFound(**each) for each in opening["collections"]]
    return Held(opening, collections, sums, files)


def place_of(part: Part) -> Key:
    """The database (without a prefix) and collection of a run of documents."""
    _, database, collection, _ = part.name.split("/")
    return database, collection


def _opened(part: Part) -> dict[str, Any]:
    told: dict[str, Any] = json_util.loads(part.content)
    if told["schema"] != SCHEMA:
        raise OperatorError(
            f"The backup was taken by Markethall {told['suite']}, whose backups this version does not read."
        )
    return told


def _count(part: Part, tallies: dict[Key, Tally]) -> None:
    tally = tallies.setdefault(place_of(part), Tally())
    for document in split(part.content):
        tally.take(document)


def _require_equal(sums: dict[Key, dict[str, Any]], tallies: dict[Key, Tally]) -> None:
    for key, told in sums.items():
        tally = tallies.get(key, Tally())
        if (tally.documents, tally.digest) != (told["documents"], told["digest"]):
            raise BackupBroken(f"{'.'.join(key)} in the backup is not what its manifest says.")


def _key_of(name: str) -> Key:
    database, _, collection = name.partition("/")
    return database, collection
