"""What is kept beside payments: customers' methods, companies' accounts and settings, callbacks, declines."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from common.errors import NotFound
from common.mongo.store import Store
from services.payment.domain import KeptEvent, PaymentSettings, ProviderAccount, SavedMethod

METHODS_OF_A_CUSTOMER = 50
CALLBACK_SECONDS = 30 * 86_400
LATEST_DECLINES = 100
"""More than all sources of one caller bear together."""


class SavedMethods(Store[SavedMethod]):
    """The collection ``saved_methods``."""

    COLLECTION = "saved_methods"
    MODEL = SavedMethod
    WHAT = "payment method"
    INDEXES = [IndexModel([("companyId", 1), ("ownerId", 1), ("removedAt", 1), ("_id", 1)], name="company_owner")]

    async def of(self, owner_id: str) -> list[SavedMethod]:
        """The methods a customer has, oldest first."""
        return await self.find_many({"ownerId": owner_id, "removedAt": None}, METHODS_OF_A_CUSTOMER)

    async def owned(self, method_id: str, owner_id: str) -> SavedMethod:
        """One of a customer's methods. Raises NotFound, also for another's and for one given up."""
        found = await self.find(method_id)
        if found is None or found.owner_id != owner_id or found.removed_at is not None:
            raise NotFound(self.WHAT)
        return found


class ProviderAccounts(Store[ProviderAccount]):
    """The collection ``provider_accounts``; at most one active of each provider a company."""

    COLLECTION = "provider_accounts"
    MODEL = ProviderAccount
    WHAT = "account"
    TAKEN = {"one_active": "account_taken"}
    INDEXES = [
        IndexModel(
            [("companyId", 1), ("provider", 1)],
            name="one_active",
            unique=True,
            partialFilterExpression={"status": "active"},
        ),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
    ]

    async def active(self, provider: str) -> ProviderAccount | None:
        """The account that new payments go to."""
        return await self.find_one({"provider": provider, "status": "active"})


class SettingsStore(Store[PaymentSettings]):
    """The collection ``payment_settings``; the id is the company's."""

    COLLECTION = "payment_settings"
    MODEL = PaymentSettings
    WHAT = "settings"


class KeptEvents(Store[KeptEvent]):
    """The collection ``provider_callbacks``: each callback once, by the provider's id of it."""

    COLLECTION = "provider_callbacks"
    MODEL = KeptEvent
    WHAT = "provider event"
    INDEXES = [
        IndexModel([("createdAt", 1)], name="expiry", expireAfterSeconds=CALLBACK_SECONDS),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("dueAt", 1)], name="due", partialFilterExpression={"dueAt": {"$type": "date"}}),
    ]

    async def keep(self, kept: KeptEvent) -> None:
        """Store one; harmless when the same was stored at the same moment."""
        with suppress(DuplicateKeyError):
            await self.insert(kept)

    async def due(self, now: datetime, limit: int) -> list[KeptEvent]:
        """Callbacks to be tried again."""
        return await self.find_many({"dueAt": {"$type": "date", "$lte": now}}, limit, sort="dueAt")


class Declines:
    """Declines, counted by where they come from."""

    COLLECTION = "declines"
    WINDOW_SECONDS = 900
    INDEXES = [
        IndexModel([("bucket", 1), ("at", 1)], name="bucket_at"),
        IndexModel([("at", 1)], name="expiry", expireAfterSeconds=WINDOW_SECONDS),
    ]

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database[self.COLLECTION]

    async def note(self, source: str, payment_id: str, now: datetime) -> None:
        """One more; of each payment one."""
        made = {"$setOnInsert": {"bucket": source, "at": now}}
        await self._collection.update_one({"_id": f"{payment_id}|{source}"}, made, upsert=True)

    async def recent(self, sources: Sequence[str], now: datetime) -> dict[str, list[datetime]]:
        """When the latest of each source happened within the window, oldest first."""
        since = now - timedelta(seconds=self.WINDOW_SECONDS)
        found: dict[str, list[datetime]] = {source: [] for source in sources}
        chosen = {"bucket": {"$in": list(sources)}, "at": {"$gt": since}}
        cursor = self._collection.find(chosen, {"bucket": 1, "at": 1}).sort("at", -1).limit(LATEST_DECLINES)
        async for document in cursor:
            found[document["bucket"]].insert(0, document["at"])
        return found
