"""Carts in MongoDB; abandoned ones expire."""

from datetime import datetime

from pymongo import IndexModel

from common.mongo.store import Store
from services.catalog.domain.cart import Cart
from services.catalog.domain.saved_cart import SAVED_LIMIT, SavedCart


class Carts(Store[Cart]):
    """The collection ``carts``. The id is derived from token or owner, so that two first calls make one cart."""

    COLLECTION = "carts"
    MODEL = Cart
    WHAT = "cart"
    INDEXES = [
        IndexModel([("companyId", 1), ("publicId", 1)], name="company_public_id", unique=True),
        IndexModel([("expiresAt", 1)], name="expiry", expireAfterSeconds=0),
        IndexModel([("remindAt", 1)], name="reminders", sparse=True),
    ]
    TAKEN = {"_id_": "cart_exists"}

    async def due(self, now: datetime, limit: int) -> list[Cart]:
        """Carts of this view that nobody has come back to, the longest waiting first."""
        return await self.find_many({"remindAt": {"$lte": now}}, limit, sort="remindAt")


class SavedCarts(Store[SavedCart]):
    """The collection ``saved_carts``."""

    COLLECTION = "saved_carts"
    MODEL = SavedCart
    WHAT = "saved cart"
    INDEXES = [
        IndexModel([("companyId", 1), ("ownerId", 1), ("createdAt", -1), ("_id", -1)], name="company_owner_created"),
        IndexModel([("companyId", 1), ("ownerId", 1), ("name", 1), ("_id", 1)], name="company_owner_name"),
    ]

    async def count_of(self, owner_id: str) -> int:
        """How many somebody has, at most the limit."""
        return await self.collection.count_documents(self.scope({"ownerId": owner_id}), limit=SAVED_LIMIT)

    async def remove(self, owner_id: str, saved_id: str) -> bool:
        """Delete one; False when there is none."""
        result = await self.collection.delete_one(self.scope({"_id": saved_id, "ownerId": owner_id}))
        return result.deleted_count > 0
