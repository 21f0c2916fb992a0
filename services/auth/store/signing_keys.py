"""The keys that sign access tokens, one document a generation."""

from typing import Any

from pymongo.errors import DuplicateKeyError

from common.mongo.indexes import OUTBOX_INDEX
from common.mongo.store import Ground

GENERATIONS_LIMIT = 100


class SigningKeys:
    """The collection ``signing_keys``. A generation's number is its id: of copies that make the next, one succeeds."""

    COLLECTION = "signing_keys"
    INDEXES = [OUTBOX_INDEX]

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._collection = ground.database[self.COLLECTION]
        ground.outbox.watch(self.COLLECTION)

    async def keep(self, number: int, generation: dict[str, Any], events: list[dict[str, Any]]) -> bool:
        """Store a generation with its events. False when another copy made this one."""
        document = {**generation, "_id": number, "outbox": events}
        if events:
            document["pendingAt"] = self._ground.clock.now()
        try:
            await self._collection.insert_one(document)
        except DuplicateKeyError:
            return False
        self._ground.outbox.offer(self.COLLECTION, number, events)  # type: ignore[arg-type]
        return True

    async def all(self) -> list[dict[str, Any]]:
        """Every generation, newest first."""
        return [document async for document in self._collection.find().sort("_id", -1).limit(GENERATIONS_LIMIT)]

    async def forget(self, oldest: int) -> None:
        """Delete what came before the oldest generation in use, once its events have left."""
        await self._collection.delete_many({"_id": {"$lt": oldest}, "pendingAt": None})
