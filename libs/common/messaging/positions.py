"""Where a watcher stands in the feed, stored in the same commit as what it made of it."""

from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from common.mongo.transactions import Session


class Fenced(RuntimeError):
    """Another copy has taken over this watcher: this one's writes no longer count."""


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """The last message taken: its offset in the stream of one epoch."""

    epoch: str
    offset: int


class FeedPositions:
    """Positions by watcher name, in the collection ``feed_positions``."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database["feed_positions"]

    async def load(self, watcher: str, epoch: str) -> int | None:
        """The last offset taken in this epoch; None when the stream must be read from its start."""
        document = await self._collection.find_one({"_id": watcher})
        return int(document["offset"]) if document and document["epoch"] == epoch else None

    async def advance(
        self, watcher: str, position: FeedPosition, *, fence: int = 0, session: Session | None = None
    ) -> None:
        """Move forward, as the holder of ``fence``. Raises Fenced when a later holder has written."""
        change = {"$set": {"epoch": position.epoch, "offset": position.offset, "fence": fence}}
        criteria = {"_id": watcher, "fence": {"$lte": fence}}
        try:
            await self._collection.update_one(criteria, change, upsert=True, session=session)
        except DuplicateKeyError as error:
            raise Fenced(watcher) from error
