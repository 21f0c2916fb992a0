"""BSON documents one behind the other, and a digest that does not depend on their order."""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

SMALLEST_DOCUMENT_BYTES = 5
_MODULUS = 1 << 128


class NotDocuments(ValueError):
    """The bytes are no run of whole BSON documents."""


def split(run: bytes) -> Iterator[bytes]:
    """Each document of a run. Raises NotDocuments."""
    start = 0
    while start < len(run):
        size = struct.unpack_from("<i", run, start)[0] if start + 4 <= len(run) else 0
        if size < SMALLEST_DOCUMENT_BYTES or start + size > len(run):
            raise NotDocuments(f"at byte {start}")
        yield run[start : start + size]
        start += size


@dataclass(slots=True)
class Tally:
    """How many documents, how many bytes, and the sum of their hashes: the same in whatever order they come."""

    documents: int = 0
    size: int = 0
    total: int = 0

    def take(self, document: bytes) -> None:
        """Count one document."""
        self.documents += 1
        self.size += len(document)
        self.total = (self.total + int.from_bytes(hashlib.sha256(document).digest()[:16], "big")) % _MODULUS

    @property
    def digest(self) -> str:
        return f"{self.total:032x}"
