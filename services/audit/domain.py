"""The audit chain: what an event becomes, its canonical form, its hash, and the check of a whole chain."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

from common.events import EVENT_MODELS, Envelope, EventData
from common.events.parts import ChangeData

GENESIS = "0" * 64
"""The previous hash of a chain's first event."""

ACTOR_TYPES = ("user", "key", "system", "anonymous")

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
class Verdict:
    """The answer of a check. ``first_broken_sequence`` and ``reason`` are set where ``ok`` is false."""

    ok: bool
    events: int
    head: str
    first_broken_sequence: int | None = None
    reason: str | None = None


def describe(event: Envelope[EventData], document: dict[str, Any]) -> dict[str, Any]:
    """The audit event for a fact of the feed, before it has a place in its chain.

    ``document`` is the CloudEvent as published. Edits show what they changed; all else shows its data.
    """
    is_edit = isinstance(event.data, ChangeData)
    at = instant(event.time)
    return {
        "id": f"aud_{event.id.removeprefix('evt_')}",
        "companyId": event.company_id,
        "version": 1,
        "createdAt": at,
        "updatedAt": at,
        "at": at,
        "actor": _actor(event),
        "action": event.type,
        "resource": {"type": resource_type(type(event.data)), "id": event.subject},
        "before": document["data"].get("before") if is_edit else None,
        "after": document["data"].get("after") if is_edit else document["data"],
        "requestId": event.correlation_id or None,
        "eventId": event.id,
    }


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC, always to the millisecond, so that instants sort as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _actor(event: Envelope[EventData]) -> dict[str, Any]:
    kind, _, actor_id = event.actor.partition(":")
    shown = kind if kind in ACTOR_TYPES else "system"
    return {"type": shown, "id": actor_id or None, "ip": event.client_ip}


def resource_type(model: type[EventData]) -> str:
    """What the event's subject is: ``order`` for inventory.reserved too, whose subject is an order."""
    first = next(iter(model.model_fields))
    names_its_subject = model.subject_id is EventData.subject_id and first.endswith("_id")
    return first.removesuffix("_id") if names_its_subject else model.TYPE.partition(".")[0]


RESOURCE_TYPES = frozenset(resource_type(model) for model in EVENT_MODELS.values())


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
    """Walks one chain in the order of ``sequence``, part by part, and stops at the first broken link."""

    def __init__(self, head: ChainHead) -> None:
        self._head = head
        self._count = 0
        self._last = GENESIS
        self._broken: tuple[int, str] | None = None

    def take(self, events: Iterable[dict[str, Any]]) -> bool:
        """Check the next events as shown; False once the chain is broken."""
        for event in events:
            reason = self._fault(event)
            if reason is not None:
                self._broken = (self._count + 1, reason)
                return False
            self._count += 1
            self._last = event["hash"]
        return True

    def note_surplus(self) -> None:
        """The chain goes on behind its head: somebody put the head back."""
        if self._broken is None:
            self._broken = (self._head.count + 1, "unaccounted")

    def verdict(self) -> Verdict:
        """The result, once every event up to the head has been taken."""
        broken = self._broken
        if broken is None and self._count < self._head.count:
            broken = (self._count + 1, "truncated")
        if broken is None and self._last != self._head.hash:
            broken = (self._count, "rewritten")
        if broken is None:
            return Verdict(True, self._count, self._head.hash)
        return Verdict(False, self._count, self._head.hash, *broken)

    def _fault(self, event: dict[str, Any]) -> str | None:
        if event["sequence"] != self._count + 1:
            return "missing"
        if hash_of(event) != event["hash"]:
            return "edited"
        if event["previousHash"] != self._last:
            return "reordered"
        return None
