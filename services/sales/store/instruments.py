"""Payment-method tokens of orders: sealed, apart from the order, and gone a day after its deadline."""

from datetime import datetime, timedelta
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from common.encryption import Sealer

COLLECTION = "payment_instruments"
KEPT_AFTER_DEADLINE = timedelta(days=1)
INDEXES = [IndexModel([("expiresAt", 1)], name="expiry", expireAfterSeconds=0)]


class Instruments:
    """The collection ``payment_instruments``, by order."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], sealer: Sealer) -> None:
        self._collection = database[COLLECTION]
        self._sealer = sealer

    async def keep(self, company_id: str, order_id: str, token: str, deadline_at: datetime) -> None:
        """Seal and store the token; before the order itself, so that no order lacks it."""
        document = {
            "companyId": company_id,
            "sealed": self._sealer.seal(token),
            "expiresAt": deadline_at + KEPT_AFTER_DEADLINE,
        }
        await self._collection.update_one({"_id": order_id, "companyId": company_id}, {"$set": document}, upsert=True)

    async def open(self, company_id: str, order_id: str) -> str | None:
        """The token in the clear; None where there is none."""
        document = await self._collection.find_one({"_id": order_id, "companyId": company_id})
        return self._sealer.open(document["sealed"]) if document else None
