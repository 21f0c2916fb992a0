"""Saved views of the order list in MongoDB."""

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.mongo.store import Store
from services.sales.domain.view import View


class Views(Store[View]):
    """The collection ``views``."""

    COLLECTION = "views"
    MODEL = View
    WHAT = "view"
    INDEXES = [
        IndexModel([("companyId", 1), ("deletedAt", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel(
            [("companyId", 1), ("name", 1)],
            name="company_name",
            unique=True,
            partialFilterExpression={"deletedAt": {"$type": "null"}},
        ),
    ]
    TAKEN = {"company_name": "name_taken"}

    async def add(self, view: View) -> View:
        """Store a view; what is stored when this id was made before. Raises Conflict ``name_taken``."""
        stored = await self.find(view.id)
        if stored is not None:
            return stored
        try:
            return await self.insert(view)
        except DuplicateKeyError as error:
            raise self.taken(error) from error
