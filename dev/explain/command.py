"""The command: find the order, ask everybody, act where asked to, and say how it stands."""

import argparse
import json
import time

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


def run(chosen: argparse.Namespace, home: Home, console: Console) -> int:
    """Returns 0 for an order that has ended or goes its way, 2 for one that is stuck.

    Raises:
        OperatorError: no such order, an action without a reason, or somebody who must be asked does not answer.
    """
    action = next((name for name in ACTIONS if getattr(chosen, name)), None)
    reason = (chosen.reason or "").strip()
    if action is not None and not 0 < len(reason) <= LONGEST_REASON:
        raise OperatorError(f"--{action} needs --reason TEXT, of at most {LONGEST_REASON} characters.")
    with opened(home) as sources:
        broker = Broker(home)
        case = read_case(home, sources, broker, find_order(sources, chosen.order, chosen.company))
        done: list[str] = []
        if action is not None:
            done = act(home, sources, broker, case, action, reason)
            case = _settled(home, sources, broker, case.order)
    verdict = judge(case)
    _tell(console, case, verdict, done, as_json=chosen.json)
    return EXIT_CODES[verdict.kind]


def _settled(home: Home, sources: Sources, broker: Broker, order: Document) -> Case:
    """The case once everybody has taken what was sent, or after a quarter of a minute as it stands then."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        case = read_case(home, sources, broker, order)
        verdict = judge(case)
        if not (verdict.problems or verdict.notes) or time.monotonic() > until:
            return case
        time.sleep(PAUSE_SECONDS)


def _tell(console: Console, case: Case, verdict: Verdict, done: list[str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**report(case, verdict), "done": done}, indent=1))
        return
    show(console, case, verdict, done)
