"""Faults by provider and operation, counted, in memory: the same rules and calls always meet the same faults."""

import itertools
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

PROVIDERS = ("stripe", "paypal", "twilio", "fcm", "smtp")
CALLING_BACK = ("stripe", "paypal", "twilio")
ANSWER_FAULTS = ("delay", "drop_before", "drop_after", "dead_connection", "status")
CALLBACK_FAULTS = ("duplicate", "reorder", "delay", "drop_before")
FAULTS = (*ANSWER_FAULTS, "duplicate", "reorder")
CALLBACK_PREFIX = "webhook."
TIMES_LIMIT = 1_000_000
SECONDS_LIMIT = 600
_FIELDS = {"provider", "operation", "fault", "times", "seconds", "status"}


class RuleRefused(Exception):
    """The asked-for rule is not understood; the message says why."""


@dataclass
class Rule:
    """One fault. `times` is how often it is still met, None until it is cleared."""

    id: int
    provider: str
    fault: str
    operation: str | None
    times: int | None
    seconds: float | None
    status: int | None
    used: int = 0

    def fits(self, provider: str, operation: str) -> bool:
        """Whether it is for this operation: by name or pattern; without one, for every request that is answered."""
        if provider != self.provider or self.times == 0:
            return False
        if self.operation is None:
            sent_back = provider in CALLING_BACK and self.fault in ("duplicate", "reorder")
            return operation.startswith(CALLBACK_PREFIX) == sent_back
        return fnmatchcase(operation, self.operation)

    @property
    def body(self) -> dict[str, Any]:
        """As JSON; what was not said is left out."""
        told = {name: getattr(self, name) for name in ("id", "provider", "operation", "fault", "times", "used")}
        told |= {"seconds": self.seconds, "status": self.status}
        return {name: value for name, value in told.items() if value is not None}


class RuleBoard:
    """The rules in force, the oldest first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._numbers = itertools.count(1)

    def put(self, asked: object) -> Rule:
        """Add a rule from a JSON body; raises RuleRefused."""
        rule = _parse(asked, next(self._numbers))
        self._rules.append(rule)
        return rule

    def take(self, provider: str, operation: str, faults: tuple[str, ...], *, named_only: bool = False) -> Rule | None:
        """The oldest rule that fits, one time of it used up; `named_only` leaves out those for every operation."""
        for rule in self._rules:
            if named_only and rule.operation is None:
                continue
            if rule.fault in faults and rule.fits(provider, operation):
                rule.used += 1
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def listing(self) -> list[dict[str, Any]]:
        """All rules, the used up ones too, with how often each was met."""
        return [rule.body for rule in self._rules]

    def clear(self) -> None:
        """No rules any more."""
        self._rules = []


def _parse(asked: object, number: int) -> Rule:
    if not isinstance(asked, dict) or set(asked) - _FIELDS:
        raise RuleRefused(f"send a JSON object of {', '.join(sorted(_FIELDS))}")
    provider, fault, operation = asked.get("provider"), asked.get("fault"), asked.get("operation")
    if provider not in PROVIDERS:
        raise RuleRefused(f"provider is one of {', '.join(PROVIDERS)}")
    if fault not in FAULTS:
        raise RuleRefused(f"fault is one of {', '.join(FAULTS)}")
    if operation is not None and not isinstance(operation, str):
        raise RuleRefused("operation is a name such as orders.capture, or a pattern such as webhook.*")
    _check_place(provider, fault, operation)
    times = _number(asked, "times", 1, TIMES_LIMIT)
    seconds = _number(asked, "seconds", 0, SECONDS_LIMIT, whole=False)
    status = _number(asked, "status", 400, 599)
    if fault == "delay" and seconds is None:
        raise RuleRefused("delay needs seconds")
    if (fault == "status") != (status is not None):
        raise RuleRefused("status goes with the fault status, and that with nothing else")
    whole = None if status is None else int(status)
    return Rule(number, provider, fault, operation, None if times is None else int(times), seconds, whole)


def _check_place(provider: str, fault: str, operation: str | None) -> None:
    back = fault in ("duplicate", "reorder")
    if back and provider not in CALLING_BACK and (provider, fault) != ("smtp", "duplicate"):
        raise RuleRefused(f"{provider} sends nothing back: {fault} is for {', '.join(CALLING_BACK)}")
    if operation is None or provider not in CALLING_BACK:
        return
    about_callbacks = operation.startswith(CALLBACK_PREFIX)
    if about_callbacks and fault not in CALLBACK_FAULTS:
        raise RuleRefused(f"what is sent back takes {', '.join(CALLBACK_FAULTS)}")
    if back and not about_callbacks:
        raise RuleRefused(f"{fault} is for what is sent back: operation begins with {CALLBACK_PREFIX}")


def _number(asked: dict[str, Any], name: str, least: int, most: int, *, whole: bool = True) -> float | None:
    value = asked.get(name)
    if value is None:
        return None
    right = isinstance(value, int) or (not whole and isinstance(value, float))
    if isinstance(value, bool) or not right or not least <= value <= most:
        raise RuleRefused(f"{name} is a {'whole ' if whole else ''}number from {least} to {most}")
    return float(value)
