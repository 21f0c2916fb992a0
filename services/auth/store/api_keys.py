"""API keys, and the secret that their hashes are keyed with."""

import os
from datetime import datetime
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from common.encoding import from_base64url, to_base64url
from common.encryption import Sealer
from common.mongo.store import Store
from services.auth.domain import ApiKey

SNAPSHOT_LIMIT = 10_000
PEPPER_BYTES = 32


class ApiKeys(Store[ApiKey]):
    """The collection ``api_keys``. A key is found by its hash; nothing else of it is stored."""

    COLLECTION = "api_keys"
    MODEL = ApiKey
    WHAT = "API key"
    INDEXES = [
        IndexModel([("keyHash", 1)], name="key_hash", unique=True),
        IndexModel([("previousHash", 1)], name="previous_hash", sparse=True),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("name", 1), ("_id", 1)], name="company_name"),
        IndexModel([("tokensFrom", 1)], name="tokens_from"),
    ]

    async def by_hash(self, digest: str) -> ApiKey | None:
        """The key with this hash, now or before its last rotation; whose it is tells the key."""
        return await self.for_platform().find_one({"$or": [{"keyHash": digest}, {"previousHash": digest}]})

    async def note_use(self, key_id: str, now: datetime, before: datetime) -> None:
        """Write when the key was used, unless that was written after ``before``."""
        unknown_or_older = [{"lastUsedAt": None}, {"lastUsedAt": {"$lt": before}}]
        await self.collection.update_one({"_id": key_id, "$or": unknown_or_older}, {"$set": {"lastUsedAt": now}})

    async def cut_since(self, second: int) -> list[dict[str, Any]]:
        """Keys of which tokens were stopped after ``second`` (since 1970), as the revocation snapshot shows them."""
        found = self.collection.find({"tokensFrom": {"$gt": second}}, {"tokensFrom": 1, "revokedAt": 1})
        return [
            {
                "userId": one["_id"],
                "sessionId": one["_id"] if one["revokedAt"] else None,
                "revokedBefore": one["tokensFrom"],
            }
            async for one in found.limit(SNAPSHOT_LIMIT)
        ]


class Peppers:
    """The collection ``peppers``: one random secret, sealed; two copies that start together agree on it."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], sealer: Sealer) -> None:
        self._collection = database["peppers"]
        self._sealer = sealer

    async def open(self) -> bytes:
        """The secret, made at the first start."""
        document = await self._collection.find_one({"_id": 1})
        if document is None:
            document = await self._make()
        return from_base64url(self._sealer.open(document["sealed"]))

    async def _make(self) -> dict[str, Any]:
        """A new secret, or the one of another copy that was faster."""
        sealed = self._sealer.seal(to_base64url(os.urandom(PEPPER_BYTES)))
        try:
            await self._collection.insert_one({"_id": 1, "sealed": sealed})
        except DuplicateKeyError as taken:
            known = await self._collection.find_one({"_id": 1})
            if known is None:
                raise AssertionError("the secret was there a moment ago") from taken
            return known
        return {"_id": 1, "sealed": sealed}
