"""What went through PayPal, Twilio and Firebase, read from storage. No secret is among it."""

import json
import sqlite3
from typing import Any

Found = dict[str, Any]


def counts(db: sqlite3.Connection) -> Found:
    """How much of each; money in minor units by currency."""
    texts = db.execute("SELECT count(*), count(DISTINCT recipient), count(DISTINCT body) FROM texts").fetchone()
    pushes = db.execute("SELECT count(*), count(DISTINCT address) FROM pushes").fetchone()
    return {
        "paypalOrders": _by_status(db, "SELECT status, count(*) AS n FROM paypal_objects WHERE kind = 'order'"),
        "paypalCapturedMinor": _moved(db, "capture", ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")),
        "paypalRefundedMinor": _moved(db, "refund", ("COMPLETED",)),
        "messages": _by_status(db, "SELECT status, count(*) AS n FROM texts WHERE 1"),
        "distinctNumbers": texts[1],
        "pushes": pushes[0],
        "distinctTokens": pushes[1],
        "callbacks": _by_status(db, "SELECT state AS status, count(*) AS n FROM callbacks WHERE 1"),
    }


def paypal_orders(db: sqlite3.Connection, *, request_id: str | None = None, limit: int) -> Found:
    """Orders newest first with their payments, or those in which a PayPal-Request-Id made something."""
    chosen, values = "kind = 'order'", []
    if request_id is not None:
        chosen += " AND id IN (SELECT CASE kind WHEN 'order' THEN id ELSE parent END FROM paypal_objects"
        chosen += " WHERE request_id = ?)"
        values.append(request_id)
    total = db.execute(f"SELECT count(*) FROM paypal_objects WHERE {chosen}", values).fetchone()[0]
    rows = db.execute(
        f"SELECT id, account, request_id, created, body FROM paypal_objects WHERE {chosen} ORDER BY seq DESC LIMIT ?",
        (*values, limit),
    ).fetchall()
    return {"total": total, "items": [_order(db, row) for row in rows]}


def messages(db: sqlite3.Connection, *, to: str | None = None, limit: int) -> Found:
    """Text messages newest first; `total`, and how many distinct texts and numbers those are."""
    where, values = ("recipient = ?", [to]) if to else ("1", [])
    total, bodies, numbers = db.execute(
        f"SELECT count(*), count(DISTINCT body), count(DISTINCT recipient) FROM texts WHERE {where}", values
    ).fetchone()
    rows = db.execute(f"SELECT * FROM texts WHERE {where} ORDER BY seq DESC LIMIT ?", (*values, limit)).fetchall()
    return {"total": total, "distinctBodies": bodies, "distinctNumbers": numbers, "items": [_text(row) for row in rows]}


def pushes(db: sqlite3.Connection, *, token: str | None = None, limit: int) -> Found:
    """Push messages newest first; `total`, and how many distinct tokens those went to."""
    where, values = ("address = ?", [token]) if token else ("1", [])
    total, tokens = db.execute(f"SELECT count(*), count(DISTINCT address) FROM pushes WHERE {where}", values).fetchone()
    rows = db.execute(f"SELECT * FROM pushes WHERE {where} ORDER BY seq DESC LIMIT ?", (*values, limit)).fetchall()
    return {"total": total, "distinctTokens": tokens, "items": [_push(row) for row in rows]}


def callbacks(db: sqlite3.Connection, *, provider: str | None, subject: str | None, limit: int) -> Found:
    """What PayPal and Twilio sent back, newest first."""
    clauses, values = ["1"], []
    for column, value in (("provider", provider), ("subject", subject)):
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(value)
    where = " AND ".join(clauses)
    total = db.execute(f"SELECT count(*) FROM callbacks WHERE {where}", values).fetchone()[0]
    rows = db.execute(f"SELECT * FROM callbacks WHERE {where} ORDER BY seq DESC LIMIT ?", (*values, limit)).fetchall()
    return {"total": total, "items": [_callback(row) for row in rows]}


def _by_status(db: sqlite3.Connection, selected: str) -> Found:
    rows = db.execute(f"{selected} GROUP BY 1 ORDER BY 1").fetchall()
    return {"total": sum(row["n"] for row in rows), **{row["status"]: row["n"] for row in rows}}


def _moved(db: sqlite3.Connection, kind: str, statuses: tuple[str, ...]) -> Found:
    marks = ", ".join("?" for _ in statuses)
    rows = db.execute(
        "SELECT currency, sum(amount_minor) AS minor FROM paypal_objects"
        f" WHERE kind = ? AND status IN ({marks}) GROUP BY currency",
        (kind, *statuses),
    ).fetchall()
    return {row["currency"]: row["minor"] for row in rows}


def _order(db: sqlite3.Connection, row: sqlite3.Row) -> Found:
    body = json.loads(row["body"])
    payments = db.execute(
        "SELECT kind, request_id, body FROM paypal_objects WHERE parent = ? AND kind <> 'event' ORDER BY seq",
        (row["id"],),
    ).fetchall()
    return {
        "id": row["id"],
        "account": row["account"],
        "intent": body["intent"],
        "status": body["status"],
        "purchaseUnits": body["purchase_units"],
        "requestId": row["request_id"],
        "createdAt": row["created"],
        "payments": [_payment(payment) for payment in payments],
    }


def _payment(row: sqlite3.Row) -> Found:
    body = json.loads(row["body"])
    names = ("id", "status", "amount", "invoice_id", "custom_id")
    told = {name: body[name] for name in names if name in body}
    return {"kind": row["kind"], **told, "requestId": row["request_id"]}


def _text(row: sqlite3.Row) -> Found:
    return {
        "sid": row["sid"],
        "to": row["recipient"],
        "from": row["sender"],
        "body": row["body"],
        "status": row["status"],
        "errorCode": row["error_code"],
        "callback": row["callback_url"],
        "createdAt": row["created_at"],
    }


def _push(row: sqlite3.Row) -> Found:
    message = json.loads(row["body"])
    return {
        "name": row["name"],
        row["target"]: row["address"],
        "notification": message.get("notification"),
        "data": message.get("data", {}),
        "message": message,
        "sentAt": row["sent_at"],
    }


def _callback(row: sqlite3.Row) -> Found:
    return {
        "provider": row["provider"],
        "event": row["event"],
        "type": row["type"],
        "subject": row["subject"],
        "url": row["url"],
        "state": row["state"],
        "attempts": row["attempts"],
        "lastStatus": row["last_status"],
        "lastError": row["last_error"],
        "deliveredAt": row["delivered_at"],
    }
