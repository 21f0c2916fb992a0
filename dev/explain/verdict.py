"""In plain words: has the order ended, what does it wait for, or where is it stuck."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from dev.dead import Dead
from dev.explain.case import Case
from dev.explain.events import Seen
from dev.explain.words import ago, amount, clock, span

Kind = Literal["ended", "waiting", "stuck"]
EXIT_CODES: dict[Kind, int] = {"ended": 0, "waiting": 0, "stuck": 2}

GRACE = timedelta(seconds=10)
"""How long an event may be on its way, and a deadline be over, before anybody calls that stuck."""

QUEUE_GRACE = timedelta(seconds=60)
SWEEP_GRACE = timedelta(seconds=60)
"""How late a sweeper may be."""

OPEN = ("pending", "on_hold")
UNDER_WAY = ("pending", "processing", "requires_action")


@dataclass(frozen=True, slots=True)
class Problem:
    """What holds the order up, and the command that helps."""

    what: str
    remedy: str | None = "--resume"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``sentence`` comes first; ``problems`` are all that was found, ``notes`` what is on its way."""

    kind: Kind
    sentence: str
    problems: list[Problem]
    notes: list[str]


def judge(case: Case) -> Verdict:
    """The verdict of this moment."""
    problems = [*_late(case), *_unsent(case), *_unread_dead(case)]
    notes = [*_about_to_be_sent(case), *_on_its_way_back(case)]
    for service, seen in open_events(case):
        found = _held_up(case, service, seen)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            notes.append(found)
    if problems:
        first = problems[0]
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        helps = f"; `{first.remedy}` helps" if first.remedy else ""
        return Verdict("stuck", f"stuck: {first.what}{helps}{more}", problems, notes)
    if case.order["dueAt"] is not None or case.order["status"] in OPEN:
        return Verdict("waiting", _waits(case), [], notes)
    return Verdict("ended", f"ended: {_end(case)}", [], notes)


def open_events(case: Case) -> list[tuple[str, Seen]]:
    """Who has not taken what was sent, in the order in which it happened."""
    return [
        (service, seen)
        for seen in case.events
        if seen.sent_at is not None
        for service, handling in seen.consumers.items()
        if handling == "open"
    ]


def lost_events(case: Case) -> list[tuple[str, Seen]]:
    """Who has neither taken what was sent nor has it waiting anywhere: these are sent again."""
    return [(service, seen) for service, seen in open_events(case) if _is_lost(case, service, seen)]


def unread_by(case: Case, service: str) -> list[tuple[str, Seen]]:
    """What left no trace at a service that leaves one wherever it had something to do."""
    return [
        (service, seen)
        for seen in case.events
        if seen.consumers.get(service) == "no trace"
        and seen.sent_at is not None
        and service not in case.stopped
        and case.at - seen.sent_at > GRACE
        and not _queued(case, service)
    ]


def _is_lost(case: Case, service: str, seen: Seen) -> bool:
    if _among(case.broker.dead, service, seen) or _among(case.broker.retrying, service, seen):
        return False
    if service in case.stopped:
        return False  # it lies in the queue, and is taken once the service runs
    return case.at - _sent(seen) > (QUEUE_GRACE if _queued(case, service) else GRACE)


def _queued(case: Case, service: str) -> int:
    queue = case.broker.queues.get(service)
    return queue.messages + queue.in_hand if queue is not None else 0


def _held_up(case: Case, service: str, seen: Seen) -> Problem | str:
    """Why a consumer has not taken an event: a problem, or a note where it is on its way."""
    what, age = f"{seen.type} of {clock(seen.at)}", case.at - _sent(seen)
    if dead := _among(case.broker.dead, service, seen):
        return Problem(f"{what} is dead at {service} after {dead['attempts']} tries: {dead['reason']}")
    if again := _among(case.broker.retrying, service, seen):
        return f"{service} tries {what} again, for the {again['attempts']}. time: {again['reason']}"
    if age <= GRACE:
        return f"{what} is on its way to {service}"
    if service in case.stopped:
        return Problem(f"{what} waits for {service}, which does not run", f"./markethall start {service}")
    if queued := _queued(case, service):
        behind = f"{what} waits, it seems, in the queue of {service}, which holds {queued} messages"
        return behind if age <= QUEUE_GRACE else Problem(f"{behind}, since {span(age)}")
    return Problem(f"{what} was never handled by {service}")


