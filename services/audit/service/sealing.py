"""Signing where the chains stand, into files that the database knows nothing of."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from common.clock import Clock
from common.ids import new_id
from common.logging import get_logger
from services.audit.domain import ChainHead, Mark, SigningKey, TrustedKeys, draft, instant
from services.audit.store import AuditLog, CheckpointFiles

log = get_logger(__name__)


class Sealing:
    """Appends checkpoints. Every copy of the service may: whoever comes second finds nothing left to say."""

    def __init__(
        self, log: AuditLog, files: CheckpointFiles, key: SigningKey, former_keys: list[str], clock: Clock
    ) -> None:
        self._log = log
        self._files = files
        self._clock = clock
        self.key = key
        self.public_keys = [key.public, *former_keys]
        self._trusted = TrustedKeys(self.public_keys)
        self._fresh = 0
        self._is_due = asyncio.Event()
        self._after_events = 0

    def note(self, events: int) -> None:
        """So many events were chained since."""
        self._fresh += events
        if self._after_events and self._fresh >= self._after_events:
            self._is_due.set()

    async def run(self, after_events: int, after_seconds: float) -> None:
        """Sign what has moved after so many events or so much time, for ever."""
        self._after_events = after_events
        while True:
            with suppress(TimeoutError):  # the time has come as well as the number
                async with asyncio.timeout(after_seconds):
                    await self._is_due.wait()
            self._is_due.clear()
            self._fresh = 0
            await self.seal()

    async def seal(self) -> None:
        """Sign every chain that has moved since its last checkpoint. Raises OSError, and then nothing is lost."""
        while heads := await self._log.unsealed():
            for head in heads:
                await asyncio.to_thread(self._seal, head)
                await self._log.mark_sealed(head)

    def marks(self, company_id: str | None) -> Iterator[Mark]:
        """What the checkpoints that are there now say of a chain, oldest first."""
        return self._trusted.marks(self._files.opened(company_id), company_id)

    def listed(self, company_id: str | None, *, newest_first: bool = False) -> Iterator[dict[str, Any]]:
        """The checkpoints of a chain."""
        return self._files.newest_first(company_id) if newest_first else self._files.opened(company_id)

    def now(self) -> str:
        """This moment, as the log writes it."""
        return instant(self._clock.now())

    def _seal(self, head: ChainHead) -> None:
        at = self.now()

        def make(newest: dict[str, Any] | None) -> dict[str, Any] | None:
            if newest is not None and newest["sequence"] > head.count:
                log.error("chain_ends_before_checkpoint", company_id=head.company_id, sequence=newest["sequence"])
            drafted = draft(new_id("chk"), head, at, newest)
            return self.key.sign(drafted) if drafted is not None else None

        self._files.append(head.company_id, make)
