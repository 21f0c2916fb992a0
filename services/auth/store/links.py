"""Mailed links."""

from collections.abc import Sequence
from datetime import datetime

from pymongo import IndexModel

from common.mongo.store import Store
from common.mongo.transactions import Session as Transaction
from services.auth.domain import Link, LinkPurpose

KEPT_SECONDS = 7 * 86_400


class Links(Store[Link]):
    """The collection ``links``; one is kept for a week after its end, so that its event has long left."""

    COLLECTION = "links"
    MODEL = Link
    WHAT = "link"
    INDEXES = [
        IndexModel([("tokenHash", 1)], name="token_hash", unique=True),
        IndexModel([("userId", 1), ("purpose", 1)], name="user_purpose"),
        IndexModel([("expiresAt", 1)], name="expiry", expireAfterSeconds=KEPT_SECONDS),
    ]

    async def by_hash(self, token_hash: str, transaction: Transaction | None = None) -> Link | None:
        """The link that a token opens."""
        return await self.for_platform().find_one({"tokenHash": token_hash}, transaction)

    async def void(
        self, user_id: str, purposes: Sequence[LinkPurpose], now: datetime, transaction: Transaction
    ) -> None:
        """Close the open links of these purposes: what they were for has been done, or must not be any more."""
        criteria = {"userId": user_id, "purpose": {"$in": list(purposes)}, "usedAt": None}
        await self.collection.update_many(criteria, {"$set": {"usedAt": now}}, session=transaction)
