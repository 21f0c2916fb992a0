"""PayPal's side of sending back: the signature's headers, and captures whose review is over."""

import sqlite3
import uuid
from collections.abc import Mapping

from dev.sandbox.callbacks import Callback
from dev.sandbox.paypal.ledger import Ledger, written
from dev.sandbox.paypal.payments import settle
from dev.sandbox.paypal.signing import CERTIFICATE_PATH, Signer


def signed_headers(signer: Signer, callback: Callback, *, now: float, public_url: str) -> Mapping[str, str]:
    """What stands beside a webhook's body."""
    transmission_id, time = str(uuid.uuid4()), written(now)
    return {
        "Content-Type": "application/json",
        "User-Agent": "PayPal/AUHR-214.0-58443870",
        "PAYPAL-TRANSMISSION-ID": transmission_id,
        "PAYPAL-TRANSMISSION-TIME": time,
        "PAYPAL-TRANSMISSION-SIG": signer.sign(transmission_id, time, callback.receiver, callback.body),
        "PAYPAL-CERT-URL": f"{public_url}{CERTIFICATE_PATH}",
        "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        "PAYPAL-AUTH-VERSION": "v2",
    }


def settle_reviews(db: sqlite3.Connection, now: float, public_url: str) -> None:
    """End the reviews that are due."""
    for row in db.execute("SELECT * FROM paypal_settlements WHERE due_at <= ?", (now,)).fetchall():
        db.execute("DELETE FROM paypal_settlements WHERE capture = ?", (row["capture"],))
        settle(Ledger(db, row["account"], now, public_url), row["capture"], row["outcome"])


def next_review(db: sqlite3.Connection) -> float | None:
    """When the next review ends."""
    at: float | None = db.execute("SELECT min(due_at) AS at FROM paypal_settlements").fetchone()["at"]
    return at
