"""The messages of one account: taken, listed, redacted, and what becomes of them."""

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from dev.sandbox.twilio.numbers import check_numbers, future
from dev.sandbox.twilio.refusals import Json, Refusal, by_status

API_VERSION = "2010-04-01"
BODY_LIMIT = 1_600
PAGE_LIMIT = 1_000
STEP_SECONDS = 0.05
ENDED = ("delivered", "undelivered", "failed")


@dataclass(frozen=True)
class Account:
    """One account within one transaction; `now` is in seconds since the epoch."""

    db: sqlite3.Connection
    sid: str
    now: float

    def create(self, form: dict[str, str]) -> Json:
        """Take a message; its first answer is always `queued`."""
        recipient, sender, body = _asked(form)
        check_numbers(recipient, sender)
        row = self.db.execute(
            "INSERT INTO texts (sid, account, sender, recipient, body, status, callback_url, created_at, updated_at)"
            " VALUES (?,?,?,?,?,'queued',?,?,?) RETURNING *",
            (
                *(f"SM{secrets.token_hex(16)}", self.sid, sender, recipient, body),
                *(form.get("StatusCallback") or None, self.now, self.now),
            ),
        ).fetchone()
        call_back(self.db, row, self.now)
        for number, step in enumerate(future(recipient), start=1):
            self.db.execute(
                "INSERT INTO text_steps (text, status, error_code, due_at) VALUES (?,?,?,?)",
                (row["seq"], step.status, step.error_code, self.now + number * STEP_SECONDS),
            )
        return describe(row)

    def fetch(self, sid: str) -> Json:
        """One message; raises Refusal (20404)."""
        return describe(self._row(sid))

    def change(self, sid: str, form: dict[str, str]) -> Json:
        """Redact: an empty body in place of the text, once the message has come to its end."""
        row = self._row(sid)
        if form.get("Body", "-") != "" or "Status" in form:
            raise Refusal(400, 20001, "Only an empty Body can be put in place of a message's body")
        if row["status"] not in ENDED:
            raise Refusal(400, 20009, "Cannot delete or redact a message because it is not in a terminal state")
        self.db.execute("UPDATE texts SET body = '', updated_at = ? WHERE seq = ?", (self.now, row["seq"]))
        return self.fetch(sid)

    def remove(self, sid: str) -> None:
        """Forget a message that has come to its end."""
        row = self._row(sid)
        if row["status"] not in ENDED:
            raise Refusal(400, 20009, "Cannot delete or redact a message because it is not in a terminal state")
        self.db.execute("DELETE FROM texts WHERE seq = ?", (row["seq"],))

    def listing(self, query: dict[str, str], path: str) -> Json:
        """One page, newest first: To, From, DateSent (with < or >), PageSize, Page."""
        clauses: list[str] = ["account = ?"]
        values: list[Any] = [self.sid]
        for name, column in (("To", "recipient"), ("From", "sender")):
            if query.get(name):
                clauses.append(f"{column} = ?")
                values.append(query[name])
        _dates(query, clauses, values)
        size = max(1, min(_whole(query.get("PageSize"), 50), PAGE_LIMIT))
        page = _whole(query.get("Page"), 0)
        rows = self.db.execute(
            f"SELECT * FROM texts WHERE {' AND '.join(clauses)} ORDER BY seq DESC LIMIT ? OFFSET ?",
            (*values, size + 1, page * size),
        ).fetchall()
        more = urlencode({**query, "PageSize": size, "Page": page + 1}) if len(rows) > size else None
        return {
            "messages": [describe(row) for row in rows[:size]],
            "page": page,
            "page_size": size,
            "uri": path,
            "first_page_uri": path,
            "previous_page_uri": None,
            "next_page_uri": f"{path}?{more}" if more else None,
        }

    def _row(self, sid: str) -> sqlite3.Row:
        row: sqlite3.Row | None = self.db.execute(
            "SELECT * FROM texts WHERE sid = ? AND account = ?", (sid, self.sid)
        ).fetchone()
        if row is None:
            raise by_status(404)
        return row


