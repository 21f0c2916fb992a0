"""Collections in MongoDB."""

from typing import Any

from pymongo import IndexModel

from common.mongo.indexes import DAY_SECONDS
from common.mongo.store import Store
from services.catalog.domain.collection import Collection

DELETED_KEPT_DAYS = 7


class Collections(Store[Collection]):
    """The collection ``collections``."""

    COLLECTION = "collections"
    MODEL = Collection
    WHAT = "collection"
    INDEXES = [
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("name", 1), ("_id", 1)], name="company_name"),
        IndexModel([("deletedAt", 1)], name="expiry", expireAfterSeconds=DELETED_KEPT_DAYS * DAY_SECONDS),
    ]

    def scope(self, criteria: dict[str, Any] | None = None) -> dict[str, Any]:
        """As every store, without what was deleted: its document stays a while, to send its last event."""
        return {**super().scope(criteria), "deletedAt": None}
