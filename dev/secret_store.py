"""The secrets of one home: made when first asked for, kept in one file of mode 600."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


class SecretStore:
    """Generated secrets that outlive `down`; `reset` ends them with the data they protect."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def get(self, name: str, make: Callable[[], str] | None = None) -> str:
        """Returns the secret of this name, made by `make` (a 32-character password) if new."""
        if name not in self._kept:
            self.put(name, (make or password)())
        return self._kept[name]

    def find(self, name: str) -> str | None:
        return self._kept.get(name)

    def put(self, name: str, value: str) -> None:
        """Keeps a secret, replacing the file in one step."""
        self._kept[name] = value
        replacement = self._path.with_suffix(".new")
        replacement.unlink(missing_ok=True)
        descriptor = os.open(replacement, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._kept, file, indent=1, sort_keys=True)
        replacement.replace(self._path)


def password() -> str:
    """192 random bits in 32 characters that need no quoting in a URL."""
    return secrets.token_urlsafe(24)


def key() -> str:
    """32 random bytes, base64url without padding: a cipher key or an Ed25519 seed."""
    return secrets.token_urlsafe(32)


def rsa_key() -> str:
    """A 2048-bit RSA key in PEM (PKCS #8), as service accounts have it."""
    made = generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_key(seed: str) -> str:
    """The raw Ed25519 public key (RFC 8032) of a seed, both base64url without padding."""
    private = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(seed + "=="))
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
