"""Devices that an account was signed in with: they keep a way in while strangers guess."""

import hmac
import secrets
from datetime import datetime

from services.auth.domain import Account
from services.auth.service.digest import Digest

NONCE_BYTES = 16
LASTS_SECONDS = 365 * 86_400


class Devices:
    """Tokens ``issued.nonce.mac``, bound to the account and its password: another password ends them all."""

    def __init__(self, digest: Digest) -> None:
        self._digest = digest

    def token_for(self, account: Account, now: datetime) -> str:
        """A token for a device that the account has just signed in with."""
        head = f"{int(now.timestamp())}.{secrets.token_urlsafe(NONCE_BYTES)}"
        return f"{head}.{self._mac(account, head)}"

    def recognise(self, account: Account | None, token: str | None, now: datetime) -> str | None:
        """The device's own name where the token is this account's; None for any other."""
        head, _, mac = (token or "").rpartition(".")
        issued = head.partition(".")[0]
        if account is None or not (issued.isascii() and issued.isdigit()) or len(issued) > NONCE_BYTES:
            return None
        if int(issued) + LASTS_SECONDS < now.timestamp():
            return None
        fits = hmac.compare_digest(self._mac(account, head).encode(), mac.encode())
        return f"{account.id}|{head}" if fits else None

    def _mac(self, account: Account, head: str) -> str:
        return self._digest.of("device", f"{account.id}|{account.password_hash}|{head}")
