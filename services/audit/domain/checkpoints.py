"""Checkpoints: a chain's end at a moment, signed (Ed25519) and linked to the checkpoint before it."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.encoding import from_base64url, to_base64url
from services.audit.domain.chain import GENESIS, ChainHead, Mark, canonical

TYPE = "checkpoint"


class SigningKey:
    """The service's own key. ``id`` is the first half of the SHA-256 of the raw public key, in hex."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = _id_of(raw)
        self.public = to_base64url(raw)

    def sign(self, document: dict[str, Any]) -> dict[str, Any]:
        """The document with ``keyId`` and the ``signature`` over the RFC 8785 JSON of all the rest."""
        named = {**document, "keyId": self.id}
        return {**named, "signature": to_base64url(self._key.sign(canonical(named)))}


class TrustedKeys:
    """The public keys (base64url) whose signatures count: today's, and those before it."""

    def __init__(self, public_keys: Iterable[str]) -> None:
        raws = [from_base64url(key) for key in public_keys]
        self._keys = {_id_of(raw): Ed25519PublicKey.from_public_bytes(raw) for raw in raws}

    def hold(self, document: dict[str, Any]) -> bool:
        """Whether the document is signed by one of them."""
        key = self._keys.get(str(document.get("keyId")))
        if key is None:
            return False
        try:
            named = {name: value for name, value in document.items() if name != "signature"}
            key.verify(from_base64url(document["signature"]), canonical(named))
        except (InvalidSignature, KeyError, ValueError, TypeError, AttributeError, rfc8785.CanonicalizationError):
            return False
        return True

    def marks(self, checkpoints: Iterable[dict[str, Any]], company_id: str | None) -> Iterator[Mark]:
        """What a chain's checkpoints say, in their order; the first one may stand behind others."""
        before: str | None = None
        for checkpoint in checkpoints:
            yield self.mark(checkpoint, company_id, before)
            before = digest(checkpoint)

    def mark(self, checkpoint: dict[str, Any], company_id: str | None, before: str | None) -> Mark:
        """What one checkpoint says; ``before`` is the digest of the one it must be linked to, where known."""
        is_linked = before is None or checkpoint.get("previous") == before
        is_ours = checkpoint.get("type") == TYPE and checkpoint.get("companyId") == company_id
        is_genuine = is_linked and is_ours and self.hold(checkpoint)
        sequence = checkpoint.get("sequence")
        return Mark(sequence if isinstance(sequence, int) else 0, str(checkpoint.get("hash")), is_genuine)


def draft(checkpoint_id: str, head: ChainHead, at: str, newest: dict[str, Any] | None) -> dict[str, Any] | None:
    """The next checkpoint of a chain, to be signed; None when ``newest`` says as much already."""
    if head.count <= (newest["sequence"] if newest else 0):
        return None
    return {
        "type": TYPE,
        "id": checkpoint_id,
        "companyId": head.company_id,
        "createdAt": at,
        "sequence": head.count,
        "hash": head.hash,
        "previous": digest(newest) if newest else GENESIS,
    }


def digest(document: dict[str, Any]) -> str:
    """The hex SHA-256 of a whole document: what the next checkpoint, or the end of an export, is linked to."""
    return hashlib.sha256(canonical(document)).hexdigest()


def _id_of(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:32]
