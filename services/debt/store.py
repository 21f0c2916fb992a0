"""Debts in MongoDB."""

from datetime import datetime

from pymongo import IndexModel

from common.mongo.store import Store
from services.debt.domain import Debt


class Debts(Store[Debt]):
    """The collection ``debts``; one debt an order."""

    COLLECTION = "debts"
    MODEL = Debt
    WHAT = "debt"
    INDEXES = [
        IndexModel(
            [("companyId", 1), ("orderId", 1)],
            name="company_order",
            unique=True,
            partialFilterExpression={"orderId": {"$type": "string"}},
        ),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("debtorId", 1), ("createdAt", -1), ("_id", -1)], name="company_debtor"),
        IndexModel([("companyId", 1), ("status", 1), ("createdAt", -1), ("_id", -1)], name="company_status"),
        IndexModel([("companyId", 1), ("dueAt", 1), ("_id", 1)], name="company_due"),
        IndexModel([("overdueAt", 1)], name="overdue", partialFilterExpression={"overdueAt": {"$type": "date"}}),
    ]
    TAKEN = {"company_order": "order_taken"}

    async def of_order(self, order_id: str) -> Debt | None:
        """The debt of an order."""
        return await self.find_one({"orderId": order_id})

    async def overdue(self, now: datetime, limit: int) -> list[Debt]:
        """Debts of which an instalment has just become overdue."""
        return await self.find_many({"overdueAt": {"$type": "date", "$lte": now}}, limit, sort="overdueAt")
