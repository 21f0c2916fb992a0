"""Indexes are declared beside the stores that need them and made at start."""

from collections.abc import Iterable
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

DAY_SECONDS = 86_400
SENT_EVENTS_DAYS = 7
INBOX_DAYS = 30

OUTBOX_INDEX = IndexModel([("pendingAt", 1)], name="outbox_pending", sparse=True)

COMMON: dict[str, list[IndexModel]] = {
    "sent_events": [IndexModel([("sentAt", 1)], name="expiry", expireAfterSeconds=SENT_EVENTS_DAYS * DAY_SECONDS)],
    "inbox": [IndexModel([("at", 1)], name="expiry", expireAfterSeconds=INBOX_DAYS * DAY_SECONDS)],
    "idempotency_keys": [IndexModel([("at", 1)], name="expiry", expireAfterSeconds=DAY_SECONDS)],
}


async def ensure_indexes(
    database: AsyncDatabase[dict[str, Any]], declared: Iterable[tuple[str, list[IndexModel]]]
) -> None:
    """Create what is missing; creating an index that exists costs one round trip and changes nothing."""
    for collection, indexes in (*COMMON.items(), *declared):
        if indexes:
            await database[collection].create_indexes(indexes)
