"""The account's objects: how operations read, write, list and announce them."""

import json
import secrets
import sqlite3
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dev.sandbox.stripe import forms
from dev.sandbox.stripe.refusals import Json, no_such

API_VERSION = "2026-10-28.endive"
LISTING_PARAMS = ("limit", "starting_after", "ending_before", "created", "expand")
KEYED_KINDS = ("payment_intent", "charge", "refund")
_ALPHABET = string.ascii_letters + string.digits
_NOUNS = {"payment_method": "PaymentMethod"}


def dump(body: Json) -> str:
    """Compact JSON."""
    return json.dumps(body, separators=(",", ":"))


def new_id(prefix: str) -> str:
    """A provider id such as `pi_…` with 24 random characters."""
    return f"{prefix}_{''.join(_ALPHABET[byte % 62] for byte in secrets.token_bytes(24))}"


@dataclass
class Book:
    """One account's objects within one transaction; `now` is in seconds since the epoch."""

    db: sqlite3.Connection
    account: str
    now: float
    public_url: str
    request_id: str | None = None
    idempotency_key: str | None = None
    announced: int = field(default=0)

    def add(self, body: Json, *, parent: str | None = None, behaviour: str | None = None) -> Json:
        """Keep a new object."""
        self.db.execute(
            "INSERT INTO objects (id, kind, account, parent, status, currency, amount_minor, behaviour,"
            " idempotency_key, created, body) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                body["id"],
                body["object"],
                self.account,
                parent,
                body.get("status"),
                body.get("currency"),
                _moved_minor(body),
                behaviour,
                self.idempotency_key if body["object"] in KEYED_KINDS else None,
                body["created"],
                dump(body),
            ),
        )
        return body

    def save(self, body: Json) -> Json:
        """Keep a changed object."""
        self.db.execute(
            "UPDATE objects SET body = ?, status = ?, currency = ?, amount_minor = ? WHERE id = ?",
            (dump(body), body.get("status"), body.get("currency"), _moved_minor(body), body["id"]),
        )
        return body

    def attach(self, body: Json, parent: str | None) -> None:
        """Change whom an object belongs to."""
        self.db.execute("UPDATE objects SET parent = ? WHERE id = ?", (parent, body["id"]))

    def remove(self, object_id: str) -> None:
        """Forget an object."""
        self.db.execute("DELETE FROM objects WHERE id = ? AND account = ?", (object_id, self.account))

    def find(self, kind: str, object_id: str) -> Json | None:
        """An object of this account, None where it has none of that id."""
        row = self.db.execute(
            "SELECT body FROM objects WHERE id = ? AND kind = ? AND account = ?",
            (object_id, kind, self.account),
        ).fetchone()
        return None if row is None else _load(row["body"])

    def get(self, kind: str, object_id: str, *, param: str = "id") -> Json:
        """An object of this account; raises Refusal (resource_missing)."""
        body = self.find(kind, object_id)
        if body is None:
            noun = _NOUNS.get(kind, kind)
            raise no_such(noun, object_id, param=param, status=404 if param == "id" else 400)
        return body

    def behaviour(self, payment_method_id: str) -> str:
        """Which test card a kept payment method is."""
        row = self.db.execute("SELECT behaviour FROM objects WHERE id = ?", (payment_method_id,)).fetchone()
        return str(row["behaviour"])

    def page(self, kind: str, path: str, params: Json, *, parent: str | None = None) -> Json:
        """One page, newest first: https://docs.stripe.com/api/pagination."""
        clauses, values = ["kind = ?", "account = ?"], [kind, self.account]
        if parent is not None:
            clauses.append("parent = ?")
            values.append(parent)
        backwards = _place(self, kind, params, clauses, values)
        _created(params, clauses, values)
        limit = _limit(params)
        rows = self.db.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(clauses)}"
            f" ORDER BY seq {'ASC' if backwards else 'DESC'} LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
        bodies = [_load(row["body"]) for row in rows[:limit]]
        data = bodies[::-1] if backwards else bodies
        return {"object": "list", "data": data, "has_more": len(rows) > limit, "url": path}

    def announce(self, event_type: str, body: Json) -> None:
        """Write an event, and a delivery for each endpoint that asked for its type."""
        event = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": int(self.now),
            "data": {"object": body},
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": event_type,
        }
        endpoints = [row["id"] for row in self._endpoints() if _wants(row, event_type)]
        event["pending_webhooks"] = len(endpoints)
        self.add(event, parent=event_type)
        self.db.executemany(
            "INSERT INTO deliveries (event, type, subject, endpoint, state, next_at) VALUES (?,?,?,?,'pending',?)",
            [(event["id"], event_type, body["id"], endpoint, self.now) for endpoint in endpoints],
        )
        self.announced += len(endpoints)

    def _endpoints(self) -> list[sqlite3.Row]:
        return self.db.execute(
            "SELECT id, enabled_events FROM endpoints WHERE account IN (?, '*') AND status = 'enabled'",
            (self.account,),
        ).fetchall()


@dataclass(frozen=True)
class Call:
    """One request to an operation: the object in its path, its parameters, its path."""

    id: str
    params: Json
    path: str


Run = Callable[[Book, Call], "Answer"]


@dataclass(frozen=True)
class Answer:
    """A status and a body; a declined card is an answer, for it has taken effect."""

    body: Json
    status: int = 200


def _load(body: str) -> Json:
    loaded: Json = json.loads(body)
    return loaded


def _moved_minor(body: Json) -> int:
    if body["object"] == "payment_intent":
        return int(body["amount_received"])
    if body["object"] == "refund":
        return int(body["amount"]) if body["status"] in ("succeeded", "pending") else 0
    return 0


def _wants(endpoint: sqlite3.Row, event_type: str) -> bool:
    enabled = json.loads(endpoint["enabled_events"])
    return "*" in enabled or event_type in enabled


def _place(book: Book, kind: str, params: Json, clauses: list[str], values: list[Any]) -> bool:
    after, before = forms.text(params, "starting_after"), forms.text(params, "ending_before")
    cursor = after or before
    if cursor is None:
        return False
    param = "starting_after" if after else "ending_before"
    book.get(kind, cursor, param=param)
    row = book.db.execute("SELECT seq FROM objects WHERE id = ?", (cursor,)).fetchone()
    clauses.append("seq < ?" if after else "seq > ?")
    values.append(row["seq"])
    return after is None


def _created(params: Json, clauses: list[str], values: list[Any]) -> None:
    asked = params.get("created")
    if isinstance(asked, str):
        asked = {"gte": asked, "lte": asked}
    for name, sign in (("gte", ">="), ("gt", ">"), ("lte", "<="), ("lt", "<")):
        bound = forms.integer(asked or {}, name)
        if bound is not None:
            clauses.append(f"created {sign} ?")
            values.append(bound)


def _limit(params: Json) -> int:
    limit = forms.integer(params, "limit")
    return 10 if limit is None else max(1, min(limit, 100))
