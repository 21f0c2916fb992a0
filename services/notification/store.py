"""Messages in MongoDB."""

from datetime import datetime, timedelta
from typing import Any

from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from common.errors import VersionConflict
from common.mongo.store import Store
from services.notification.domain import LOCK_SECONDS, Notification
from services.notification.domain.message import ITEMS_LIMIT, Item

GATHER_TRIES = 5
STAFF_INDEXES = [IndexModel([("companyId", 1), ("role", 1), ("status", 1)], name="company_role")]


class Notifications(Store[Notification]):
    """The collection ``notifications``; one document an event, recipient and channel."""

    COLLECTION = "notifications"
    MODEL = Notification
    WHAT = "notification"
    INDEXES = [
        IndexModel([("companyId", 1), ("eventId", 1), ("recipientKey", 1), ("channel", 1)], name="once", unique=True),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("type", 1), ("createdAt", -1), ("_id", -1)], name="company_type"),
        IndexModel([("companyId", 1), ("recipient.customerId", 1), ("createdAt", -1)], name="company_customer"),
        IndexModel([("companyId", 1), ("recipient.userId", 1), ("createdAt", -1)], name="company_user"),
        IndexModel([("nextAttemptAt", 1)], name="due", sparse=True),
        IndexModel(
            [("companyId", 1), ("items.eventId", 1)],
            name="company_gathered",
            partialFilterExpression={"items.eventId": {"$exists": True}},
        ),
        IndexModel(
            [("companyId", 1), ("type", 1), ("recipientKey", 1)],
            name="gathering",
            unique=True,
            partialFilterExpression={"status": "gathering"},
        ),
    ]

    async def insert_once(self, notification: Notification) -> bool:
        """Store a message unless this event, recipient and channel has one. True when it is new."""
        try:
            await self.insert(notification)
        except DuplicateKeyError:
            return False
        return True

    async def gather(self, mail: Notification, item: Item) -> None:
        """Add an alert to the mail that is being gathered for this recipient, or begin one with it; once.

        Raises VersionConflict when others keep being faster.
        """
        criteria = {"type": mail.type, "recipientKey": mail.recipient_key}
        beginning = self.to_document(mail)
        for name in ("items", "status", "type", "recipientKey", "companyId"):
            beginning.pop(name)
        change = {"$push": {"items": item.model_dump(by_alias=True)}, "$setOnInsert": {**beginning, "outbox": []}}
        last = f"items.{ITEMS_LIMIT - 1}"
        room = {last: {"$exists": False}, "items.eventId": {"$ne": item.event_id}}
        open_one = self.scope({**criteria, "status": "gathering", **room})
        full = self.scope({**criteria, "status": "gathering", last: {"$exists": True}})
        for _ in range(GATHER_TRIES):
            if await self.collection.find_one(self.scope({**criteria, "items.eventId": item.event_id}), {"_id": 1}):
                return
            try:
                await self.collection.update_one(open_one, change, upsert=True)
                return
            except DuplicateKeyError:  # somebody began it in this moment, or it is full: then the next one is begun
                await self.collection.update_one(full, {"$set": {"status": "waiting"}})
        raise VersionConflict()

    async def take_due(self, now: datetime, limit: int) -> list[Notification]:
        """Messages whose next try is due, each locked for this sender; for all companies."""
        taken: list[Notification] = []
        lock = {"$set": {"status": "sending", "nextAttemptAt": now + timedelta(seconds=LOCK_SECONDS)}}
        while len(taken) < limit:
            document: dict[str, Any] | None = await self.collection.find_one_and_update(
                {"nextAttemptAt": {"$lte": now}},
                {**lock, "$inc": {"version": 1}},
                sort=[("nextAttemptAt", 1)],
                return_document=ReturnDocument.AFTER,
            )
            if document is None:
                break
            taken.append(self.from_document(document))
        return taken
