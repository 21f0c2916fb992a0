"""Tickets at rest: by hash, for half a minute, taken once."""

import hashlib
from datetime import datetime
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

COLLECTION = "tickets"
INDEXES = [IndexModel([("expiresAt", 1)], name="expiry", expireAfterSeconds=0)]


class Tickets:
    """The collection ``tickets``. A ticket's own text is never stored."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database[COLLECTION]

    async def keep(self, ticket: str, holder: dict[str, Any], expires_at: datetime) -> None:
        """Store what the ticket stands for."""
        await self._collection.insert_one({"_id": _hash(ticket), "holder": holder, "expiresAt": expires_at})

    async def take(self, ticket: str, now: datetime) -> dict[str, Any] | None:
        """What the ticket stood for, once; None for an unknown, used or expired one."""
        found = await self._collection.find_one_and_delete({"_id": _hash(ticket), "expiresAt": {"$gt": now}})
        return found["holder"] if found else None


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
