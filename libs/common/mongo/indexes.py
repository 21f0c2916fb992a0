"""Indexes are declared beside the stores that need them and made at start."""

from collections.abc import Iterable
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from common.logging import get_logger

log = get_logger(__name__)

DAY_SECONDS = 86_400
SENT_EVENTS_DAYS = 7
INBOX_DAYS = 30

_DECLARED_OTHERWISE = (85, 86)
"""IndexOptionsConflict and IndexKeySpecsConflict: the name is taken by an index of another shape."""

OUTBOX_INDEX = IndexModel([("pendingAt", 1)], name="outbox_pending", sparse=True)

COMMON: dict[str, list[IndexModel]] = {
    "sent_events": [IndexModel([("sentAt", 1)], name="expiry", expireAfterSeconds=SENT_EVENTS_DAYS * DAY_SECONDS)],
    "inbox": [IndexModel([("at", 1)], name="expiry", expireAfterSeconds=INBOX_DAYS * DAY_SECONDS)],
    "idempotency_keys": [IndexModel([("at", 1)], name="expiry", expireAfterSeconds=DAY_SECONDS)],
}


async def ensure_indexes(
    database: AsyncDatabase[dict[str, Any]], declared: Iterable[tuple[str, list[IndexModel]]]
) -> None:
    """Create what is missing; creating an index that exists costs one round trip and changes nothing.

    One that an earlier version declared otherwise under the same name is replaced.
    """
    for collection, indexes in (*COMMON.items(), *declared):
        if not indexes:
            continue
        try:
            await database[collection].create_indexes(indexes)
        except OperationFailure as error:
            if error.code not in _DECLARED_OTHERWISE:
                raise
            await _replace(database[collection], indexes)


async def _replace(collection: AsyncCollection[dict[str, Any]], indexes: list[IndexModel]) -> None:
    """Drop those that stand there otherwise, one by one, and create them anew."""
    for index in indexes:
        try:
            await collection.create_indexes([index])
        except OperationFailure as error:
            if error.code not in _DECLARED_OTHERWISE:
                raise
            log.warning("index_replaced", collection=collection.name, index=index.document["name"])
            await collection.drop_index(index.document["name"])
            await collection.create_indexes([index])
