"""Keyed hashes of what is random and shown once: API keys, links, devices."""

import hashlib
import hmac


class Digest:
    """HMAC-SHA256 under a secret that is not in the database in the clear; ``purpose`` keeps the uses apart."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def of(self, purpose: str, text: str) -> str:
        """The hash, in hexadecimal."""
        return hmac.new(self._pepper, f"{purpose}|{text}".encode(), hashlib.sha256).hexdigest()
