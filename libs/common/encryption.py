"""Encryption at rest: AES-256-GCM with a key from the environment; the key's fingerprint travels along."""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from common.encoding import from_base64url, to_base64url

NONCE_BYTES = 12


class Undecipherable(ValueError):
    """The text was not sealed with this key, or was changed since."""


class Sealer:
    """Seals short secrets for storing. ``previous`` keys still open, so that a key can be rotated."""

    def __init__(self, key: SecretStr, *previous: SecretStr) -> None:
        keys = [from_base64url(each.get_secret_value()) for each in (key, *previous)]
        self._keys = {hashlib.sha256(raw).hexdigest()[:8]: AESGCM(raw) for raw in keys}
        self._current = next(iter(self._keys))

    def seal(self, text: str) -> str:
        """``key fingerprint.nonce and ciphertext``, printable."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self._current].encrypt(nonce, text.encode(), self._current.encode())
        return f"{self._current}.{to_base64url(nonce + sealed)}"

    def open(self, sealed: str) -> str:
        """The text. Raises Undecipherable."""
        fingerprint, _, content = sealed.partition(".")
        if fingerprint not in self._keys:
            raise Undecipherable("sealed with another key")
        raw = from_base64url(content)
        try:
            plain = self._keys[fingerprint].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], fingerprint.encode())
        except InvalidTag as error:
            raise Undecipherable("the text was changed") from error
        return plain.decode()
