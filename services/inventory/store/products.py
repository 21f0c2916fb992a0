"""Copies of what other services own: which SKUs exist, and what companies have set."""

from collections.abc import Sequence
from typing import Any

from pymongo import IndexModel, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from common.copies import Ask, LocalCopies
from services.inventory.domain.derived import derived_id
from services.inventory.store.folding import keys_of, prefix
from services.inventory.store.stock import DUPLICATE_KEY

SEARCH_LIMIT = 500


class Skus:
    """The collection ``skus``: every SKU that was ever announced, with its product and its name."""

    COLLECTION = "skus"
    INDEXES = [
        IndexModel([("companyId", 1), ("sku", 1)], name="company_sku"),
        IndexModel([("companyId", 1), ("nameKeys", 1)], name="company_names"),
    ]

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database[self.COLLECTION]

    async def take(self, company_id: str, sequence: int, facts: Sequence[dict[str, Any]]) -> None:
        """Store the facts of one product's SKUs unless newer ones are there."""
        operations = [
            UpdateOne(
                {"_id": derived_id("sku", company_id, fact["sku"]), "sequence": {"$lt": sequence}},
                {"$set": {**fact, "nameKeys": keys_of(fact["name"]), "companyId": company_id, "sequence": sequence}},
                upsert=True,
            )
            for fact in facts
        ]
        try:
            await self._collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:  # the filter missed because what is stored is as new
            if any(problem["code"] != DUPLICATE_KEY for problem in error.details["writeErrors"]):
                raise

    async def find(self, company_id: str, skus: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What is known of these SKUs."""
        found = self._collection.find({"companyId": company_id, "sku": {"$in": list(skus)}}).limit(len(skus))
        return {fact["sku"]: fact async for fact in found}

    async def named(self, company_id: str, text: str) -> list[str]:
        """SKUs, at most 500, of whose product's name some word begins so."""
        found = self._collection.find({"companyId": company_id, "nameKeys": prefix(text)}, {"sku": 1})
        found = found.limit(SEARCH_LIMIT)
        return [fact["sku"] async for fact in found]


class Companies:
    """The collection ``companies``: the settings that stock goes by."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._copies = LocalCopies(database, "companies")

    async def take(self, company_id: str, sequence: int, *, threshold: int, timezone: str) -> bool:
        """Store newer settings. True when they were taken."""
        return await self._copies.take(company_id, company_id, sequence, {"threshold": threshold, "timezone": timezone})

    async def find(self, company_id: str, ask: Ask | None = None) -> dict[str, Any] | None:
        """What is known of the company, else what ``ask`` brings, which is kept."""
        return await self._copies.find(company_id, company_id, ask)
