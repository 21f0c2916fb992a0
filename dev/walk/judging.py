"""Whether an answer is the expected one, and whether it shows what is somebody else's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import httpx2

from dev.walk.callers import ANONYMOUS, CUSTOMER, EXPIRED, MANAGER, PUBLISHABLE, SCOPELESS, STAFF, Caller
from dev.walk.places import is_all_rejected
from dev.walk.report import Finding, Report
from dev.walk.rows import Row
from dev.walk.world import World

NOT_BUILT_YET = 501
ELSEWHERE = (
    "held_sale_of_other_shop",
    "order_of_other_shop",
    "payment_of_other_shop",
    "reservation_of_other_shop",
    "return_of_other_shop",
    "sale_of_other_shop",
)
OF_OTHERS = (
    *ELSEWHERE,
    "customer_of_others",
    "customer_of_others_user",
    "notification_of_others",
    "order_of_others",
    "payment_of_others",
)
OF_CUSTOMERS = (*OF_OTHERS, "customer", "customer_user", "notification", "order", "paid_order", "payment")
UNSEEN = {
    CUSTOMER: OF_OTHERS,
    STAFF: ELSEWHERE,
    MANAGER: ELSEWHERE,
    **dict.fromkeys((ANONYMOUS, PUBLISHABLE, SCOPELESS, EXPIRED), OF_CUSTOMERS),
}
"""Kinds of the caller's own company that no answer shows to it, whatever it asks."""


class Tried(Protocol):
    """What a step tells of itself."""

    @property
    def variation(self) -> str:
        """Whose ids stood where."""

    @property
    def expected(self) -> frozenset[int]:
        """The right answers."""

    @property
    def is_foreign(self) -> bool:
        """Whether a success would itself be a leak."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares answers with the table, and enters what is wrong into the report."""

    own: World
    foreign: World
    report: Report

    def judge(self, row: Row, caller: Caller, step: Tried, answer: httpx2.Response) -> None:
        """Count the call; note an answer that is not in the table, and one that shows too much."""
        self.report.count(caller.name)
        sought = " or ".join(map(str, sorted(step.expected)))
        told = f"{answer.status_code} {answer.text[:160]}"
        finding = Finding(row.route, caller.name, step.variation, sought, told)
        if answer.status_code not in step.expected or not _is_well_told(answer):
            self.report.wrong.append(finding)
        if caller.name in row.sees_all:
            return
        succeeded = answer.status_code < 300 and not is_all_rejected(answer)
        if (step.is_foreign and succeeded) or self._shows(caller, answer):
            self.report.leaks.append(finding)

    def _shows(self, caller: Caller, answer: httpx2.Response) -> bool:
        """Whether something is told that the caller did not send itself."""
        request = answer.request
        sent = f"{request.url} {request.content!r}"
        text = answer.text
        return any(secret in text and secret not in sent for secret in self._secrets(caller))

    def _secrets(self, caller: Caller) -> Iterator[str]:
        yield self.foreign.mark
        yield from self.foreign.made
        yield from (self.own.ids[kind] for kind in UNSEEN.get(caller.name, ()) if kind in self.own.ids)


def _is_well_told(answer: httpx2.Response) -> bool:
    """What is not built yet says so by its code."""
    return answer.status_code != NOT_BUILT_YET or answer.json().get("code") == "not_built_yet"
