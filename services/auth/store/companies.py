"""What auth keeps of companies."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

COMPANIES_LIMIT = 10_000


class CompanyStatuses:
    """The collection ``companies``: which tenants are suspended or closed, as last announced."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database["companies"]

    async def inactive(self) -> list[str]:
        """The ids of companies whose tokens stop."""
        found = self._collection.find({"status": {"$ne": "active"}}, {"_id": 1}).limit(COMPANIES_LIMIT)
        return [document["_id"] async for document in found]

    async def inactive_among(self, company_ids: list[str]) -> set[str]:
        """Those of the given companies that are not active."""
        criteria = {"_id": {"$in": company_ids}, "status": {"$ne": "active"}}
        return {document["_id"] async for document in self._collection.find(criteria).limit(len(company_ids) or 1)}
