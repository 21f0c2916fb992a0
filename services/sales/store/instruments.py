"""Payment-method tokens of orders: sealed, apart from the order, and gone a day after its deadline."""

import json
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

    async def keep(
        self, company_id: str, order_id: str, token: str, deadline_at: datetime, placed_by: dict[str, Any]
    ) -> None:
        """Seal and store the token; before the order itself, so that no order lacks it.

        ``placed_by``: who placed the order from where (``kind``, ``id``, ``address``): payment counts declines by it.
        """
        document = {
            "companyId": company_id,
            "sealed": self._sealer.seal(json.dumps({"token": token, "placedBy": placed_by})),
            "expiresAt": deadline_at + KEPT_AFTER_DEADLINE,
        }
        await self._collection.update_one({"_id": order_id, "companyId": company_id}, {"$set": document}, upsert=True)

    async def open(self, company_id: str, order_id: str) -> tuple[str, dict[str, Any] | None] | None:
        """The token in the clear, and who placed the order; None where there is none."""
        document = await self._collection.find_one({"_id": order_id, "companyId": company_id})
        if document is None:
            return None
        opened = self._sealer.open(document["sealed"])
        if not opened.startswith("{"):  # sealed by a version that kept the token alone
            return opened, None
        told = json.loads(opened)
        return told["token"], told["placedBy"]
