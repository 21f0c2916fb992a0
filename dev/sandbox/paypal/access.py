"""OAuth 2 client credentials: who calls. https://developer.paypal.com/api/rest/authentication/."""

import base64
import binascii
import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass

from dev.sandbox import bearer
from dev.sandbox.paypal.refusals import Json, unauthorised

TOKEN_SECONDS = 32_400
_PREFIX = "A21AA"


@dataclass(frozen=True)
class Client:
    """A client id and its secret."""

    id: str
    secret: str


def issue(db: sqlite3.Connection, authorization: str, known: Client | None, now: float) -> Json:
    """An access token; raises Refusal (invalid_client).

    The client of the environment has its own secret; any other id keeps the secret that it first came with.
    """
    client = _basic(authorization)
    if client is None or not _is_right(db, client, known):
        raise unauthorised("invalid_client", "Client Authentication failed")
    return {
        "scope": "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/vault/payment-tokens",
        "access_token": _PREFIX + bearer.issue(db, "paypal", client.id, int(now) + TOKEN_SECONDS),
        "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T",
        "expires_in": TOKEN_SECONDS,
        "nonce": secrets.token_hex(8),
    }


def account_of(db: sqlite3.Connection, authorization: str, now: float) -> str:
    """The client id that a bearer token was issued to; raises Refusal (invalid_token)."""
    scheme, _, token = authorization.partition(" ")
    account = bearer.subject_of(db, "paypal", token.removeprefix(_PREFIX), now)
    if scheme.lower() != "bearer" or account is None:
        raise unauthorised("invalid_token", "Token signature verification failed")
    return account


def _basic(authorization: str) -> Client | None:
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    client_id, found, secret = decoded.partition(":")
    return Client(client_id, secret) if scheme.lower() == "basic" and found and client_id and secret else None


def _is_right(db: sqlite3.Connection, client: Client, known: Client | None) -> bool:
    if known is not None and client.id == known.id:
        return hmac.compare_digest(client.secret.encode(), known.secret.encode())
    name, digest = f"paypal.client.{client.id}", hashlib.sha256(client.secret.encode()).hexdigest()
    kept = db.execute("SELECT value FROM own_secrets WHERE name = ?", (name,)).fetchone()
    if kept is None:
        db.execute("INSERT INTO own_secrets (name, value) VALUES (?,?)", (name, digest))
        return True
    return hmac.compare_digest(digest, kept["value"])
