"""Sales set aside at tills, in MongoDB."""

from datetime import timedelta

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.mongo.store import Store
from services.sales.domain.held import HeldSale

KEPT_AFTER_EXPIRY = timedelta(days=30)


class HeldSales(Store[HeldSale]):
    """The collection ``held_sales``; a month after they expired they are forgotten."""

    COLLECTION = "held_sales"
    MODEL = HeldSale
    WHAT = "held sale"
    INDEXES = [
        IndexModel([("companyId", 1), ("status", 1), ("createdAt", -1), ("_id", -1)], name="status_created"),
        IndexModel(
            [("companyId", 1), ("shopId", 1), ("status", 1), ("createdAt", -1), ("_id", -1)], name="shop_status_created"
        ),
        IndexModel([("expiresAt", 1)], name="expiry", expireAfterSeconds=int(KEPT_AFTER_EXPIRY.total_seconds())),
    ]

    async def add(self, held: HeldSale) -> HeldSale:
        """Store one; what is stored when this id was made before."""
        try:
            return await self.insert(held)
        except DuplicateKeyError:
            return await self.get(held.id)