def take_steps(db: sqlite3.Connection, now: float) -> None:
    """Let messages become what they are due to become."""
    for step in db.execute("SELECT * FROM text_steps WHERE due_at <= ? ORDER BY due_at, seq", (now,)).fetchall():
        db.execute("DELETE FROM text_steps WHERE seq = ?", (step["seq"],))
        row = db.execute(
            "UPDATE texts SET status = ?, error_code = ?, sent_at = coalesce(sent_at, ?), updated_at = ?"
            " WHERE seq = ? RETURNING *",
            (step["status"], step["error_code"], now, now, step["text"]),
        ).fetchone()
        if row is not None:
            call_back(db, row, now)


def next_step(db: sqlite3.Connection) -> float | None:
    """When the next message changes."""
    at: float | None = db.execute("SELECT min(due_at) AS at FROM text_steps").fetchone()["at"]
    return at


def call_back(db: sqlite3.Connection, row: sqlite3.Row, now: float) -> None:
    """Tell the message's status callback, where it has one."""
    if not row["callback_url"]:
        return
    told = {
        "MessageSid": row["sid"],
        "SmsSid": row["sid"],
        "AccountSid": row["account"],
        "MessageStatus": row["status"],
        "SmsStatus": row["status"],
        "To": row["recipient"],
        "From": row["sender"],
        "ApiVersion": API_VERSION,
        **({"ErrorCode": str(row["error_code"])} if row["error_code"] else {}),
    }
    db.execute(
        "INSERT INTO callbacks (provider, event, type, subject, receiver, url, body, state, next_at)"
        " VALUES ('twilio',?,?,?,?,?,?,'pending',?)",
        (
            *(f"{row['sid']}:{row['status']}", row["status"], row["sid"], row["account"], row["callback_url"]),
            *(urlencode(told), now),
        ),
    )


def describe(row: sqlite3.Row) -> Json:
    """A message as Twilio writes it."""
    path = f"/{API_VERSION}/Accounts/{row['account']}/Messages/{row['sid']}"
    return {
        "sid": row["sid"],
        "account_sid": row["account"],
        "api_version": API_VERSION,
        "body": row["body"],
        "from": row["sender"],
        "to": row["recipient"],
        "status": row["status"],
        "direction": "outbound-api",
        "num_segments": str(max(1, -(-len(row["body"]) // 160))),
        "num_media": "0",
        "error_code": row["error_code"],
        "error_message": None,
        "messaging_service_sid": None,
        "price": None,
        "price_unit": "USD",
        "date_created": _written(row["created_at"]),
        "date_updated": _written(row["updated_at"]),
        "date_sent": _written(row["sent_at"]),
        "uri": f"{path}.json",
        "subresource_uris": {"media": f"{path}/Media.json"},
    }


def _asked(form: dict[str, str]) -> tuple[str, str, str]:
    if not form.get("To"):
        raise Refusal(400, 21604, "A 'To' phone number is required.")
    sender = form.get("From") or form.get("MessagingServiceSid")
    if not sender:
        raise Refusal(400, 21603, "A 'From' phone number is required.")
    if not form.get("Body"):
        raise Refusal(400, 21602, "Message body is required.")
    if len(form["Body"]) > BODY_LIMIT:
        raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    return form["To"], sender, form["Body"]


def _dates(query: dict[str, str], clauses: list[str], values: list[Any]) -> None:
    """DateSent is a whole day; with < or > it bounds. What was not sent yet counts from when it was made."""
    sent = "coalesce(sent_at, created_at)"
    for name, sign in (("DateSent>", ">="), ("DateSent<", "<=")):
        if query.get(name):
            clauses.append(f"{sent} {sign} ?")
            values.append(_moment(query[name]))
    if query.get("DateSent"):
        day = _moment(query["DateSent"][:10])
        clauses.append(f"{sent} >= ? AND {sent} < ?")
        values += [day, day + 24 * 3_600]


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(400, 20001, "Invalid date") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else otherwise


def _written(seconds: float | None) -> str | None:
    return None if seconds is None else format_datetime(datetime.fromtimestamp(int(seconds), UTC))
