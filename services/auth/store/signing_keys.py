"""The keys that sign access tokens."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError


class SigningKeys:
    """The collection ``signing_keys``, one document a generation: two copies that start together agree."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database["signing_keys"]

    async def keep_first(self, generation: dict[str, Any]) -> None:
        """Store the first generation unless one is there."""
        try:
            await self._collection.insert_one({**generation, "_id": 1})
        except DuplicateKeyError:
            return

    async def all(self) -> list[dict[str, Any]]:
        """Every generation, newest first."""
        return [document async for document in self._collection.find().sort("_id", -1).limit(10)]
