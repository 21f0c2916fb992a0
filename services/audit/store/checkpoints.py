"""Checkpoints at rest: one append-only file of JSON lines a chain, outside the database.

Everything here blocks and belongs into a thread. A line that a crash left unfinished is skipped.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from pydantic_core import from_json

from services.audit.domain import canonical

PLATFORM = "platform"
BLOCK_BYTES = 64 * 1024

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")

_FIELDS = {"sequence": int} | dict.fromkeys(("type", "id", "createdAt", "hash", "previous", "keyId", "signature"), str)

Making = Callable[[dict[str, Any] | None], dict[str, Any] | None]


class CheckpointFiles:
    """A folder that all copies of the service share; a lock on the file keeps them from interleaving."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, company_id: str | None, make: Making) -> dict[str, Any] | None:
        """Append what ``make`` makes of the newest checkpoint, on disk when this returns; None makes nothing.

        Raises OSError.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(company_id)
        is_new = not path.exists()
        with _locked(path) as file:
            made = make(next(_backwards(file), None))
            if made is None:
                return None
            begins_line = file.seek(0, os.SEEK_END) == 0 or _last_byte(file) == b"\n"
            file.write((b"" if begins_line else b"\n") + canonical(made) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync_folder(self._folder)
        return made

    def opened(self, company_id: str | None) -> Iterator[dict[str, Any]]:
        """The checkpoints that stand there at this moment, oldest first; read as they are asked for."""
        path = self._path(company_id)
        return _forwards(path, path.stat().st_size) if path.exists() else iter(())

    def newest_first(self, company_id: str | None) -> Iterator[dict[str, Any]]:
        """The checkpoints, newest first; the file is closed with the iterator."""
        path = self._path(company_id)
        if path.exists():
            with path.open("rb") as file:
                yield from _backwards(file)

    def _path(self, company_id: str | None) -> Path:
        name = company_id or PLATFORM
        plain = name if _PLAIN.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()
        return self._folder / f"{plain}.jsonl"


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b", closefd=True) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _forwards(path: Path, size: int) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        while file.tell() < size:
            yield from _read(file.readline())


def _backwards(file: BinaryIO) -> Iterator[dict[str, Any]]:
    end, rest = file.seek(0, os.SEEK_END), b""
    while end > 0:
        begin = max(end - BLOCK_BYTES, 0)
        file.seek(begin)
        first, *lines = (file.read(end - begin) + rest).split(b"\n")
        for line in reversed(lines):
            yield from _read(line)
        end, rest = begin, first
    yield from _read(rest)


def _read(line: bytes) -> list[dict[str, Any]]:
    try:
        found = from_json(line)
    except ValueError:
        return []
    is_whole = isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in _FIELDS.items())
    return [found] if is_whole else []


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
