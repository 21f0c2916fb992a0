"""The mails that were taken, by recipient, and the recipients that were refused."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from typing import Any

from dev.sandbox.storage import Storage

PAGE_LIMIT = 500
DEFER_TIMES = 2


@dataclass(frozen=True)
class Refusal:
    """The SMTP code and text that a recipient is refused with."""

    code: int
    text: str


class Mailbox:
    """Keeps every mail that was sent; `now` is in seconds since the epoch."""

    def __init__(self, storage: Storage, *, now: Callable[[], float]) -> None:
        self._storage = storage
        self._now = now

    async def consider(self, address: str) -> Refusal | None:
        """Whether a recipient is refused: `bounce…` always, `defer…` the first two times."""
        local_part = address.rpartition("@")[0].lower()
        if local_part.startswith("bounce"):
            await self._storage.run(lambda db: _note_refusal(db, address, 550))
            return Refusal(550, "5.1.1 The mailbox does not exist")
        if local_part.startswith("defer"):
            times = await self._storage.run(lambda db: _note_refusal(db, address, 451))
            return Refusal(451, "4.2.1 Try again later") if times <= DEFER_TIMES else None
        return None

    async def keep(self, *, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        """Take a mail; once this returns it survives a killed process."""
        headers = BytesHeaderParser().parsebytes(raw)
        message_id = str(headers.get("Message-ID", "")).strip()
        subject = str(make_header(decode_header(str(headers.get("Subject", "")))))
        addresses = sorted({recipient.lower() for recipient in recipients})
        now = self._now()

        def write(db: sqlite3.Connection) -> None:
            mail = db.execute(
                "INSERT INTO mails (message_id, sender, subject, received_at, raw) VALUES (?,?,?,?,?)",
                (message_id, sender, subject, now, raw),
            ).lastrowid
            db.executemany(
                "INSERT INTO mail_recipients (address, mail) VALUES (?,?)",
                [(address, mail) for address in addresses],
            )

        await self._storage.run(write)

    async def listing(self, *, to: str | None = None, message_id: str | None = None, limit: int = 50) -> dict[str, Any]:
        """Mails newest first, with how many match in all and how many distinct Message-IDs those have."""
        return await self._storage.run(
            lambda db: _listing(db, to=to, message_id=message_id, limit=max(1, min(limit, PAGE_LIMIT)))
        )

    async def heads(self, domain: str, *, limit: int, offset: int) -> dict[str, Any]:
        """What stands on the envelopes of the mails to a domain, newest first; nothing is opened."""
        return await self._storage.run(
            lambda db: _heads(db, domain.lower(), limit=max(1, min(limit, PAGE_LIMIT)), offset=offset)
        )


def _note_refusal(db: sqlite3.Connection, address: str, code: int) -> int:
    row = db.execute(
        "INSERT INTO refused_recipients (address, code, times) VALUES (?,?,1)"
        " ON CONFLICT (address) DO UPDATE SET times = times + 1 RETURNING times",
        (address.lower(), code),
    ).fetchone()
    return int(row["times"])


def _listing(db: sqlite3.Connection, *, to: str | None, message_id: str | None, limit: int) -> dict[str, Any]:
    source, clauses, values = "mails m", ["1"], []
    if to is not None:
        source += " JOIN mail_recipients r ON r.mail = m.seq"
        clauses.append("r.address = ?")
        values.append(to.lower())
    if message_id is not None:
        clauses.append("m.message_id = ?")
        values.append(message_id)
    chosen = f"FROM {source} WHERE {' AND '.join(clauses)}"
    counts = db.execute(f"SELECT count(*), count(DISTINCT m.message_id) {chosen}", values).fetchone()
    rows = db.execute(f"SELECT m.* {chosen} ORDER BY m.seq DESC LIMIT ?", (*values, limit)).fetchall()
    items = [_describe(db, row) for row in rows]
    return {"total": counts[0], "distinctMessageIds": counts[1], "items": items}


def _heads(db: sqlite3.Connection, domain: str, *, limit: int, offset: int) -> dict[str, Any]:
    rows = db.execute(
        "SELECT m.seq, m.message_id, m.subject, m.received_at, group_concat(r.address) AS addresses"
        " FROM mails m JOIN mail_recipients r ON r.mail = m.seq"
        " WHERE m.seq IN (SELECT mail FROM mail_recipients WHERE substr(address, -?) = ?)"
        " GROUP BY m.seq ORDER BY m.seq DESC LIMIT ? OFFSET ?",
        (len(domain) + 1, f"@{domain}", limit, offset),
    ).fetchall()
    return {"items": [_head(row) for row in rows]}


def _head(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["seq"],
        "messageId": row["message_id"],
        "to": sorted(row["addresses"].split(",")),
        "subject": row["subject"],
        "receivedAt": row["received_at"],
    }


def _describe(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    recipients = db.execute(
        "SELECT address FROM mail_recipients WHERE mail = ? ORDER BY address", (row["seq"],)
    ).fetchall()
    message = message_from_bytes(row["raw"], policy=policy.default)
    return {
        "id": row["seq"],
        "messageId": row["message_id"],
        "from": row["sender"],
        "to": [recipient["address"] for recipient in recipients],
        "subject": row["subject"],
        "receivedAt": row["received_at"],
        "headers": {name: str(value) for name, value in message.items()},
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
    }


def _part(message: EmailMessage, subtype: str) -> str | None:
    part = message.get_body(preferencelist=(subtype,))
    if part is None:
        return None
    payload = part.get_payload(decode=True)
    return payload.decode(part.get_content_charset() or "utf-8", "replace") if isinstance(payload, bytes) else None
