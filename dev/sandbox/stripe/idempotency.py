"""Idempotency keys, as Stripe keeps them: https://docs.stripe.com/api/idempotent_requests."""

import hashlib
import json
import sqlite3
from dataclasses import dataclass

from dev.sandbox.stripe.book import Answer, Book, Call, Run, dump
from dev.sandbox.stripe.refusals import Json, Refusal

KEY_LENGTH_LIMIT = 255
_SECRET_CARD_FIELDS = ("number", "cvc")


@dataclass(frozen=True)
class Outcome:
    """An answer on its way out. `original_request` is set where it repeats an earlier one."""

    status: int
    body: str
    original_request: str | None = None
    announced: int = 0


def execute(book: Book, run: Run, call: Call) -> Outcome:
    """Run an operation, or repeat its answer where its idempotency key was used before."""
    if book.idempotency_key is None:
        return _attempt(book, run, call)[0]
    fingerprint = _fingerprint(call)
    kept = _kept(book, fingerprint)
    if kept is not None:
        return kept
    outcome, remembered = _attempt(book, run, call)
    if remembered:
        book.db.execute(
            "INSERT INTO idempotency (account, key, fingerprint, request_id, status, body, created)"
            " VALUES (?,?,?,?,?,?,?)",
            (
                book.account,
                book.idempotency_key,
                fingerprint,
                book.request_id,
                outcome.status,
                outcome.body,
                int(book.now),
            ),
        )
    return outcome


def in_use(key: str) -> Refusal:
    """The answer while an earlier request with the same key is still being worked on."""
    return Refusal(
        f"There is currently another in-progress request using this Idempotency-Key: {key}. Try again later.",
        status=409,
        kind="idempotency_error",
        code="idempotency_key_in_use",
    )


def _attempt(book: Book, run: Run, call: Call) -> tuple[Outcome, bool]:
    book.db.execute("SAVEPOINT attempt")
    try:
        answer, remembered = run(book, call), True
    except Refusal as refusal:
        book.db.execute("ROLLBACK TO attempt")
        book.announced = 0
        answer, remembered = Answer(refusal.body, refusal.status), not refusal.before_effect
    book.db.execute("RELEASE attempt")
    return Outcome(answer.status, dump(answer.body), announced=book.announced), remembered


def _kept(book: Book, fingerprint: str) -> Outcome | None:
    row: sqlite3.Row | None = book.db.execute(
        "SELECT fingerprint, request_id, status, body FROM idempotency WHERE account = ? AND key = ?",
        (book.account, book.idempotency_key),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        refusal = Refusal(
            "Keys for idempotent requests can only be used with the same parameters they were first used"
            f" with. Try using a key other than '{book.idempotency_key}' if you meant to execute a different"
            " request.",
            kind="idempotency_error",
        )
        return Outcome(refusal.status, dump(refusal.body))
    book.db.execute(
        "UPDATE idempotency SET replays = replays + 1 WHERE account = ? AND key = ?",
        (book.account, book.idempotency_key),
    )
    return Outcome(row["status"], row["body"], original_request=row["request_id"])


def _fingerprint(call: Call) -> str:
    text = f"{call.path}\n{json.dumps(_without_card_numbers(call.params), sort_keys=True)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _without_card_numbers(params: Json) -> Json:
    """A digest of a card number can be reversed by trying them all, so it is not kept either."""
    return {
        name: _without_card_numbers(value) if isinstance(value, dict) else value
        for name, value in params.items()
        if name not in _SECRET_CARD_FIELDS
    }
