"""The command: find the order, ask everybody, act where asked to, and say how it stands."""

import argparse
import json
import time
from dataclasses import dataclass

from rich.console import Console

from dev.explain.acting import Action, act
from dev.explain.broker import Broker
from dev.explain.case import Case, read_case
from dev.explain.finding import find_order
from dev.explain.page import show
from dev.explain.report import report
from dev.explain.sources import Document, Sources, opened
from dev.explain.verdict import EXIT_CODES, Verdict, judge
from dev.home import Home, OperatorError

SETTLE_SECONDS = 15.0
PAUSE_SECONDS = 0.3
LONGEST_REASON = 500
ACTIONS: tuple[Action, ...] = ("resume", "cancel", "refund")


@dataclass(frozen=True, slots=True)
class Told:
    """How an order stands, and what was just done about it."""

    case: Case
    verdict: Verdict
    done: list[str]


def run(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    """Returns 0 for an order that has ended or goes its way, 2 for one that is stuck.

    Raises:
        OperatorError: no such order, an action without a reason, or somebody who must be asked does not answer.
    """
    action = next((name for name in ACTIONS if getattr(chosen, name)), None)
    told = examine(home, chosen.order, company=chosen.company, action=action, reason=chosen.reason or "")
    if chosen.json:
        print(json.dumps({**report(told.case, told.verdict), "done": told.done}, indent=1))
    else:
        show(console, told.case, told.verdict, told.done)
    return EXIT_CODES[told.verdict.kind]


def examine(
    home: Home, name: str, *, company: str | None = None, action: Action | None = None, reason: str = ""
) -> Told:
    """Ask everybody about the order of this id or number, after acting where an action is named. Raises as `run`."""
    if action is not None and not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise OperatorError(f"--{action} needs --reason TEXT, of at most {LONGEST_REASON} characters.")
    with opened(home) as sources:
        broker = Broker(home)
        case = read_case(home, sources, broker, find_order(sources, name, company))
        done: list[str] = []
        if action is not None:
            done = act(home, sources, broker, case, action, reason.strip())
            case = _settled(home, sources, broker, case.order)
        return Told(case, judge(case), done)


def _settled(home: Home, sources: Sources, broker: Broker, order: Document) -> Case:
    """The case once everybody has taken what was sent, or after a quarter of a minute as it stands then."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        case = read_case(home, sources, broker, order)
        verdict = judge(case)
        if not (verdict.problems or verdict.notes) or time.monotonic() > until:
            return case
        time.sleep(PAUSE_SECONDS)
