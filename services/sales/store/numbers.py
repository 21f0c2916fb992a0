"""Number series a company: leased in blocks, so that no document is hit by every order. Gaps are allowed."""

import asyncio
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.database import AsyncDatabase

BLOCK = 50
SERIES_KEPT = 10_000


class NumberSeries:
    """The collection ``number_series``; each copy of the service counts through blocks of its own."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database["number_series"]
        self._blocks: dict[str, range] = {}
        self._leasing = asyncio.Lock()

    async def take(self, company_id: str, series: str, count: int = 1) -> list[int]:
        """``count`` numbers, from 1 upward, that nobody else gets."""
        key = f"{company_id}:{series}"
        while True:
            block = self._blocks.get(key, range(0))
            if len(block) >= count:
                self._blocks[key] = block[count:]
                return list(block[:count])
            await self._lease(key, count)

    async def _lease(self, key: str, count: int) -> None:
        async with self._leasing:
            if len(self._blocks.get(key, range(0))) >= count:
                return
            size = max(BLOCK, count)
            document = await self._collection.find_one_and_update(
                {"_id": key}, {"$inc": {"last": size}}, upsert=True, return_document=ReturnDocument.AFTER
            )
            assert document is not None, "an upsert that answers its result always has one"
            last = int(document["last"])
            if len(self._blocks) >= SERIES_KEPT:
                self._blocks.clear()
            self._blocks[key] = range(last - size + 1, last + 1)
