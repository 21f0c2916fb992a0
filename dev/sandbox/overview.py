"""What was sent, read from storage: counts, payments, refunds, webhooks. No secret is among it."""

import json
import sqlite3
from typing import Any

Rows = list[dict[str, Any]]

_PAYMENT_FIELDS = (
    *("id", "amount", "amount_capturable", "amount_received", "currency", "status", "capture_method"),
    *("created", "canceled_at", "description", "metadata", "latest_charge"),
)


def counts(db: sqlite3.Connection) -> dict[str, Any]:
    """How much of everything; money in minor units by currency."""
    replays = db.execute("SELECT count(*), coalesce(sum(replays), 0) FROM idempotency").fetchone()
    mails = db.execute("SELECT count(*), count(DISTINCT message_id) FROM mails").fetchone()
    refused = db.execute("SELECT code, sum(times) AS times FROM refused_recipients GROUP BY code").fetchall()
    return {
        "paymentIntents": _by_status(db, "payment_intent"),
        "charges": _by_status(db, "charge"),
        "refunds": _by_status(db, "refund"),
        "events": db.execute("SELECT count(*) FROM objects WHERE kind = 'event'").fetchone()[0],
        "capturedMinor": _moved(db, "payment_intent"),
        "refundedMinor": _moved(db, "refund"),
        "idempotencyKeys": replays[0],
        "idempotentReplays": replays[1],
        "webhooks": {
            "pending": 0,
            "delivered": 0,
            "failed": 0,
            **{
                row["state"]: row["n"]
                for row in db.execute("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
            },
        },
        "mails": mails[0],
        "distinctMessageIds": mails[1],
        "refusedRecipients": {str(row["code"]): row["times"] for row in refused},
    }


def payments(
    db: sqlite3.Connection, *, key: str | None = None, company_id: str | None = None, limit: int, offset: int = 0
) -> dict[str, Any]:
    """Payment intents newest first: all, a company's, or what a request with this idempotency key made or charged."""
    chosen, values = "kind = 'payment_intent'", []
    if key is not None:
        chosen += (
            " AND id IN (SELECT CASE kind WHEN 'payment_intent' THEN id ELSE parent END FROM objects"
            " WHERE idempotency_key = ?)"
        )
        values.append(key)
    if company_id is not None:
        chosen += " AND json_extract(body, '$.metadata.companyId') = ?"
        values.append(company_id)
    total = db.execute(f"SELECT count(*) FROM objects WHERE {chosen}", values).fetchone()[0]
    rows = db.execute(
        f"SELECT body, account, idempotency_key FROM objects WHERE {chosen} ORDER BY seq DESC LIMIT ? OFFSET ?",
        (*values, limit, offset),
    ).fetchall()
    return {"total": total, "items": [_payment(db, row) for row in rows]}


def refunds(db: sqlite3.Connection, *, limit: int) -> dict[str, Any]:
    """Refunds newest first."""
    total = db.execute("SELECT count(*) FROM objects WHERE kind = 'refund'").fetchone()[0]
    rows = db.execute(
        "SELECT body, idempotency_key FROM objects WHERE kind = 'refund' ORDER BY seq DESC LIMIT ?", (limit,)
    ).fetchall()
    return {"total": total, "items": [_refund(row) for row in rows]}


def webhooks(
    db: sqlite3.Connection, *, state: str | None = None, subject: str | None = None, limit: int
) -> dict[str, Any]:
    """Deliveries newest first: attempts, the receiver's last status, and which endpoint."""
    clauses, values = ["1"], []
    for column, value in (("d.state", state), ("d.subject", subject)):
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(value)
    where = " AND ".join(clauses)
    total = db.execute(f"SELECT count(*) FROM deliveries d WHERE {where}", values).fetchone()[0]
    rows = db.execute(
        "SELECT d.*, e.url FROM deliveries d LEFT JOIN endpoints e ON e.id = d.endpoint"
        f" WHERE {where} ORDER BY d.seq DESC LIMIT ?",
        (*values, limit),
    ).fetchall()
    return {"total": total, "items": [_delivery(row) for row in rows], "endpoints": _endpoints(db)}


def _by_status(db: sqlite3.Connection, kind: str) -> dict[str, int]:
    rows = db.execute(
        "SELECT status, count(*) AS n FROM objects WHERE kind = ? GROUP BY status ORDER BY status", (kind,)
    ).fetchall()
    return {"total": sum(row["n"] for row in rows), **{row["status"]: row["n"] for row in rows}}


def _moved(db: sqlite3.Connection, kind: str) -> dict[str, int]:
    rows = db.execute(
        "SELECT currency, sum(amount_minor) AS minor FROM objects WHERE kind = ? GROUP BY currency", (kind,)
    ).fetchall()
    return {row["currency"]: row["minor"] for row in rows}


def _payment(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    body = json.loads(row["body"])
    error = body["last_payment_error"]
    charges = db.execute(
        "SELECT body, idempotency_key FROM objects WHERE parent = ? AND kind = 'charge' ORDER BY seq",
        (body["id"],),
    ).fetchall()
    return {
        **{name: body[name] for name in _PAYMENT_FIELDS},
        "idempotency_key": row["idempotency_key"],
        "account": row["account"],
        "error": None if error is None else {"code": error["code"], "declineCode": error.get("decline_code")},
        "charges": [_charge(charge) for charge in charges],
    }


def _charge(row: sqlite3.Row) -> dict[str, Any]:
    body = json.loads(row["body"])
    card = body["payment_method_details"]["card"]
    return {
        **{name: body[name] for name in ("id", "status", "amount", "amount_captured", "amount_refunded")},
        "idempotency_key": row["idempotency_key"],
        "card": f"{card['brand']} {card['last4']}",
    }


def _refund(row: sqlite3.Row) -> dict[str, Any]:
    body = json.loads(row["body"])
    names = (
        "id",
        "amount",
        "currency",
        "status",
        "reason",
        "created",
        "payment_intent",
        "charge",
        "metadata",
    )
    return {**{name: body[name] for name in names}, "idempotency_key": row["idempotency_key"]}


def _delivery(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "event": row["event"],
        "type": row["type"],
        "subject": row["subject"],
        "endpoint": row["endpoint"],
        "url": row["url"],
        "state": row["state"],
        "attempts": row["attempts"],
        "lastStatus": row["last_status"],
        "lastError": row["last_error"],
        "deliveredAt": row["delivered_at"],
    }


def _endpoints(db: sqlite3.Connection) -> Rows:
    rows = db.execute("SELECT id, account, url, enabled_events, status FROM endpoints ORDER BY created").fetchall()
    return [{**dict(row), "enabled_events": json.loads(row["enabled_events"])} for row in rows]
