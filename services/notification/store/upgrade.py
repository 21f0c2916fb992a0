"""Messages that an earlier version stored, brought to today's shape; once a database."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from services.notification.domain.message import RANKS
from services.notification.store.notifications import Notifications

SHAPE = 2


async def upgrade(database: AsyncDatabase[dict[str, Any]]) -> None:
    """Give older messages their way, their rank and today's names of states. Any number of copies may do it."""
    shapes, messages = database["shapes"], database[Notifications.COLLECTION]
    if await shapes.find_one({"_id": Notifications.COLLECTION, "shape": SHAPE}):
        return
    ranks = [{"case": {"$eq": ["$priority", priority]}, "then": rank} for priority, rank in RANKS.items()]
    waited = {"$in": ["$status", ["gathering", "sending", "waiting"]]}
    await messages.update_many(
        {"way": {"$exists": False}},
        [
            {
                "$set": {
                    "way": "$channel",
                    "rank": {"$switch": {"branches": ranks, "default": RANKS["normal"]}},
                    "gathering": {"$eq": ["$status", "gathering"]},
                    "unsure": {"$eq": ["$status", "sending"]},
                    "contacts": {"email": "$recipient.address"},
                    "status": {"$cond": [waited, "queued", "$status"]},
                    "version": {"$add": ["$version", 1]},
                }
            }
        ],
    )
    await shapes.update_one({"_id": Notifications.COLLECTION}, {"$set": {"shape": SHAPE}}, upsert=True)
