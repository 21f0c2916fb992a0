"""Sessions in MongoDB."""

from typing import Any

from pymongo import IndexModel

from common.mongo.store import Store
from common.mongo.transactions import Session as Transaction
from services.auth.domain import Session

DAY_SECONDS = 86_400
SESSIONS_LIMIT = 1000
SNAPSHOT_LIMIT = 50_000


class Sessions(Store[Session]):
    """The collection ``sessions``; the platform's own, since whoever refreshes names no company."""

    COLLECTION = "sessions"
    MODEL = Session
    WHAT = "session"
    INDEXES = [
        IndexModel([("familyHash", 1)], name="family", unique=True),
        IndexModel([("userId", 1), ("companyId", 1), ("endedAt", 1)], name="user"),
        IndexModel([("userId", 1), ("endedAt", 1), ("createdAt", -1), ("_id", -1)], name="user_created"),
        IndexModel([("endedAt", 1)], name="ended"),
        IndexModel([("expiresAt", 1)], name="expiry", expireAfterSeconds=DAY_SECONDS),
    ]

    async def of_family(self, family_hash: str) -> Session | None:
        """The session that a refresh token belongs to."""
        return await self.for_platform().find_one({"familyHash": family_hash})

    async def live(self, user_id: str, company_id: str | None, transaction: Transaction) -> list[Session]:
        """A person's sessions in one company that have not ended."""
        criteria = {"userId": user_id, "companyId": company_id, "endedAt": None}
        found = self.collection.find(criteria, session=transaction).limit(SESSIONS_LIMIT)
        return [self.from_document(document) async for document in found]

    async def live_of(self, user_id: str, transaction: Transaction | None = None) -> list[Session]:
        """All of a person's sessions that have not ended."""
        found = self.collection.find({"userId": user_id, "endedAt": None}, session=transaction)
        return [self.from_document(document) async for document in found.limit(SESSIONS_LIMIT)]

    async def ended_since(self, moment: Any) -> list[dict[str, Any]]:
        """Sessions that ended after ``moment``, as the revocation snapshot shows them."""
        found = self.collection.find({"endedAt": {"$gt": moment}}, {"userId": 1, "endedAt": 1}).limit(SNAPSHOT_LIMIT)
        return [
            {"userId": one["userId"], "sessionId": one["_id"], "revokedBefore": int(one["endedAt"].timestamp()) + 1}
            async for one in found
        ]
