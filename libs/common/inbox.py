"""The inbox: a handler's writes and the event's id in one commit, so that a second delivery is a no-op.

Aggregates that are loaded and saved keep handled ids in themselves (``Store.save(handled=…)``), and
records keyed by the event id need nothing else; this is for handlers that write several documents.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from common.clock import Clock
from common.mongo.transactions import Session, transact


class Inbox:
    """Event ids already handled, in the collection ``inbox``; kept longer than the longest replay."""

    def __init__(
        self, client: AsyncMongoClient[dict[str, Any]], database: AsyncDatabase[dict[str, Any]], clock: Clock
    ) -> None:
        self._client = client
        self._collection = database["inbox"]
        self._clock = clock

    async def once(self, event_id: str, work: Callable[[Session], Awaitable[None]]) -> bool:
        """Run ``work`` in a transaction together with the event's id. False when it had been done before."""

        async def commit(session: Session) -> bool:
            if await self._collection.find_one({"_id": event_id}, session=session):
                return False
            await self._collection.insert_one({"_id": event_id, "at": self._clock.now()}, session=session)
            await work(session)
            return True

        try:
            return await transact(self._client, commit)
        except DuplicateKeyError as error:
            if "inbox" in str((error.details or {}).get("errmsg", "")):
                return False
            raise
