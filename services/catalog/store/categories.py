"""Categories in MongoDB. The tree of a company changes in one transaction at a time."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pymongo import IndexModel

from common.errors import NotFound
from common.mongo.indexes import DAY_SECONDS
from common.mongo.store import Ground, Store
from common.mongo.transactions import Session, transact
from services.catalog.domain.category import CATEGORIES_LIMIT, Category

Result = TypeVar("Result")

DELETED_KEPT_DAYS = 7


class Categories(Store[Category]):
    """The collection ``categories``, and ``category_trees`` with one document a company that guards its shape."""

    COLLECTION = "categories"
    MODEL = Category
    WHAT = "category"
    INDEXES = [
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("name", 1), ("_id", 1)], name="company_name"),
        IndexModel([("companyId", 1), ("parentId", 1)], name="company_parent"),
        IndexModel([("deletedAt", 1)], name="expiry", expireAfterSeconds=DELETED_KEPT_DAYS * DAY_SECONDS),
    ]

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._trees = ground.database["category_trees"]

    def scope(self, criteria: dict[str, Any] | None = None) -> dict[str, Any]:
        """As every store, without what was deleted: its document stays a while, to send its last event."""
        return {**super().scope(criteria), "deletedAt": None}

    async def get_in(self, category_id: str, session: Session) -> Category:
        """One category as the transaction sees it. Raises NotFound."""
        found = await self.find_one({"_id": category_id}, session)
        if found is None:
            raise NotFound(self.WHAT)
        return found

    async def everything(self) -> list[Category]:
        """Every category of the company."""
        return await self.find_many({}, CATEGORIES_LIMIT, sort="name")

    async def parents(self, session: Session | None = None) -> dict[str, str | None]:
        """Every category of the company with its parent."""
        cursor = self.collection.find(self.scope(), {"parentId": 1}, session=session).limit(CATEGORIES_LIMIT)
        return {document["_id"]: document["parentId"] async for document in cursor}

    async def names(self, category_ids: list[str]) -> dict[str, str]:
        """Names by id."""
        cursor = self.collection.find(self.scope({"_id": {"$in": category_ids}}), {"name": 1})
        return {document["_id"]: document["name"] async for document in cursor.limit(len(category_ids) or 1)}

    async def children(self, category_id: str, session: Session) -> list[Category]:
        """What stands directly below a category."""
        cursor = self.collection.find(self.scope({"parentId": category_id}), session=session).limit(CATEGORIES_LIMIT)
        return [self.from_document(document) async for document in cursor]

    async def changing_tree(self, work: Callable[[Session], Awaitable[Result]]) -> Result:
        """Run ``work`` in a transaction that no other change of this company's tree overlaps."""

        async def guarded(session: Session) -> Result:
            await self._trees.update_one(
                {"_id": self.company_id}, {"$inc": {"changes": 1}}, upsert=True, session=session
            )
            return await work(session)

        return await transact(self.ground.client, guarded)
