"""Every fact sent, once, in order, into the audit log; nothing left to send."""

from collections import Counter, defaultdict

from dev.prove.checker.records import Document, Records

SHARED_SUBJECTS = ("markethall/auth", "markethall/shop", "markethall/company")
"""Sources whose several aggregates speak about one subject, each by a sequence of its own."""

SHARED_KINDS = ("stk_",)
"""Subjects some of whose events go out under another subject of the same sequence."""


def ids_once(records: Records) -> list[str]:
    """No two facts have one id, sent or not."""
    sent = Counter(event["id"] for event in records.sent)
    return [f"{name} is {count} events" for name, count in sent.items() if count > 1]


def no_hole(records: Records) -> list[str]:
    """Each aggregate's events, sent and waiting, are numbered from one without a hole or a repeat."""
    violations = []
    for name, events in _by_aggregate(_all(records)).items():
        numbers = sorted(event["sequence"] for event in events)
        if numbers != list(range(1, len(numbers) + 1)):
            violations.append(f"{' '.join(name)}: {numbers}")
    return violations


def audited_once(records: Records) -> list[str]:
    """Every event that left is in the log, once; the log holds none that nobody sent."""
    logged = Counter(entry["eventId"] for entry in records.audit)
    known = {event["id"]: event["type"] for event in _all(records)}
    sent = {event["id"]: event["type"] for event in records.sent}
    return (
        [f"{name} ({kind}) is not in the log" for name, kind in sent.items() if name not in logged]
        + [f"{name} is in the log {count} times" for name, count in logged.items() if count > 1]
        + [f"{name} is in the log and nobody sent it" for name in logged if name not in known]
    )


def audited_in_order(records: Records) -> list[str]:
    """The log tells each aggregate's story in the order in which it happened, and has no hole itself."""
    places = {entry["eventId"]: entry["sequence"] for entry in records.audit}
    numbers = sorted(places.values())
    violations = [] if numbers == list(range(1, len(numbers) + 1)) else ["the log's own numbers have a hole"]
    for name, events in _by_aggregate(records.sent).items():
        logged = [event for event in events if event["id"] in places]
        told = sorted(logged, key=lambda event: places[event["id"]])
        if [event["sequence"] for event in told] != sorted(event["sequence"] for event in logged):
            violations.append(f"{' '.join(name)} is told as {[event['type'] for event in told]}")
    return violations


def nothing_unsent(records: Records) -> list[str]:
    """No outbox holds an event any more."""
    return [
        f"{each.database}.{each.collection} {each.aggregate_id}: {each.event['type']} {each.event['id']}"
        for each in records.unsent
    ]


def nothing_unfinished(records: Records) -> list[str]:
    """No write that a commit announced is still to come."""
    violations = [f"{account['_id']} has writes to finish" for account in records.accounts if account["unfinished"]]
    violations += [f"{row['sku']} has movements to bring over" for row in records.stock if row.get("movements")]
    return violations + [
        f"{payment['_id']} is being captured" for payment in records.payments if payment.get("capturing")
    ]


def _all(records: Records) -> list[Document]:
    """What was sent, and what waits and was not: an event may be both for a moment."""
    sent = {event["id"]: event for event in records.sent}
    return list((sent | {each.event["id"]: each.event for each in records.unsent}).values())


def _by_aggregate(events: list[Document]) -> dict[tuple[str, str], list[Document]]:
    found: dict[tuple[str, str], list[Document]] = defaultdict(list)
    for event in events:
        if not event["sequence"] or event["source"] in SHARED_SUBJECTS or event["subject"].startswith(SHARED_KINDS):
            continue
        found[event["source"], event["subject"]].append(event)
    return found
