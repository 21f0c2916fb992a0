"""A chain as JSON lines, for whoever wants to keep or check it without us."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from services.audit.domain import GENESIS, canonical, digest
from services.audit.service.sealing import Sealing
from services.audit.store import AuditLog, read_part

VERSION = 1


class Export:
    """One run of a chain: a line that says what follows, events and checkpoints in their order, a signed end."""

    def __init__(self, log: AuditLog, sealing: Sealing, company_id: str | None, filters: dict[str, str]) -> None:
        self._log = log
        self._sealing = sealing
        self._company_id = company_id
        self._filters = filters
        self._first, self._last = 1, 0

    async def begin(self, criteria: dict[str, Any]) -> None:
        """Settle which run it is: up to the present end, and without holes also where times are not in order."""
        self._created_at = self._sealing.now()  # before the head: older checkpoints say no more than it does
        self._checkpoints = await asyncio.to_thread(self._sealing.listed, self._company_id)
        head = await self._log.head(self._company_id)
        if not criteria:
            self._last = head.count
        elif found := await self._log.bounds(self._company_id, criteria, head.count):
            self._first, self._last = found

    async def lines(self) -> AsyncIterator[bytes]:
        """The lines, many at a time, as they are read: memory does not grow with the chain."""
        opening = self._opening()
        yield canonical(opening) + b"\n"
        self._checkpoint = self._next_checkpoint(self._first)
        count, end = 0, GENESIS
        async for part in self._log.parts(self._company_id, self._last, self._first):
            text, events, end = await asyncio.to_thread(self._write, part)
            count += events
            yield text
        if not self._filters:  # a whole chain that ends before its checkpoints has been cut
            yield await asyncio.to_thread(self._write_rest)
        yield canonical(self._sealing.key.sign(self._ending(opening, count, end))) + b"\n"

    def _write(self, part: bytes) -> tuple[bytes, int, str]:
        """The lines of a part, how many events are in it, and the hash of the last."""
        lines, events = [], read_part(part)
        for event in events:
            lines.append(canonical(event))
            while self._checkpoint is not None and self._checkpoint["sequence"] <= event["sequence"]:
                lines.append(canonical(self._checkpoint))
                self._checkpoint = self._next_checkpoint(self._first)
        return b"\n".join([*lines, b""]), len(events), events[-1]["hash"] if events else GENESIS

    def _write_rest(self) -> bytes:
        rest = [] if self._checkpoint is None else [self._checkpoint, *self._checkpoints]
        return b"".join(canonical(each) + b"\n" for each in rest)

    def _next_checkpoint(self, first: int) -> dict[str, Any] | None:
        return next((each for each in self._checkpoints if each["sequence"] >= first), None)

    def _opening(self) -> dict[str, Any]:
        return {
            "type": "export",
            "version": VERSION,
            "companyId": self._company_id,
            "from": self._filters.get("from"),
            "to": self._filters.get("to"),
            "createdAt": self._created_at,
            "firstSequence": self._first,
            "lastSequence": self._last,
            "keys": self._sealing.public_keys,
        }

    def _ending(self, opening: dict[str, Any], events: int, end: str) -> dict[str, Any]:
        return {"type": "end", "export": digest(opening), "events": events, "hash": end}
