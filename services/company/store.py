"""Companies in MongoDB. A company's tenant is itself."""

from pymongo import IndexModel

from common.mongo.store import Store
from services.company.domain import Company


class Companies(Store[Company]):
    """The collection ``companies``."""

    COLLECTION = "companies"
    MODEL = Company
    WHAT = "company"
    INDEXES = [
        IndexModel([("slug", 1)], name="slug", unique=True),
        IndexModel([("createdAt", -1), ("_id", -1)], name="created"),
        IndexModel([("name", 1), ("_id", 1)], name="name"),
        IndexModel([("status", 1), ("createdAt", -1)], name="status_created"),
        IndexModel([("settings.allowedOrigins", 1)], name="allowed_origins"),
    ]
    TAKEN = {"slug": "slug_taken"}

    async def allows(self, origin: str) -> bool:
        """Whether any active company lets pages of this origin call."""
        return await self.for_platform().count({"settings.allowedOrigins": origin, "status": "active"}, 1) > 0

    async def by_id_or_slug(self, name: str) -> Company | None:
        """The company of this id or slug; an id holds an underscore, a slug never does."""
        return await self.for_platform().find_one({"_id" if "_" in name else "slug": name})


class Foundings(Store[Company]):
    """The collection ``foundings``: companies that have no admin yet. They hold their slug and are not seen."""

    COLLECTION = "foundings"
    MODEL = Company
    WHAT = "company"
    INDEXES = [IndexModel([("slug", 1)], name="slug", unique=True), IndexModel([("createdAt", 1)], name="created")]
    TAKEN = {"slug": "slug_taken"}

    async def forget(self, company_id: str) -> None:
        """The founding has ended, one way or the other."""
        await self.collection.delete_one({"_id": company_id})
