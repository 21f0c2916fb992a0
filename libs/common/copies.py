"""Small local copies of other services' facts, fed by events, asked at the owner when missing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError

Ask = Callable[[], Awaitable[dict[str, Any] | None]]

_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class Copy:
    """What an event tells of one aggregate of another service."""

    company_id: str
    id: str
    sequence: int
    fields: dict[str, Any]


class LocalCopies:
    """One collection of copies; each takes only what is newer, by its aggregate's sequence."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], collection: str) -> None:
        self.collection = database[collection]

    async def take(self, company_id: str, copy_id: str, sequence: int, fields: dict[str, Any]) -> bool:
        """Store the copy unless a newer one is there. True when it was taken."""
        criteria, change = _newer(Copy(company_id, copy_id, sequence, fields))
        try:
            result = await self.collection.update_one(criteria, change, upsert=True)
        except DuplicateKeyError:
            return False  # the filter missed because the stored one is as new or newer
        return bool(result.modified_count or result.upserted_id)

    async def take_many(self, copies: Sequence[Copy]) -> None:
        """Store many in one round trip, each unless a newer one is there; also several of one aggregate."""
        if not copies:
            return
        updates = [UpdateOne(*_newer(copy), upsert=True) for copy in copies]
        try:
            await self.collection.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            if any(each["code"] != _DUPLICATE_KEY for each in (error.details or {}).get("writeErrors", ())):
                raise

    async def find(self, company_id: str, copy_id: str, ask: Ask | None = None) -> dict[str, Any] | None:
        """The copy, else what the owner says (kept at sequence 0 so that any event overrides it)."""
        found = await self.collection.find_one({"_id": copy_id, "companyId": company_id})
        if found is not None or ask is None:
            return found
        told = await ask()
        if told is None:
            return None
        await self.take(company_id, copy_id, int(told.pop("sequence", 0)), told)
        return await self.collection.find_one({"_id": copy_id, "companyId": company_id})

    async def find_many(self, company_id: str, copy_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Copies by id, those that are there."""
        cursor = self.collection.find({"_id": {"$in": copy_ids}, "companyId": company_id}).limit(len(copy_ids))
        return {document["_id"]: document async for document in cursor}


def _newer(copy: Copy) -> tuple[dict[str, Any], dict[str, Any]]:
    """The condition under which a copy is taken, and the change."""
    criteria = {"_id": copy.id, "companyId": copy.company_id, "sequence": {"$lt": copy.sequence}}
    return criteria, {"$set": {**copy.fields, "companyId": copy.company_id, "sequence": copy.sequence}}
