"""Messages in MongoDB."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.errors import VersionConflict
from common.mongo.store import Store
from services.notification.domain import LOCK_SECONDS, Channel, Notification
from services.notification.domain.message import ITEMS_LIMIT, RANKS, Item

GATHER_TRIES = 5
READ_AT_ONCE = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Below every due time: with it in the filter, the index of what waits needs to hold nothing else."""


def _listed(name: str, *fields: str) -> IndexModel:
    return IndexModel([*((field, 1) for field in fields), ("createdAt", -1), ("_id", -1)], name=name)


class Notifications(Store[Notification]):
    """The collection ``notifications``; one document an event, recipient and way."""

    COLLECTION = "notifications"
    MODEL = Notification
    WHAT = "notification"
    INDEXES = [
        IndexModel([("companyId", 1), ("eventId", 1), ("recipientKey", 1), ("way", 1)], name="once", unique=True),
        _listed("company_created", "companyId"),
        _listed("company_type", "companyId", "type"),
        _listed("company_status", "companyId", "status"),
        _listed("company_channel", "companyId", "channel"),
        _listed("company_reference", "companyId", "reference.id"),
        _listed("company_customer", "companyId", "recipient.customerId"),
        _listed("company_user", "companyId", "recipient.userId"),
        _listed("user", "recipient.userId"),
        IndexModel(
            [("channel", 1), ("rank", 1), ("nextAttemptAt", 1)],
            name="due",
            partialFilterExpression={"nextAttemptAt": {"$gt": EPOCH}},
        ),
        IndexModel(
            [("attempts.providerId", 1)],
            name="provider",
            partialFilterExpression={"attempts.providerId": {"$gt": ""}},
        ),
        IndexModel(
            [("companyId", 1), ("items.eventId", 1)],
            name="company_gathered",
            partialFilterExpression={"items.eventId": {"$exists": True}},
        ),
        IndexModel(
            [("companyId", 1), ("type", 1), ("recipientKey", 1)],
            name="gathering",
            unique=True,
            partialFilterExpression={"gathering": True},
        ),
    ]

    async def insert_once(self, notification: Notification) -> bool:
        """Store a message unless this event, recipient and way has one. True when it is new."""
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
        for name in ("items", "gathering", "type", "recipientKey", "companyId"):
            beginning.pop(name)
        change = {"$push": {"items": item.model_dump(by_alias=True)}, "$setOnInsert": {**beginning, "outbox": []}}
        last = f"items.{ITEMS_LIMIT - 1}"
        room = {last: {"$exists": False}, "items.eventId": {"$ne": item.event_id}}
        open_one = self.scope({**criteria, "gathering": True, **room})
        full = self.scope({**criteria, "gathering": True, last: {"$exists": True}})
        for _ in range(GATHER_TRIES):
            if await self.collection.find_one(self.scope({**criteria, "items.eventId": item.event_id}), {"_id": 1}):
                return
            try:
                await self.collection.update_one(open_one, change, upsert=True)
                return
            except DuplicateKeyError:  # somebody began it in this moment, or it is full: then the next one is begun
                await self.collection.update_one(full, {"$set": {"gathering": False}})
        raise VersionConflict()

    async def take_due(
        self, channel: Channel, now: datetime, *, only_critical: bool = False
    ) -> tuple[Notification, bool] | None:
        """The most urgent message that is due by a channel, locked for this sender; for all companies.

        Beside it whether an earlier sender left it without a word, so that the provider may have it.
        """
        criteria: dict[str, Any] = {"channel": channel, "nextAttemptAt": {"$gt": EPOCH, "$lte": now}}
        criteria["rank"] = RANKS["critical"] if only_critical else {"$in": sorted(RANKS.values())}
        until = now + timedelta(seconds=LOCK_SECONDS)
        locked = {"gathering": False, "unsure": True, "nextAttemptAt": until}
        before: dict[str, Any] | None = await self.collection.find_one_and_update(
            criteria, {"$set": locked, "$inc": {"version": 1}}, sort=[("rank", 1), ("nextAttemptAt", 1)]
        )
        if before is None:
            return None
        was_unsure = bool(before.get("unsure"))
        before.update(locked, version=before["version"] + 1)
        return self.from_document(before), was_unsure

    async def mark_read(self, criteria: dict[str, Any], reader: str) -> int:
        """Note for one reader that messages were read; how many were unread. The version stays: nothing is edited."""
        unread = self.scope({"$and": [criteria, {"readBy": {"$ne": reader}}]})
        ids = [each["_id"] async for each in self.collection.find(unread, {"_id": 1}).limit(READ_AT_ONCE)]
        if not ids:
            return 0
        change = {"$addToSet": {"readBy": reader}}
        return (await self.collection.update_many(self.scope({"_id": {"$in": ids}}), change)).modified_count
