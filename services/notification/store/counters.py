"""Exact counts in a window of time, and reports of a provider that came before what they are about."""

from datetime import UTC, datetime
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

THROTTLES, REPORTS = "throttles", "early_reports"
THROTTLE_INDEXES = [IndexModel([("until", 1)], name="expiry", expireAfterSeconds=0)]
REPORT_INDEXES = [
    IndexModel([("providerId", 1)], name="provider"),
    IndexModel([("at", 1)], name="expiry", expireAfterSeconds=86_400),
]
REPORTS_LIMIT = 20


class Throttles:
    """One counter a key and window; what is allowed is counted in one conditional update."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database[THROTTLES]

    async def take(self, key: str, now: datetime, *, limit: int, window_seconds: int) -> datetime | None:
        """None when there is room; else when the next window begins."""
        window = int(now.timestamp()) // window_seconds
        until = datetime.fromtimestamp((window + 1) * window_seconds, UTC)
        criteria = {"_id": f"{key}:{window}", "count": {"$lt": limit}}
        try:
            await self._collection.update_one(
                criteria, {"$inc": {"count": 1}, "$setOnInsert": {"until": until}}, upsert=True
            )
        except DuplicateKeyError:  # full; or two began the window in the same moment
            result = await self._collection.update_one(criteria, {"$inc": {"count": 1}})
            return None if result.modified_count else until
        return None


class EarlyReports:
    """Twilio's first reports may overtake the answer that names the message: they wait here for a day."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database[REPORTS]

    async def keep(self, provider_id: str, status: str, error: str | None, now: datetime) -> None:
        """Keep a report; the same one twice is one."""
        document = {"providerId": provider_id, "status": status, "error": error, "at": now}
        criteria = {"_id": f"{provider_id}:{status}"}
        try:
            await self._collection.update_one(criteria, {"$setOnInsert": document}, upsert=True)
        except DuplicateKeyError:
            return

    async def of(self, provider_id: str) -> list[tuple[str, str | None]]:
        """What was reported about one message: status and error."""
        cursor = self._collection.find({"providerId": provider_id}).limit(REPORTS_LIMIT)
        return [(each["status"], each["error"]) async for each in cursor]

    async def forget(self, provider_id: str, statuses: list[str]) -> None:
        """These were taken; what came in the meantime stays."""
        await self._collection.delete_many({"_id": {"$in": [f"{provider_id}:{status}" for status in statuses]}})
