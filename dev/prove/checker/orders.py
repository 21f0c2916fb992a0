"""What was accepted exists and has ended; nothing else does."""

from collections import Counter
from collections.abc import Iterable

from dev.prove.checker.records import WAITING, Document, Records, total

Basket = tuple[tuple[str, int], ...]


def accepted_exist(records: Records) -> list[str]:
    """A 201 without its order is a lost order."""
    return [
        f"{answer['orderId']} was accepted for {key} and is not there"
        for key, answers in records.answers.accepted.items()
        for answer in answers
        if answer["orderId"] not in records.orders
    ]


def all_ended(records: Records) -> list[str]:
    """Every order is confirmed or cancelled, accepted or not."""
    return [f"{name} is {order['status']}" for name, order in records.orders.items() if order["status"] in WAITING]


def totals_as_answered(records: Records) -> list[str]:
    """What the client was told is what stands."""
    violations = []
    for answers in records.answers.accepted.values():
        for answer in answers:
            order = records.orders.get(answer["orderId"])
            if order is not None and total(order) != answer["total"]:
                violations.append(f"{order['_id']} was answered as {answer['total']} and stands as {total(order)}")
    return violations


def one_a_key(records: Records) -> list[str]:
    """However often a request was repeated, its answers name one order, and no two requests name the same."""
    violations = []
    keys: dict[str, str] = {}
    for key, answers in records.answers.accepted.items():
        named = {answer["orderId"] for answer in answers}
        if len(named) > 1:
            violations.append(f"{key} was answered with {sorted(named)}")
        violations += [f"{name} was answered to {keys[name]} and {key}" for name in named if name in keys]
        keys |= dict.fromkeys(named, key)
    return violations


def none_unsent(records: Records) -> list[str]:
    """An order whose answer was lost is one of the requests that have no answer; each of those made one at most."""
    answers = records.answers
    open_requests = Counter(
        _basket((sku, quantity) for sku, quantity in line["lines"])
        for key, line in answers.sent.items()
        if key not in answers.accepted and key not in answers.refused
    )
    answered = {answer["orderId"] for each in answers.accepted.values() for answer in each}
    violations = []
    for name, order in records.orders.items():
        if name in answered:
            continue
        basket = basket_of(order)
        open_requests[basket] -= 1
        if open_requests[basket] < 0:
            violations.append(f"{name} ({order['number']}) answers no request")
    return violations


def basket_of(order: Document) -> Basket:
    """An order's pieces by SKU."""
    return _basket((item["sku"], item["quantity"]) for item in order["items"])


def _basket(lines: Iterable[tuple[str, int]]) -> Basket:
    pieces: Counter[str] = Counter()
    for sku, quantity in lines:
        pieces[sku] += quantity
    return tuple(sorted(pieces.items()))
