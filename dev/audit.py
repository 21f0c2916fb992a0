"""Checks an exported audit log without any server: `./markethall audit verify FILE`."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from rich.console import Console

from dev.home import Home, OperatorError
from dev.secret_store import SecretStore, public_key
from services.audit.domain import GENESIS, ChainCheck, ChainHead, Mark, TrustedKeys, Verdict, digest


class Unreadable(OperatorError):
    """The file is no export of the audit log."""


def verify(chosen: Namespace, home: Home, console: Console) -> int:
    """Checks a file, tells what was found, and returns 0 where everything holds and 1 where it does not."""
    keys = chosen.key or _own_keys(home)
    path = Path(chosen.file)
    apart = Path(chosen.checkpoints) if chosen.checkpoints else None
    try:
        verdict = check(path, keys, apart)
    except OSError as error:
        raise OperatorError(f"{error.filename} cannot be read: {error.strerror}.") from error
    if not keys:
        console.print("No key was named: the signatures were checked against the keys that the file itself brings.")
    for line in _told(verdict):
        console.print(line)
    return 0 if verdict.ok else 1


def check(path: Path, keys: list[str], apart: Path | None = None) -> Verdict:
    """Checks an export in constant memory. ``keys``: public keys (base64url) to trust; none: those in the file.

    ``apart``: checkpoints that were kept elsewhere, another export or the service's own file.

    Raises:
        Unreadable: the file does not begin as an export does.
    """
    lines = _lines(path)
    opening = next(lines, None)
    if opening is None or opening.get("type") != "export" or not _is_run(opening):
        raise Unreadable(f"{path} is no export of an audit log.")
    try:
        trusted = TrustedKeys(keys or opening["keys"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable("A key must be 32 bytes in base64url.") from error
    return _Reading(opening, trusted, apart).read(lines)


class _Reading:
    """One pass over the lines behind the opening."""

    def __init__(self, opening: dict[str, Any], trusted: TrustedKeys, apart: Path | None) -> None:
        self._opening = opening
        self._company_id = opening.get("companyId")
        self._first = opening["firstSequence"]
        self._trusted = trusted
        self._apart = apart
        self._linked_to: str | None = None
        self._check: ChainCheck | None = None
        self._events = 0
        self._last = GENESIS

    def read(self, lines: Iterator[dict[str, Any]]) -> Verdict:
        """What they show; an export without its signed end was cut off."""
        for line in lines:
            if line.get("type") == "end":
                return self._end(line, is_last=next(lines, None) is None)
            holds = self._meet(line) if line.get("type") == "checkpoint" else self._take(line)
            if not holds:
                return self._checking({}).verdict(self._reached())
        return self._cut(self._events + 1)

    def _take(self, event: dict[str, Any]) -> bool:
        if not self._checking(event).take([event]):
            return False
        self._events, self._last = self._events + 1, event["hash"]
        return True

    def _meet(self, checkpoint: dict[str, Any]) -> bool:
        mark = self._trusted.mark(checkpoint, self._company_id, self._linked_to)
        self._linked_to = digest(checkpoint)
        return self._checking({}).meet(mark)

    def _end(self, line: dict[str, Any], *, is_last: bool) -> Verdict:
        is_ours = line.get("export") == digest(self._opening)
        if not (is_last and is_ours and self._trusted.hold(line)):
            return self._cut(self._events, "checkpoint")
        if self._events < line["events"]:
            return self._cut(self._events + 1)
        return self._checking({}).verdict(ChainHead(self._company_id, self._first - 1 + line["events"], line["hash"]))

    def _checking(self, event: dict[str, Any]) -> ChainCheck:
        """The check, begun with the first event: a part of a chain goes on from what that one names."""
        if self._check is None:
            before = GENESIS if self._first == 1 else str(event.get("previousHash"))
            self._check = ChainCheck(self._kept_apart(), ChainHead(self._company_id, self._first - 1, before))
        return self._check

    def _kept_apart(self) -> Iterator[Mark]:
        """What checkpoints from elsewhere say of this run: those that were there when it was exported."""
        if self._apart is None:
            return
        last = self._opening["lastSequence"] if self._opening.get("to") or self._is_empty_part() else None
        kept = [line for line in _lines(self._apart) if line.get("type") == "checkpoint"]
        for line, mark in zip(kept, self._trusted.marks(kept, self._company_id), strict=True):
            is_older = str(line.get("createdAt")) < str(self._opening.get("createdAt"))
            if is_older and mark.sequence >= self._first and (last is None or mark.sequence <= last):
                yield mark

    def _is_empty_part(self) -> bool:
        return bool(self._opening.get("from")) and self._opening["lastSequence"] < self._first

    def _reached(self) -> ChainHead:
        return ChainHead(self._company_id, self._first - 1 + self._events, self._last)

    def _cut(self, event: int, reason: str = "truncated") -> Verdict:
        return Verdict(False, self._events, self._last, self._first - 1 + event, reason)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines; what is none reads as an event that does not hold."""
    with path.open("rb") as file:
        for line in file:
            try:
                found = from_json(line)
            except ValueError:
                found = {}
            yield found if isinstance(found, dict) else {}


def _is_run(opening: dict[str, Any]) -> bool:
    return all(isinstance(opening.get(name), int) for name in ("firstSequence", "lastSequence"))


def _own_keys(home: Home) -> list[str]:
    """The key of the suite of this home, where there is one."""
    seed = SecretStore(home.secrets).find("signing.audit")
    return [public_key(seed)] if seed else []


def _told(verdict: Verdict) -> list[str]:
    if verdict.ok:
        signed = f"{verdict.checkpoints} signed checkpoints agree" if verdict.checkpoints else "no checkpoint is in it"
        return [f"The chain holds: {verdict.events} events, {signed}.", f"Its last hash is {verdict.head}."]
    return [f"The chain does not hold: at event {verdict.first_broken_sequence}, {verdict.reason}."]
