"""OAuth 2 client credentials: who calls. https://developer.paypal.com/api/rest/authentication/."""

import base64
import binascii
import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass

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
        "access_token": _token(db, client.id, int(now) + TOKEN_SECONDS),
        "token_type": "Bearer",
        "app_id": "APP-80W284485P519543T",
        "expires_in": TOKEN_SECONDS,
        "nonce": secrets.token_hex(8),
    }


def account_of(db: sqlite3.Connection, authorization: str, now: float) -> str:
    """The client id that a bearer token was issued to; raises Refusal (invalid_token)."""
    scheme, _, token = authorization.partition(" ")
    payload, _, digest = token.removeprefix(_PREFIX).partition(".")
    right = hmac.compare_digest(digest.encode(), _digest(db, payload).encode())
    if scheme.lower() != "bearer" or not right:
        raise unauthorised("invalid_token", "Token signature verification failed")
    expires_at, _, account = base64.urlsafe_b64decode(payload).decode().partition("|")
    if int(expires_at) <= now:
        raise unauthorised("invalid_token", "The token has expired")
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


def _token(db: sqlite3.Connection, account: str, expires_at: int) -> str:
    payload = base64.urlsafe_b64encode(f"{expires_at}|{account}".encode()).decode()
    return f"{_PREFIX}{payload}.{_digest(db, payload)}"


def _digest(db: sqlite3.Connection, payload: str) -> str:
    """Signed and not kept: tokens outlive a restart, as the SDK that holds them does."""
    row = db.execute("SELECT value FROM own_secrets WHERE name = 'paypal.tokens'").fetchone()
    key = row["value"] if row else secrets.token_hex(32)
    if row is None:
        db.execute("INSERT INTO own_secrets (name, value) VALUES ('paypal.tokens', ?)", (key,))
    return hmac.new(key.encode(), payload.encode(), hashlib.sha256).hexdigest()
