"""Companies in MongoDB."""

from pymongo import IndexModel

from common.mongo.store import Store
from services.company.domain import Company


class Companies(Store[Company]):
    """The collection ``companies``; opened for one company, or for the platform as a whole."""

    COLLECTION = "companies"
    MODEL = Company
    WHAT = "company"
    INDEXES = [
        IndexModel([("slug", 1)], name="slug", unique=True),
        IndexModel([("createdAt", -1), ("_id", -1)], name="created"),
        IndexModel([("name", 1), ("_id", 1)], name="name"),
        IndexModel([("status", 1), ("createdAt", -1), ("_id", -1)], name="status_created"),
    ]
    TAKEN = {"slug": "slug_taken"}

    async def remove(self, company_id: str) -> None:
        """Take back a company whose admin could not be made; nothing has been announced of it yet."""
        await self.collection.delete_one(self.scope({"_id": company_id, "version": 1}))
