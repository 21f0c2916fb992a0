"""The page for people: the verdict first, then each service's part, then what happened when."""

from typing import Any

from rich.console import Console

from dev.explain.case import Case
from dev.explain.events import Seen
from dev.explain.sources import Document
from dev.explain.verdict import Verdict
from dev.explain.words import ago, amount, day_and_clock, span

COLOURS = {"ended": "green", "waiting": "yellow", "stuck": "red"}
MARKS = {"handled": None, "nothing to do": None, "no trace": " (which may have had nothing to do)", "open": ""}


def show(console: Console, case: Case, verdict: Verdict, done: list[str]) -> None:
    """Prints all of it; ``done`` is what was just done about it."""
    for each in done:
        console.print(f"✓ {each}", soft_wrap=True, markup=False)
    console.print(f"[{COLOURS[verdict.kind]} bold]{verdict.sentence}[/]", soft_wrap=True)
    for problem in verdict.problems[1:]:
        console.print(f"  also: {problem.what}", soft_wrap=True, markup=False)
    for note in verdict.notes:
        console.print(f"  {note}", soft_wrap=True, markup=False)
    for heading, lines in _parts(case):
        if lines:
            console.print(f"\n[bold]{heading}[/]")
            for line in lines:
                console.print(f"  {line}", soft_wrap=True, markup=False)


def _parts(case: Case) -> list[tuple[str, list[str]]]:
    records = case.records
    return [
        ("order", _order(case)),
        ("stock", _stock(records.reservation, records.stock, records.order_id)),
        ("payment", [line for payment in records.payments for line in _payment(payment)]),
        ("ledger", [_posting(entry) for entry in records.ledger]),
        ("provider", [_provider(view) for view in case.providers]),
        ("debt", [f"{each['_id']} {each['status']}, {amount(each['principal'])}" for each in records.debts]),
        ("messages", [_message(each) for each in records.messages]),
        ("unsent", [_unsent(seen, case) for seen in case.events if seen.sent_at is None]),
        ("dead", [_laid(each) for each in case.broker.dead]),
        ("tried again", [_laid(each) for each in case.broker.retrying]),
        ("what happened", _timeline(case)),
        ("search the logs by", [", ".join([*case.requests, *case.traces])] if case.requests else []),
        ("do not run", [", ".join(case.stopped)] if case.stopped else []),
    ]


def _order(case: Case) -> list[str]:
    order = case.order
    states = f"{order['status']}, {order['paymentStatus']}, {order['fulfilmentStatus']}"
    lines = [f"{order['number']} {order['_id']} of {case.slug}: {states}", _deadline(case)]
    for line in order["items"]:
        lines.append(f"{line['quantity']} × {line['sku']} {line['name']}: {amount(line['total'])}")
    total = order["totals"]["grandTotal"]
    lines.append(f"total {amount(total)}, paid {amount(order['paid'])}, given back {amount(order['refunded'])}")
    return [line for line in lines if line]


def _deadline(case: Case) -> str:
    due = case.order["dueAt"]
    if due is None:
        return ""
    told = f"{ago(due, case.at)}: overdue" if case.at > due else f"in {span(due - case.at)}"
    return f"deadline {day_and_clock(due)} ({told})"


def _stock(reservation: Document | None, rows: list[Document], order_id: str) -> list[str]:
    lines = [f"no reservation of {order_id} is known"] if reservation is None else []
    if reservation is not None:
        reason = f" ({reservation['reason']})" if reservation["reason"] else ""
        lines.append(f"reservation {reservation['state']}{reason}")
        lines += [f"{each['quantity']} × {each['sku']} at {each['warehouseId']}" for each in reservation["lines"]]
        lines += [
            f"short: {each['sku']}, {each['requested']} asked, {each['available']} there"
            for each in reservation["shortages"]
        ]
    for row in rows:
        held = sum(hold["quantity"] for hold in row.get("holds", []) if hold["orderId"] == order_id)
        here = f"{row['onHand']} on hand, {row['reserved']} reserved, {held} of them for this order"
        lines.append(f"{row['sku']} at {row['warehouseId']}: {here}")
    return lines


def _payment(payment: Document) -> list[str]:
    failure = payment["failure"] or {}
    because = f" ({failure.get('declineCode') or failure.get('code')})" if failure else ""
    told = f"{payment['_id']} {payment['method']} by {payment['provider']}: {payment['status']}{because}"
    moved = f"captured {amount(payment['captured'])}, refunded {amount(payment['refunded'])}"
    lines = [f"{told}, {amount(payment['amount'])}, {payment['attempts']} calls; {moved}"]
    return lines + [
        f"  refund {each['id']} {each['status']}: {amount(each['amount'])}, {each['reason']}"
        for each in payment["refunds"]
    ]


def _posting(entry: Document) -> str:
    lines = [f"{line['account']} {amount(line)}" for line in entry["lines"]]
    return f"{day_and_clock(entry['at'])} {entry['cause']}: {', '.join(lines)}"


def _provider(view: dict[str, Any]) -> str:
    who = f"{view['asked']} says" if view["asked"] else "not asked"
    says = [
        " ".join(f"{name} {each[name]}" for name in ("id", "kind", "status") if each.get(name)) for each in view["says"]
    ]
    return f"{view['paymentId']}: {who}: {'; '.join(says) or view['remark']}"


def _message(message: Document) -> str:
    failed = [each["error"] for each in message["attempts"] if each["error"]]
    because = f": {failed[-1]}" if failed and message["status"] != "sent" else ""
    return f"{message['type']} by {message['channel']}: {message['status']}, {len(message['attempts'])} tries{because}"


def _unsent(seen: Seen, case: Case) -> str:
    place = ".".join(seen.aggregate or ())
    return f"{seen.type} {seen.id} since {span(case.at - seen.at)} in {seen.service} {place}"


def _laid(each: dict[str, Any]) -> str:
    return f"{each['service']}: {each['type']} {each['id']}, {each['attempts']} tries: {each['reason']}"


def _timeline(case: Case) -> list[str]:
    """Events by time, what caused each, and who has not taken it; older ones from the audit log alone."""
    types = {seen.id: seen.type for seen in case.events}
    lines = [
        f"{each['at'].replace('T', ' ').removesuffix('Z')}  {each['action']:<30} {_actor(each['actor'])} (audit log)"
        for each in case.audited
        if each["eventId"] not in types
    ]
    return lines + [_happened(seen, types) for seen in case.events]


def _happened(seen: Seen, types: dict[str, str]) -> str:
    told = seen.document
    after = f" after {cause}" if (cause := types.get(told.get("causationid", ""))) else ""
    missing = [f"{name}{MARKS[how]}" for name, how in sorted(seen.consumers.items()) if MARKS[how] is not None]
    open_at = f"; not taken by {', '.join(missing)}" if missing else ""
    unsent = "" if seen.sent_at else " (unsent)"
    why = " · ".join(str(seen.data[name]) for name in ("reason", "code", "note") if seen.data.get(name))
    because = f" ({why})" if why else ""
    who = f"{seen.service} for {told.get('actor')}"
    return f"{day_and_clock(seen.at)}  {seen.type:<30} {who}{because}{after}{unsent}{open_at}"


def _actor(actor: Document) -> str:
    return f"{actor['type']}:{actor['id']}" if actor["id"] else str(actor["type"])
