"""Reading the ledger: balances, entries, and what a balance is made of."""

from dataclasses import replace
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from common.pagination import Page, PageRequest

COLLECTION = "ledger_entries"
INDEXES = [
    IndexModel([("companyId", 1), ("orderId", 1), ("at", -1), ("_id", -1)], name="company_order_at"),
    IndexModel([("companyId", 1), ("paymentId", 1), ("at", -1), ("_id", -1)], name="company_payment_at"),
    IndexModel([("companyId", 1), ("lines.account", 1), ("at", -1), ("_id", -1)], name="company_account_at"),
    IndexModel([("companyId", 1), ("at", -1), ("_id", -1)], name="company_at"),
]
ROWS = 1000


class Ledger:
    """The collection ``ledger_entries``, for reading; only a commit of the books writes to it."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._collection = database[COLLECTION]

    async def balances(self, company_id: str) -> list[dict[str, Any]]:
        """The balance of every account and currency, in signed minor units, with the number of its entries."""
        return await self._sum({"companyId": company_id}, None, {"account": "$lines.account"})

    async def causes(self, company_id: str, account: str) -> list[dict[str, Any]]:
        """One account's balance by currency and kind of cause: capture, refund, fee and others."""
        kind = {"$arrayElemAt": [{"$split": ["$cause", ":"]}, 0]}
        matching = {"companyId": company_id, "lines.account": account}
        return await self._sum(matching, account, {"cause": kind})

    async def _sum(self, matching: dict[str, Any], account: str | None, by: dict[str, Any]) -> list[dict[str, Any]]:
        pipeline: list[dict[str, Any]] = [{"$match": matching}, {"$unwind": "$lines"}]
        if account is not None:
            pipeline.append({"$match": {"lines.account": account}})
        pipeline += [
            {
                "$group": {
                    "_id": {**by, "currency": "$lines.currency"},
                    "amount": {"$sum": "$lines.amount"},
                    "entries": {"$sum": 1},
                }
            },
            {"$sort": {"_id": 1}},
            {"$limit": ROWS},
        ]
        cursor = await self._collection.aggregate(pipeline)
        return [{**row["_id"], "amount": row["amount"], "entries": row["entries"]} async for row in cursor]

    async def page(
        self,
        company_id: str,
        request: PageRequest,
        *,
        account: str | None = None,
        order_id: str | None = None,
        payment_id: str | None = None,
    ) -> Page[dict[str, Any]]:
        """Entries of the company, narrowed by what is given."""
        named = {"lines.account": account, "orderId": order_id, "paymentId": payment_id}
        criteria = {"companyId": company_id, **{name: value for name, value in named.items() if value is not None}}
        by_time = replace(request, sort="at")  # an entry is made when it is: createdAt is its at
        combined = {"$and": [criteria, by_time.filter()]} if request.after else criteria
        cursor = self._collection.find(combined).sort([("at", request.direction), ("_id", request.direction)])
        documents = [document async for document in cursor.limit(request.limit + 1)]
        shown = documents[: request.limit]
        following = None
        if len(documents) > request.limit:
            following = request.cursor_for(shown[-1]["at"], shown[-1]["_id"])
        return Page(items=shown, next_cursor=following)