def _late(case: Case) -> Iterator[Problem]:
    """Timers that have run out, and nobody acted."""
    order = case.order
    if order["dueAt"] is not None and case.at > order["dueAt"] + GRACE:
        helps = "./markethall start sales" if "sales" in case.stopped else "--resume"
        yield Problem(f"its deadline was {ago(order['dueAt'], case.at)}, and sales has not ended it", helps)
    reservation = case.records.reservation
    if reservation and _is_overdue(reservation["wakeAt"], case.at):
        since = ago(reservation["wakeAt"], case.at)
        yield Problem(f"inventory left its reservation {reservation['state']} {since}", _again("inventory", case))
    for payment in case.records.payments:
        if payment["dueAt"] is not None and _is_overdue(payment["dueAt"], case.at):
            since = ago(payment["dueAt"], case.at)
            yield Problem(f"payment left {payment['_id']} {payment['status']} {since}", _again("payment", case))


def _again(service: str, case: Case) -> str:
    """What makes a service's own timers run: nothing that is sent to it does."""
    return f"./markethall {'start' if service in case.stopped else 'restart'} {service}"


def _is_overdue(due: datetime | None, now: datetime) -> bool:
    return due is not None and now > due + SWEEP_GRACE


def _unsent(case: Case) -> Iterator[Problem]:
    for seen in case.events:
        if seen.sent_at is None and not _is_young(case, seen):
            since = f"waits in the outbox of {seen.service} since {span(case.at - seen.at)}"
            helps = f"./markethall start {seen.service}" if seen.service in case.stopped else "--resume"
            yield Problem(f"{seen.type} of {clock(seen.at)} {since}", helps)


def _unread_dead(case: Case) -> Iterator[Problem]:
    """Dead messages whose event no producer keeps any more."""
    known = {(service, seen.id) for service, seen in open_events(case)}
    for dead in case.broker.dead:
        if (dead["service"], dead["id"]) not in known:
            what = f"{dead['type']} of {dead['time']}"
            yield Problem(f"{what} is dead at {dead['service']} after {dead['attempts']} tries: {dead['reason']}")


def _is_young(case: Case, seen: Seen) -> bool:
    return case.at - seen.at <= GRACE


def _about_to_be_sent(case: Case) -> list[str]:
    young = [seen for seen in case.events if seen.sent_at is None and _is_young(case, seen)]
    return [f"{seen.type} is about to be sent" for seen in young]


def _on_its_way_back(case: Case) -> list[str]:
    refunds = [each for payment in case.records.payments for each in payment["refunds"] if each["status"] == "pending"]
    return [f"{amount(each['amount'])} are on their way back: {each['reason']}" for each in refunds]


def _among(messages: Dead, service: str, seen: Seen) -> dict[str, object] | None:
    return next((each for each in messages if each["service"] == service and each["id"] == seen.id), None)


def _sent(seen: Seen) -> datetime:
    return seen.sent_at or seen.at


def _end(case: Case) -> str:
    order = case.order
    if order["status"] == "cancelled":
        refunded = f", {amount(order['refunded'])} given back" if order["refunded"]["amount"] else ""
        return f"cancelled ({order['cancelReason']}), {order['paymentStatus'].replace('_', ' ')}{refunded}"
    return f"{order['status']} and {order['paymentStatus'].replace('_', ' ')}"


def _waits(case: Case) -> str:
    """What has to happen next, since when, and by when."""
    order = case.order
    since = f"since {span(case.at - order['updatedAt'])}"
    until = f", deadline in {span(order['dueAt'] - case.at)}" if order["dueAt"] else ""
    if order["status"] == "on_hold":
        return f"held by staff {since}{until}"
    if order["fulfilmentStatus"] == "unfulfilled":
        return f"waits for its goods to be held {since}{until}"
    for payment in case.records.payments:
        if payment["status"] in UNDER_WAY:
            return f"waits for {_payment_step(payment)} {since}{until}"
    return f"waits for the payment {since}{until}"


def _payment_step(payment: dict[str, object]) -> str:
    if payment["status"] == "requires_action":
        return "the buyer to confirm the payment with the bank"
    return f"{payment['provider']}'s verdict on {payment['_id']}"
