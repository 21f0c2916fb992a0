"""Leases with a fencing number, measured by the database's own clock."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError, PyMongoError

from common.clock import monotonic_seconds
from common.ids import sortable_part
from common.logging import get_logger

log = get_logger(__name__)

LEASE_SECONDS = 10
RENEW_SECONDS = 3

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_UNTIL = {"$add": ["$$NOW", LEASE_SECONDS * 1000]}


class NotHolder(RuntimeError):
    """Another copy holds the lease, or ours ran out."""


class Lease:
    """One named lease in the collection ``leases``; each new holder gets a higher fence.

    Its record tells people who holds it: ``by``, the host and the process.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], name: str) -> None:
        self._collection = database["leases"]
        self._name = name
        self._holder = sortable_part()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[int]:
        """Hold the lease while the block runs; yields the fence. Raises NotHolder when it is taken or lost."""
        fence = await self._acquire()
        task = asyncio.current_task()
        assert task is not None
        lost = asyncio.Event()
        left = asyncio.Event()
        keeper = asyncio.create_task(self._keep(fence, task, lost, left), name=f"lease {self._name}")
        try:
            yield fence
        except asyncio.CancelledError:
            if lost.is_set() and task.cancelling() == 1:  # a stop asked from outside stays one
                raise NotHolder(self._name) from None
            raise
        finally:
            if lost.is_set():
                # Also where the driver swallowed it: with ours still counted, the next cancellation that comes out of
                # a library would be taken for a stop asked from outside, and end this task for good.
                task.uncancel()
            left.set()  # the driver may swallow the cancellation, and a keeper that went on would hold it for ever
            keeper.cancel()
            with suppress(PyMongoError):
                await self._release(fence)

    async def _acquire(self) -> int:
        with suppress(DuplicateKeyError):  # an upsert may not carry $expr, so the record is made first
            await self._collection.update_one(
                {"_id": self._name}, {"$setOnInsert": {"until": _LONG_AGO, "fence": 0}}, upsert=True
            )
        document = await self._collection.find_one_and_update(
            {"_id": self._name, "$expr": {"$lt": ["$until", "$$NOW"]}},
            [{"$set": {"holder": self._holder, "by": _here(), "until": _UNTIL, "fence": {"$add": ["$fence", 1]}}}],
            return_document=ReturnDocument.AFTER,
        )
        if document is None:
            raise NotHolder(self._name)
        return int(document["fence"])

    async def _keep(self, fence: int, task: asyncio.Task[Any], lost: asyncio.Event, left: asyncio.Event) -> None:
        """Renew in time until the block is left; when the lease is lost, stop the work that runs under it."""
        ours_until = monotonic_seconds() + LEASE_SECONDS
        while not left.is_set() and monotonic_seconds() < ours_until:
            await asyncio.sleep(RENEW_SECONDS)
            asked = monotonic_seconds()
            try:
                async with asyncio.timeout(max(ours_until - asked, 0.1)):
                    held = await self._collection.update_one(
                        {"_id": self._name, "holder": self._holder, "fence": fence},
                        [{"$set": {"until": _UNTIL}}],
                    )
                if held.matched_count == 0:
                    break
                ours_until = asked + LEASE_SECONDS
            except (PyMongoError, TimeoutError) as error:
                log.warning("lease_not_renewed", lease=self._name, error=repr(error))
        if not left.is_set():
            lost.set()
            task.cancel()

    async def _release(self, fence: int) -> None:
        await self._collection.update_one(
            {"_id": self._name, "holder": self._holder, "fence": fence}, [{"$set": {"until": "$$NOW"}}]
        )


def _here() -> dict[str, Any]:
    return {"host": {"$literal": socket.gethostname()}, "pid": os.getpid()}
