"""The whole case for programs: one document, of which the page for people is made as well."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from dev.explain.case import Case
from dev.explain.events import Seen
from dev.explain.records import Records
from dev.explain.sources import Document
from dev.explain.verdict import EXIT_CODES, GRACE, Verdict

KEPT_OF_ORDER = (
    *("number", "channel", "customerId", "shopId", "status", "paymentStatus", "fulfilmentStatus", "cancelReason"),
    *("items", "totals", "paid", "refunded", "payment", "payments", "fulfilments", "placedAt", "deadlineAt", "dueAt"),
    *("confirmedAt", "cancelledAt", "timeline", "version"),
)
KEPT_OF_RESERVATION = ("state", "lines", "shortages", "expiresAt", "wakeAt", "until", "reason", "resumed")
KEPT_OF_STOCK = ("sku", "warehouseId", "onHand", "reserved", "holds")
KEPT_OF_PAYMENT = (
    *("method", "provider", "accountId", "status", "amount", "authorized", "captured", "refunded", "attempts"),
    *("failure", "refunds", "reference", "chargeReference", "nextAction", "dueAt", "deadlineAt", "createdAt"),
)
KEPT_OF_ACCOUNT = ("known", "reserved", "ended", "started", "active", "promised", "tries", "captured", "refunded")
KEPT_OF_DEBT = ("status", "principal", "paid", "dueAt", "overdueAt", "payments", "returns")
KEPT_OF_MESSAGE = ("type", "channel", "status", "attempts", "nextAttemptAt", "createdAt")
KEPT_OF_MOVEMENT = ("sku", "warehouseId", "delta", "reason", "createdAt")


def report(case: Case, verdict: Verdict) -> dict[str, Any]:
    """What `--json` prints. Names and addresses of people are left out; times are RFC 3339."""
    late = case.order["dueAt"] is not None and case.at > case.order["dueAt"]
    document = {
        "verdict": {**asdict(verdict), "exitCode": EXIT_CODES[verdict.kind]},
        "at": case.at,
        "orderId": case.records.order_id,
        "company": {"id": case.records.company_id, "slug": case.slug},
        "overdueSeconds": round((case.at - case.order["dueAt"]).total_seconds()) if late else 0,
        **_records(case.records),
        "providers": case.providers,
        "events": [_event(seen, case.at) for seen in case.events],
        "audit": [{"at": each["at"], "action": each["action"], "actor": each["actor"]} for each in case.audited],
        "broker": asdict(case.broker),
        "stopped": case.stopped,
        "requestIds": case.requests,
        "traceIds": case.traces,
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def _records(records: Records) -> dict[str, Any]:
    return {
        "order": _kept(records.order, KEPT_OF_ORDER),
        "returns": [each["_id"] for each in records.returns],
        "reservation": _kept(records.reservation, KEPT_OF_RESERVATION),
        "stock": [_stock(row, records.order_id) for row in records.stock],
        "movements": [_kept(each, KEPT_OF_MOVEMENT) for each in records.movements],
        "account": _kept(records.account, KEPT_OF_ACCOUNT),
        "payments": [_kept(each, KEPT_OF_PAYMENT) for each in records.payments],
        "ledger": [_kept(each, ("cause", "at", "lines")) for each in records.ledger],
        "debts": [_kept(each, KEPT_OF_DEBT) for each in records.debts],
        "messages": [_kept(each, KEPT_OF_MESSAGE) for each in records.messages],
    }


def _stock(row: Document, order_id: str) -> Document:
    kept = _kept(row, KEPT_OF_STOCK) or {}
    held = sum(hold["quantity"] for hold in kept.pop("holds") or [] if hold["orderId"] == order_id)
    return {**kept, "heldForThis": held}


def _event(seen: Seen, now: datetime) -> Document:
    told = seen.document
    since = seen.sent_at or seen.at
    return {
        "id": seen.id,
        "type": seen.type,
        "at": seen.at,
        "service": seen.service,
        "actor": told.get("actor"),
        "causedBy": told.get("causationid"),
        "requestId": told.get("correlationid"),
        "sentAt": seen.sent_at,
        "unsentSeconds": None if seen.sent_at else round((now - seen.at).total_seconds()),
        "waitsIn": seen.aggregate,
        "audited": seen.is_audited,
        "consumers": dict(sorted(seen.consumers.items())),
        "isLate": now - since > GRACE,
    }


def _kept(document: Document | None, names: tuple[str, ...]) -> Document | None:
    return None if document is None else {"id": document["_id"], **{name: document.get(name) for name in names}}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
