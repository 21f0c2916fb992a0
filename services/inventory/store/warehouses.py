"""Warehouses in MongoDB."""

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from common.errors import Conflict
from common.mongo.store import Store
from services.inventory.domain.warehouse import Warehouse

WAREHOUSE_LIMIT = 500


class Warehouses(Store[Warehouse]):
    """The collection ``warehouses``."""

    COLLECTION = "warehouses"
    MODEL = Warehouse
    WHAT = "warehouse"
    INDEXES = [
        IndexModel([("companyId", 1), ("code", 1)], name="company_code", unique=True),
        IndexModel([("companyId", 1), ("priority", 1), ("_id", 1)], name="company_priority"),
        IndexModel([("companyId", 1), ("shopId", 1)], name="company_shop"),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("name", 1), ("_id", 1)], name="company_name"),
        IndexModel([("companyId", 1), ("status", 1)], name="company_status"),
    ]
    TAKEN = {"company_code": "code_taken"}

    async def all(self) -> list[Warehouse]:
        """Every warehouse of the company, by priority."""
        return await self.find_many({}, WAREHOUSE_LIMIT, sort="priority")

    async def inactive(self) -> set[str]:
        """The ids of those that new orders do not ask."""
        found = self.collection.find(self.scope({"status": "inactive"}), {"_id": 1}).limit(WAREHOUSE_LIMIT)
        return {document["_id"] async for document in found}

    async def insert_default(self, warehouse: Warehouse) -> bool:
        """Store a shop's own warehouse; one that is there stays. False: somebody's warehouse has its code."""
        try:
            await self.insert(warehouse)
        except Conflict:
            return False
        except DuplicateKeyError:
            return True  # another copy made it in this moment
        return True

    async def of_shops(self, shop_ids: list[str]) -> list[str]:
        """The ids of the warehouses of these shops."""
        found = self.collection.find(self.scope({"shopId": {"$in": shop_ids}}), {"_id": 1}).limit(WAREHOUSE_LIMIT)
        return [document["_id"] async for document in found]
