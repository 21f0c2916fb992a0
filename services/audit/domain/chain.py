"""The audit chain: the canonical form of an event, its hash, and the check of a chain against its checkpoints."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import rfc8785

GENESIS = "0" * 64
"""The previous hash of a chain's first event."""

_RISKY_NUMBERS = [
    re.compile(risk) for risk in (r"\.[0-9]+[,}\]]", r"e[+-][0-9]", r'":[0-9-][0-9]{15}', r"[\[,][0-9-][0-9]{15}")
]
"""Fractions, exponents and integers beyond 2**53 as Python writes them; several simple searches are the fastest."""

_FIRST_SURROGATE = "\ud800"


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The end of one chain: how many events it holds and the hash of the last one."""

    company_id: str | None
    count: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Mark:
    """What a checkpoint says of a chain. ``is_genuine``: signed by a key of ours, and linked to the one before."""

    sequence: int
    hash: str
    is_genuine: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a check. ``first_broken_sequence`` and ``reason`` are set where ``ok`` is false.

    ``checkpoints`` is how many agreed with the chain, ``checkpointed`` the sequence of the last of them.
    """

    ok: bool
    events: int
    head: str
    first_broken_sequence: int | None = None
    reason: str | None = None
    checkpoints: int = 0
    checkpointed: int = 0


def canonical(document: dict[str, Any]) -> bytes:
    """RFC 8785 JSON. Raises rfc8785.CanonicalizationError for what JSON cannot hold exactly.

    The C encoder writes the same bytes several times faster wherever numbers are safe integers and no
    character sorts differently in UTF-16; all else goes through the reference implementation.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except ValueError:
        return rfc8785.dumps(document)
    if any(risk.search(text) for risk in _RISKY_NUMBERS) or (not text.isascii() and max(text) >= _FIRST_SURROGATE):
        return rfc8785.dumps(document)
    return text.encode()


def hash_of(event: dict[str, Any]) -> str:
    """The hash of an audit event as shown, over everything but ``hash`` itself."""
    return hashlib.sha256(canonical({name: value for name, value in event.items() if name != "hash"})).hexdigest()


def chain(head: ChainHead, described: Iterable[dict[str, Any]]) -> tuple[ChainHead, list[dict[str, Any]]]:
    """Give each event its place behind ``head``; returns the new head and the finished events."""
    count, last, finished = head.count, head.hash, []
    for event in described:
        count += 1
        placed = {**event, "sequence": count, "previousHash": last}
        last = hash_of(placed)
        finished.append({**placed, "hash": last})
    return ChainHead(head.company_id, count, last), finished


class ChainCheck:
    """Walks one chain in the order of ``sequence``, part by part, and stops at the first broken link.

    ``marks`` come in the order of their sequence. ``after`` is the place before the first link: that of a
    whole chain is its beginning.
    """

    def __init__(self, marks: Iterable[Mark] = (), after: ChainHead | None = None) -> None:
        self._start = after.count if after else 0
        self._count = self._start
        self._last = after.hash if after else GENESIS
        self._marks = iter(marks)
        self._mark = next(self._marks, None)
        self._agreed = 0
        self._checkpointed = 0
        self._broken: tuple[int, str] | None = None

    @property
    def is_broken(self) -> bool:
        """Whether a link or a checkpoint did not hold."""
        return self._broken is not None

    def take(self, events: Iterable[dict[str, Any]]) -> bool:
        """Check the next events as shown; False once the chain is broken."""
        for event in events:
            reason = self._fault(event)
            if reason is not None:
                self._broken = (self._count + 1, reason)
                return False
            self._count += 1
            self._last = event["hash"]
            while self._mark is not None and self._mark.sequence <= self._count:
                if not self.meet(self._mark):
                    return False
                self._mark = next(self._marks, None)
        return True

    def meet(self, mark: Mark) -> bool:
        """Compare with a checkpoint of the place reached, or of one before the start; False if it disagrees."""
        agrees = mark.sequence == self._count and mark.hash == self._last
        if mark.is_genuine and (agrees or mark.sequence < self._start):
            self._agreed += agrees
            self._checkpointed = max(self._checkpointed, self._count if agrees else 0)
            return True
        self._broken = self._broken or (mark.sequence, "checkpoint")
        return False

    def note_surplus(self, head: ChainHead) -> None:
        """The chain goes on behind its head: somebody put the head back."""
        self._broken = self._broken or (head.count + 1, "unaccounted")

    def verdict(self, head: ChainHead) -> Verdict:
        """The result, once every event up to ``head`` has been taken."""
        broken = self._broken
        if broken is None and self._count < head.count:
            broken = (self._count + 1, "truncated")
        if broken is None and self._last != head.hash:
            broken = (self._count, "rewritten")
        if broken is None and self._mark is not None:
            broken = (self._count + 1, "checkpoint")
        checked = (self._count - self._start, head.hash)
        if broken is None:
            return Verdict(True, *checked, checkpoints=self._agreed, checkpointed=self._checkpointed)
        return Verdict(False, *checked, *broken, checkpoints=self._agreed, checkpointed=self._checkpointed)

    def _fault(self, event: dict[str, Any]) -> str | None:
        try:
            if event["sequence"] != self._count + 1:
                return "missing"
            if hash_of(event) != event["hash"]:
                return "edited"
        except (KeyError, rfc8785.CanonicalizationError):
            return "edited"  # no link was ever written like this
        return None if event["previousHash"] == self._last else "reordered"
