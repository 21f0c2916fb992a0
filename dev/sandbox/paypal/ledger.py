"""One account's PayPal objects within one transaction: read, written, numbered and announced."""

import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dev.sandbox.paypal.amounts import Amount, kept_amount
from dev.sandbox.paypal.refusals import Json, missing

EVERY_ACCOUNT = "*"
_ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_RESOURCES = {"order": "checkout-order"}


def new_id(length: int = 17) -> str:
    """Capitals and digits, as PayPal numbers orders and payments."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in secrets.token_bytes(length))


def written(seconds: float) -> str:
    """RFC 3339 in UTC to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Ledger:
    """`account` is the client id, `now` in seconds since the epoch, `public_url` where links lead to."""

    db: sqlite3.Connection
    account: str
    now: float
    public_url: str
    request_id: str | None = None
    announced: int = field(default=0)

    def add(self, kind: str, body: Json, *, parent: str | None = None, hidden: Json | None = None) -> Json:
        """Keep a new object."""
        amount = _amount(body)
        self.db.execute(
            "INSERT INTO paypal_objects (id, kind, account, parent, status, currency, amount_minor, invoice,"
            " request_id, created, body, hidden) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                *(body["id"], kind, self.account, parent, body.get("status"), amount and amount.currency),
                *(amount.minor if amount else 0, body.get("invoice_id"), self.request_id, self.now),
                *(json.dumps(body), json.dumps(hidden or {})),
            ),
        )
        return body

    def save(self, body: Json) -> Json:
        """Keep a changed object."""
        if "update_time" in body:
            body["update_time"] = written(self.now)
        amount = _amount(body)
        self.db.execute(
            "UPDATE paypal_objects SET body = ?, status = ?, amount_minor = ? WHERE id = ?",
            (json.dumps(body), body.get("status"), amount.minor if amount else 0, body["id"]),
        )
        return body

    def find(self, kind: str, object_id: str) -> Json | None:
        """An object of this account, None where it has none of that id."""
        row = self._row(kind, object_id)
        return None if row is None else json.loads(row["body"])

    def get(self, kind: str, object_id: str) -> Json:
        """An object of this account; raises Refusal (RESOURCE_NOT_FOUND)."""
        found = self.find(kind, object_id)
        if found is None:
            raise missing()
        return found

    def hidden(self, object_id: str) -> Json:
        """What is kept beside an object's body."""
        row = self.db.execute("SELECT hidden FROM paypal_objects WHERE id = ?", (object_id,)).fetchone()
        loaded: Json = json.loads(row["hidden"])
        return loaded

    def hide(self, object_id: str, **changes: object) -> None:
        """Change what is kept beside an object's body."""
        kept = {**self.hidden(object_id), **changes}
        self.db.execute("UPDATE paypal_objects SET hidden = ? WHERE id = ?", (json.dumps(kept), object_id))

    def parent(self, object_id: str) -> str:
        """Whom an object belongs to."""
        row = self.db.execute("SELECT parent FROM paypal_objects WHERE id = ?", (object_id,)).fetchone()
        return str(row["parent"])

    def children(self, kind: str, parent: str) -> list[Json]:
        """An object's payments, in the order in which they were made."""
        rows = self.db.execute(
            "SELECT body FROM paypal_objects WHERE parent = ? AND kind = ? AND account = ? ORDER BY seq",
            (parent, kind, self.account),
        ).fetchall()
        return [json.loads(row["body"]) for row in rows]

    def listing(self, kind: str) -> list[Json]:
        """All of a kind in this account."""
        rows = self.db.execute(
            "SELECT body FROM paypal_objects WHERE kind = ? AND account = ? ORDER BY seq", (kind, self.account)
        ).fetchall()
        return [json.loads(row["body"]) for row in rows]

    def remove(self, object_id: str) -> None:
        """Forget an object."""
        self.db.execute("DELETE FROM paypal_objects WHERE id = ? AND account = ?", (object_id, self.account))

    def invoice_used(self, invoice: str) -> bool:
        """Whether a capture of this account has the invoice's number."""
        row = self.db.execute(
            "SELECT 1 FROM paypal_objects WHERE account = ? AND invoice = ? AND kind = 'capture'"
            " AND status <> 'DECLINED'",
            (self.account, invoice),
        ).fetchone()
        return row is not None

    def link(self, path: str, rel: str, method: str = "GET") -> Json:
        """One entry of `links`."""
        return {"href": f"{self.public_url}{path}", "rel": rel, "method": method}

    def announce(self, event_type: str, kind: str, body: Json, summary: str) -> None:
        """Write an event, and a callback for each webhook that asked for its type."""
        event: Json = {
            "id": f"WH-{new_id()}-{new_id()}",
            "event_version": "1.0",
            "create_time": written(self.now),
            "resource_type": _RESOURCES.get(kind, kind),
            "resource_version": "2.0",
            "event_type": event_type,
            "summary": summary,
            "resource": body,
        }
        event["links"] = [self.link(f"/v1/notifications/webhooks-events/{event['id']}", "self")]
        self.add("event", event, parent=body["id"])
        sent = json.dumps(event, separators=(",", ":"))
        for hook in self._webhooks(event_type):
            self.db.execute(
                "INSERT INTO callbacks (provider, event, type, subject, receiver, url, body, state, next_at)"
                " VALUES ('paypal',?,?,?,?,?,?,'pending',?)",
                (event["id"], event_type, body["id"], hook["id"], hook["url"], sent, self.now),
            )
            self.announced += 1

    def _webhooks(self, event_type: str) -> list[Json]:
        rows = self.db.execute(
            "SELECT body FROM paypal_objects WHERE kind = 'webhook' AND account IN (?, ?) ORDER BY seq",
            (self.account, EVERY_ACCOUNT),
        ).fetchall()
        hooks = [json.loads(row["body"]) for row in rows]
        return [hook for hook in hooks if {each["name"] for each in hook["event_types"]} & {"*", event_type}]

    def _row(self, kind: str, object_id: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.db.execute(
            "SELECT body FROM paypal_objects WHERE id = ? AND kind = ? AND account = ?",
            (object_id, kind, self.account),
        ).fetchone()
        return row


@dataclass(frozen=True)
class Call:
    """One request to an operation: the id in its path, its body, its query."""

    id: str
    body: Json
    query: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """`minimal` is what remains of the body where the caller asked for no representation."""

    body: Json | None
    status: int = 200
    brief: bool = False
    """Whether `Prefer: return=minimal` leaves only id, status and links of it."""


Run = Callable[[Ledger, Call], Answer]


def _amount(body: Json) -> Amount | None:
    return kept_amount(body) if "amount" in body else None
