"""A stream cut into chunks that each prove themselves: by AES-256-GCM where there is a passphrase, else by SHA-256.

``MHBACKUP``, then the length (4 bytes, big-endian) and JSON of a header, then chunks: length and a last-flag in
4 bytes, the payload, 16 bytes of proof. A chunk's number and the flag are part of what is proven, so that chunks
cannot be swapped, dropped, or cut off at the end. The checksums find damage; only a passphrase finds a forger.
"""

import hashlib
import hmac
import io
import json
import os
import struct
from typing import Any, BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from dev.home import OperatorError

MAGIC = b"MHBACKUP"
CHUNK_BYTES = 1024 * 1024
PROOF_BYTES = 16
LONGEST_HEADER_BYTES = 4096
SCRYPT_COST = {"n": 2**15, "r": 8, "p": 1}
"""32 MB and about a tenth of a second a guess."""
MOST_SCRYPT_COST = 2**20
_LAST = 1 << 31


class BackupBroken(OperatorError):
    """The file is no backup, or is not as it was written."""


class Proof(Protocol):
    """How a chunk is closed and opened. ``about`` is what it proves besides its content."""

    def close(self, number: int, about: bytes, content: bytes) -> bytes:
        """The payload with its proof behind it."""
        ...

    def open(self, number: int, about: bytes, sealed: bytes) -> bytes:
        """The content again. Raises BackupBroken."""
        ...


class Checksum:
    """SHA-256: finds damage, and hides nothing."""

    def close(self, number: int, about: bytes, content: bytes) -> bytes:
        return content + _digest(number, about, content)

    def open(self, number: int, about: bytes, sealed: bytes) -> bytes:
        content, proof = sealed[:-PROOF_BYTES], sealed[-PROOF_BYTES:]
        if not hmac.compare_digest(proof, _digest(number, about, content)):
            raise BackupBroken(f"The backup is damaged in its chunk {number}.")
        return content


class Encryption:
    """AES-256-GCM (NIST SP 800-38D) under a key made of a passphrase by scrypt (RFC 7914)."""

    def __init__(self, passphrase: bytes, header: dict[str, Any]) -> None:
        cost = {name: int(header["scrypt"][name]) for name in SCRYPT_COST}
        if cost["n"] * cost["r"] * cost["p"] > MOST_SCRYPT_COST:
            raise BackupBroken("The backup asks for a costlier key than it may.")
        key = Scrypt(bytes.fromhex(header["salt"]), 32, cost["n"], cost["r"], cost["p"]).derive(passphrase)
        self._cipher = AESGCM(key)

    def close(self, number: int, about: bytes, content: bytes) -> bytes:
        return self._cipher.encrypt(_nonce(number), content, about)

    def open(self, number: int, about: bytes, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(_nonce(number), sealed, about)
        except InvalidTag:
            reason = "the passphrase is another one, or the file was changed" if number == 0 else "the file was changed"
            raise BackupBroken(f"Chunk {number} of the backup does not open: {reason}.") from None


class ChunkWriter(io.RawIOBase):
    """Writes a stream in chunks; ``close`` marks the last one."""

    def __init__(self, file: BinaryIO, passphrase: bytes | None) -> None:
        self._file = file
        header: dict[str, Any] = {"format": 1, "cipher": "none"}
        if passphrase:
            header = {"format": 1, "cipher": "aes-256-gcm", "salt": os.urandom(16).hex(), "scrypt": SCRYPT_COST}
        self._header = json.dumps(header, sort_keys=True).encode()
        self._proof: Proof = Encryption(passphrase, header) if passphrase else Checksum()
        self._waiting = bytearray()
        self._number = 0
        file.write(MAGIC + struct.pack(">I", len(self._header)) + self._header)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:
            self._put(bytes(self._waiting[:CHUNK_BYTES]), 0)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._put(bytes(self._waiting), _LAST)
        super().close()

    def _put(self, content: bytes, flag: int) -> None:
        sealed = self._proof.close(self._number, _about(self._header, flag), content)
        self._file.write(struct.pack(">I", len(sealed) | flag) + sealed)
        self._number += 1


class ChunkReader(io.RawIOBase):
    """Reads what ChunkWriter wrote. Raises BackupBroken, also where a passphrase is missing."""

    def __init__(self, file: BinaryIO, passphrase: bytes | None) -> None:
        self._file = file
        self._header, header = _read_header(file)
        if header["cipher"] != "none" and not passphrase:
            raise BackupBroken("The backup is encrypted: name its passphrase with --passphrase-file.")
        self._proof: Proof = Encryption(passphrase, header) if passphrase and header["cipher"] != "none" else Checksum()
        self._left = b""
        self._number = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left and not self._ended:
            self._left = self._next()
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def _next(self) -> bytes:
        told = self._file.read(4)
        if len(told) < 4:
            raise BackupBroken("The backup ends too early: it was cut off.")
        (length,) = struct.unpack(">I", told)
        flag = length & _LAST
        if not PROOF_BYTES <= length - flag <= CHUNK_BYTES + PROOF_BYTES:
            raise BackupBroken(f"The backup is damaged before its chunk {self._number}.")
        sealed = self._file.read(length - flag)
        content = self._proof.open(self._number, _about(self._header, flag), sealed)
        self._number += 1
        self._ended = bool(flag)
        if self._ended and self._file.read(1):
            raise BackupBroken("Something was appended to the backup.")
        return content


def _read_header(file: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    start = file.read(len(MAGIC) + 4)
    length = struct.unpack(">I", start[-4:])[0] if len(start) == len(MAGIC) + 4 else 0
    if not start.startswith(MAGIC) or not 0 < length <= LONGEST_HEADER_BYTES:
        raise BackupBroken("This is no backup of Markethall.")
    raw = file.read(length)
    try:
        header = json.loads(raw)
        if header["format"] != 1 or header["cipher"] not in ("none", "aes-256-gcm"):
            raise BackupBroken("The backup was written by another version of Markethall.")
    except (ValueError, KeyError, TypeError) as error:
        raise BackupBroken("The backup is damaged at its beginning.") from error
    return raw, header


def _about(header: bytes, flag: int) -> bytes:
    return header + (b"last" if flag else b"more")


def _nonce(number: int) -> bytes:
    """Never twice under one key: each backup has a salt, hence a key, of its own."""
    return number.to_bytes(12, "big")


def _digest(number: int, about: bytes, content: bytes) -> bytes:
    return hashlib.sha256(number.to_bytes(12, "big") + about + content).digest()[:PROOF_BYTES]
