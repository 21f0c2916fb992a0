"""Debts in MongoDB."""

from datetime import datetime
from typing import Any

from pymongo import IndexModel

from common.mongo.store import Store
from services.debt.domain import AGES, OLDEST, Debt

UNSETTLED = ("open", "partially_paid", "overdue")
CLASSES = (*(name for name, _ in AGES), OLDEST)
DAY_MILLISECONDS = 86_400_000
CURRENCIES_LIMIT = 200


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
            partialFilterExpression={"orderId": {"$gt": ""}},
        ),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("debtorId", 1), ("createdAt", -1), ("_id", -1)], name="company_debtor"),
        IndexModel([("companyId", 1), ("status", 1), ("createdAt", -1), ("_id", -1)], name="company_status"),
        IndexModel([("companyId", 1), ("dueAt", 1), ("_id", 1)], name="company_due"),
        IndexModel(
            [("companyId", 1), ("principal.currency", 1), ("status", 1), ("debtorId", 1)], name="company_unsettled"
        ),
        IndexModel([("overdueAt", 1)], name="overdue", partialFilterExpression={"overdueAt": {"$type": "date"}}),
    ]
    TAKEN = {"company_order": "order_taken"}

    async def of_order(self, order_id: str) -> Debt | None:
        """The debt of an order."""
        return await self.find_one({"orderId": order_id})

    async def overdue(self, now: datetime, limit: int) -> list[Debt]:
        """Debts of which an instalment has just become overdue."""
        return await self.find_many({"overdueAt": {"$type": "date", "$lte": now}}, limit, sort="overdueAt")

    async def ageing(self, as_of: datetime, limit: int) -> list[dict[str, Any]]:
        """What is outstanding by currency and debtor, classed by age at an instant; the largest first.

        One document a currency: ``_id`` the currency, ``totals`` by class, ``debtors`` at most ``limit`` of them.
        """
        left = {"$subtract": ["$schedule.amount.amount", "$schedule.paid.amount"]}
        who = {"currency": "$principal.currency", "type": "$debtorType", "id": "$debtorId"}
        sums = {name: {"$sum": {"$cond": [{"$eq": ["$age", name]}, "$left", 0]}} for name in CLASSES}
        pipeline: list[dict[str, Any]] = [
            {"$match": self.scope({"status": {"$in": list(UNSETTLED)}})},
            {"$unwind": "$schedule"},
            {"$project": {"who": who, "left": left, "age": _age("$schedule.dueAt", as_of)}},
            {"$match": {"left": {"$gt": 0}}},
            {"$group": {"_id": "$who", "outstanding": {"$sum": "$left"}, **sums}},
            {"$sort": {"outstanding": -1, "_id.id": 1}},
            {
                "$group": {
                    "_id": "$_id.currency",
                    "count": {"$sum": 1},
                    "outstanding": {"$sum": "$outstanding"},
                    **{name: {"$sum": f"${name}"} for name in CLASSES},
                    "debtors": {"$firstN": {"input": "$$ROOT", "n": limit}},
                }
            },
            {"$sort": {"_id": 1}},
            {"$limit": CURRENCIES_LIMIT},
        ]
        cursor = await self.collection.aggregate(pipeline)
        return [document async for document in cursor]


def _age(field: str, as_of: datetime) -> dict[str, Any]:
    """The class of an instalment, as :func:`services.debt.domain.age_of` says."""
    days = {"$floor": {"$divide": [{"$subtract": [as_of, field]}, DAY_MILLISECONDS]}}
    branches = [{"case": {"$gt": [field, as_of]}, "then": AGES[0][0]}]
    branches += [{"case": {"$lte": [days, limit]}, "then": name} for name, limit in AGES[1:]]
    return {"$switch": {"branches": branches, "default": OLDEST}}
