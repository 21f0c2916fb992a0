"""PayPal-Request-Id: the same id repeats the answer. https://developer.paypal.com/reference/guidelines/idempotency/."""

import hashlib
import json
from dataclasses import dataclass

from dev.sandbox.paypal.ledger import Answer, Call, Ledger
from dev.sandbox.paypal.operations import Operation
from dev.sandbox.paypal.refusals import Json, new_debug_id, unprocessable

ID_LENGTH_LIMIT = 108


@dataclass(frozen=True)
class Outcome:
    """An answer, and whether it repeats an earlier one."""

    answer: Answer
    repeated: bool = False


def execute(ledger: Ledger, operation: Operation, call: Call) -> Outcome:
    """Run once per account, operation and request id. Refusals are not remembered: PayPal lets them be tried again."""
    if ledger.request_id is None:
        return Outcome(operation.run(ledger, call))
    key = f"paypal:{operation.name}:{ledger.request_id}"
    fingerprint = _fingerprint(call)
    row = ledger.db.execute(
        "SELECT fingerprint, status, body FROM idempotency WHERE account = ? AND key = ?", (ledger.account, key)
    ).fetchone()
    if row is None:
        answer = operation.run(ledger, call)
        ledger.db.execute(
            "INSERT INTO idempotency (account, key, fingerprint, request_id, status, body, created)"
            " VALUES (?,?,?,?,?,?,?)",
            (ledger.account, key, fingerprint, new_debug_id(), answer.status, _kept(answer), int(ledger.now)),
        )
        return Outcome(answer)
    if row["fingerprint"] != fingerprint:
        raise unprocessable("DUPLICATE_REQUEST_ID")
    ledger.db.execute(
        "UPDATE idempotency SET replays = replays + 1 WHERE account = ? AND key = ?", (ledger.account, key)
    )
    return Outcome(_loaded(row["body"], row["status"]), repeated=True)


def _fingerprint(call: Call) -> str:
    return hashlib.sha256(f"{call.id}\n{json.dumps(call.body, sort_keys=True)}".encode()).hexdigest()


def _kept(answer: Answer) -> str:
    return json.dumps({"body": answer.body, "brief": answer.brief})


def _loaded(text: str, status: int) -> Answer:
    kept: Json = json.loads(text)
    # An answer that repeats is 200 where the first was 201.
    return Answer(kept["body"], 200 if status == 201 else status, brief=kept["brief"])
