"""Access tokens that are signed and not kept: they outlive a restart, as the SDK that holds them does."""

import base64
import hashlib
import hmac
import secrets
import sqlite3


def issue(db: sqlite3.Connection, provider: str, subject: str, expires_at: int) -> str:
    """A token that says who it was given to and until when."""
    payload = base64.urlsafe_b64encode(f"{expires_at}|{subject}".encode()).decode()
    return f"{payload}.{_digest(db, provider, payload)}"


def subject_of(db: sqlite3.Connection, provider: str, token: str, now: float) -> str | None:
    """Whose token it is; None where it is not the sandbox's own, or no longer valid."""
    payload, _, digest = token.partition(".")
    if not hmac.compare_digest(digest.encode(), _digest(db, provider, payload).encode()):
        return None
    expires_at, _, subject = base64.urlsafe_b64decode(payload).decode().partition("|")
    return subject if int(expires_at) > now else None


def _digest(db: sqlite3.Connection, provider: str, payload: str) -> str:
    name = f"{provider}.tokens"
    row = db.execute("SELECT value FROM own_secrets WHERE name = ?", (name,)).fetchone()
    key = row["value"] if row else secrets.token_hex(32)
    if row is None:
        db.execute("INSERT INTO own_secrets (name, value) VALUES (?,?)", (name, key))
    return hmac.new(key.encode(), payload.encode(), hashlib.sha256).hexdigest()
