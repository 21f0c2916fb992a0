"""Tries of passwords and tokens: each is one conditional update, exact over any number of copies."""

from datetime import datetime

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.ids import new_id
from common.mongo.store import Store
from services.auth.domain import Tries, window_before

DAY_SECONDS = 86_400


class TriesOfAddresses(Store[Tries]):
    """The collection ``sign_in_tries``; a day is longer than any window, and than a broker's absence."""

    COLLECTION = "sign_in_tries"
    MODEL = Tries
    INDEXES = [IndexModel([("updatedAt", 1)], name="last_try", expireAfterSeconds=DAY_SECONDS)]

    async def take(self, budget: str, company_id: str | None, allowed: int, now: datetime) -> str | None:
        """Take one of the ``allowed`` tries of the last 15 minutes; its id, or None when there is none left."""
        taken = new_id("try")
        room = [{f"tries.{allowed - 1}": {"$exists": False}}, {"tries.0.at": {"$lte": window_before(now)}}]
        update = {
            "$push": {"tries": {"$each": [{"id": taken, "at": now}], "$slice": -allowed}},
            "$set": {"updatedAt": now},
            "$setOnInsert": {"companyId": company_id, "version": 1, "sequence": 0, "createdAt": now, "outbox": []},
        }
        criteria = {"_id": budget, "$or": room}
        try:
            result = await self.collection.update_one(criteria, update, upsert=True)
        except DuplicateKeyError:  # it is there: used up, or made by another copy at this moment
            result = await self.collection.update_one(criteria, update)
        return taken if result.matched_count or result.upserted_id is not None else None

    async def give_back(self, budget: str, taken: str) -> None:
        """The try was right, or came to nothing."""
        await self.collection.update_one({"_id": budget}, {"$pull": {"tries": {"id": taken}}})

    async def clear(self, budget: str) -> None:
        """Start anew: the owner has shown who they are."""
        await self.collection.update_one({"_id": budget}, {"$set": {"tries": [], "lockedAt": None}})
