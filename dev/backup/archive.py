"""The archive inside a backup: a tar in gzip, with what stands in it told first and summed up last."""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from dev.backup.container import BackupBroken, ChunkReader, ChunkWriter

OPENING = "backup.json"
MANIFEST = "manifest.json"
DATABASES = "databases"
FILES = "home"
LARGEST_PART_BYTES = 64 * 1024 * 1024
COPY_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the archive: a run of a collection's documents, a file, or a description."""

    name: str
    content: bytes


class ArchiveWriter:
    """Writes parts one behind the other; the manifest is the last of them."""

    def __init__(self, file: BinaryIO, passphrase: bytes | None) -> None:
        self._stack = ExitStack()
        chunks = self._stack.enter_context(ChunkWriter(file, passphrase))
        pressed = self._stack.enter_context(gzip.GzipFile(fileobj=chunks, mode="wb", compresslevel=1, mtime=0))
        self._tar = self._stack.enter_context(tarfile.open(fileobj=pressed, mode="w|"))  # noqa: SIM115 - the stack closes it
        self._sums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """Append one part."""
        told = tarfile.TarInfo(name)
        told.size, told.mode = len(content), 0o600
        self._tar.addfile(told, io.BytesIO(content))
        self._sums[name] = hashlib.sha256(content).hexdigest()

    def add_file(self, name: str, path: Path) -> None:
        """Append a file in parts of bounded size: what is large is never held whole."""
        with path.open("rb") as file:
            for number, content in enumerate(iter(lambda: file.read(COPY_BYTES), b""), 1):
                self.add(f"{name}/{number:06}", content)

    def finish(self, summary: dict[str, Any]) -> None:
        """Append the manifest and close; the file below stays open."""
        self.add(MANIFEST, json.dumps({**summary, "parts": dict(self._sums)}, indent=1).encode())
        self._stack.close()

    def abandon(self) -> None:
        """Close without a manifest: what was written so far is no backup."""
        self._stack.close()


class ArchiveReader:
    """Reads the parts of a backup in their order. Everything that is not as it was written raises BackupBroken."""

    def __init__(self, path: Path, passphrase: bytes | None) -> None:
        self._path = path
        self._passphrase = passphrase
        self._stack = ExitStack()
        self.summary: dict[str, Any] = {}
        """What the manifest says of the whole, once every part has been read."""

    def __enter__(self) -> Self:
        file = self._stack.enter_context(self._path.open("rb"))
        self._chunks = ChunkReader(file, self._passphrase)
        self._pressed = self._stack.enter_context(gzip.GzipFile(fileobj=self._chunks, mode="rb"))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def parts(self) -> Iterator[Part]:
        """Every part but the manifest, which is held against them at the end."""
        sums: dict[str, str] = {}
        try:
            with tarfile.open(fileobj=self._pressed, mode="r|") as tar:
                for member in tar:
                    part = _read(tar, member)
                    if part.name == MANIFEST:
                        self._require(part, sums)
                        break
                    sums[part.name] = hashlib.sha256(part.content).hexdigest()
                    yield part
                else:
                    raise BackupBroken("The backup ends before its manifest.")
            while self._pressed.read(COPY_BYTES):
                pass
        except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError) as error:
            raise BackupBroken(f"The backup is damaged: {error}.") from error

    def _require(self, manifest: Part, sums: dict[str, str]) -> None:
        told = json.loads(manifest.content)
        if told.pop("parts") != sums:
            raise BackupBroken("The backup's parts are not those that its manifest names.")
        self.summary = told


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Part:
    file = tar.extractfile(member)
    if file is None or member.size > LARGEST_PART_BYTES:
        raise BackupBroken(f"The backup holds {member.name}, which no backup does.")
    return Part(member.name, file.read())
