"""Orders and till sales in MongoDB: one collection, told apart by channel."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from common.errors import Conflict
from common.mongo.store import Store
from services.sales.domain.order import Order

DUPLICATE = 11000
TALLY_LIMIT = 1000
"""More than there are combinations of the three axes and the channels."""

TALLY_MILLISECONDS = 8000
NAME_KEYS = 8


class Orders(Store[Order]):
    """The collection ``orders``."""

    COLLECTION = "orders"
    MODEL = Order
    WHAT = "order"
    INDEXES = [
        # What a list is narrowed by, then what it is sorted by: no list is sorted in memory.
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("placedAt", -1), ("_id", -1)], name="company_placed"),
        IndexModel([("companyId", 1), ("total", -1), ("_id", -1)], name="company_total"),
        IndexModel([("companyId", 1), ("number", 1)], name="company_number", unique=True),
        IndexModel([("companyId", 1), ("number", 1), ("_id", 1)], name="company_number_page"),
        IndexModel([("companyId", 1), ("status", 1), ("createdAt", -1), ("_id", -1)], name="status_created"),
        IndexModel([("companyId", 1), ("customerId", 1), ("createdAt", -1), ("_id", -1)], name="customer_created"),
        IndexModel([("companyId", 1), ("shopId", 1), ("createdAt", -1), ("_id", -1)], name="shop_created"),
        IndexModel([("companyId", 1), ("email", 1), ("createdAt", -1), ("_id", -1)], name="email_created"),
        IndexModel([("companyId", 1), ("items.sku", 1), ("createdAt", -1), ("_id", -1)], name="sku_created"),
        IndexModel([("companyId", 1), ("searchKeys", 1)], name="company_search"),
        IndexModel(
            [("companyId", 1), ("cartId", 1)],
            name="company_cart",
            unique=True,
            partialFilterExpression={"cartId": {"$gt": ""}},
        ),
        IndexModel(
            [("companyId", 1), ("cartKey", 1)],
            name="company_cart_key",
            partialFilterExpression={"cartKey": {"$gt": ""}},
        ),
        IndexModel(
            [("companyId", 1), ("shopId", 1), ("till.clientSaleId", 1)],
            name="company_client_sale",
            unique=True,
            partialFilterExpression={"till.clientSaleId": {"$gt": ""}},
        ),
        IndexModel([("dueAt", 1)], name="due", partialFilterExpression={"dueAt": {"$type": "date"}}),
    ]

    def to_document(self, aggregate: Order) -> dict[str, Any]:
        """The stored form, with what lists are sorted and searched by: ``total`` and ``searchKeys``."""
        document = super().to_document(aggregate)
        document["total"] = aggregate.totals.grand_total.amount
        document["searchKeys"] = _search_keys(aggregate)
        return document

    async def place(self, order: Order) -> Order:
        """Store a new order; when this very id is stored already (a repeated run), what is stored.

        Raises Conflict ``cart_used``.
        """
        document, sealed = self._prepare_insert(order, None)
        try:
            await self.collection.insert_one(document)
        except DuplicateKeyError as error:
            stored = await self.find(order.id)
            if stored is not None:
                return stored
            if "index: company_cart " in str((error.details or {}).get("errmsg", error)):
                raise Conflict("cart_used", "This cart was ordered already.") from error
            raise
        self._settle(order, sealed, offer=True)
        return order

    async def was_made_of(self, cart_id: str, cart_key: str) -> bool:
        """Whether some order was made of this cart, named by its id or by a hash of what the buyer sent."""
        criteria = {"$or": [{"cartId": cart_id}, {"cartKey": cart_key}]}
        return await self.collection.find_one(self.scope(criteria), {"_id": 1}) is not None

    async def sales_of(self, shop_id: str, client_sale_ids: Sequence[str]) -> dict[str, Order]:
        """Till sales of a shop by the ids their tills gave them."""
        criteria = {"shopId": shop_id, "till.clientSaleId": {"$in": list(client_sale_ids)}}
        found = await self.find_many(criteria, len(client_sale_ids))
        return {order.till.client_sale_id: order for order in found if order.till}

    async def sell(self, sales: Sequence[Order]) -> set[str]:
        """Store till sales in one round trip; the ids of those whose place was taken meanwhile."""
        prepared = [(sale, *self._prepare_insert(sale, None)) for sale in sales]
        taken: set[str] = set()
        if prepared:
            try:
                await self.collection.insert_many([document for _, document, _ in prepared], ordered=False)
            except BulkWriteError as error:
                problems = error.details["writeErrors"]
                if any(problem["code"] != DUPLICATE for problem in problems):
                    raise
                taken = {prepared[problem["index"]][0].id for problem in problems}
        for sale, _, sealed in prepared:
            if sale.id not in taken:
                self._settle(sale, sealed, offer=True)
        return taken

    async def overdue(self, now: datetime, limit: int) -> list[Order]:
        """Waiting orders whose deadline has passed, the oldest first; over all companies."""
        return await self.find_many(due_by(now), limit, sort="dueAt")

    async def tally(self, criteria: dict[str, Any]) -> list[dict[str, Any]]:
        """Orders and their sum, by status on each axis and by channel."""
        axes = {"status": "$status", "payment": "$paymentStatus", "fulfilment": "$fulfilmentStatus"}
        group = {"_id": {**axes, "channel": "$channel"}, "orders": {"$sum": 1}, "total": {"$sum": "$total"}}
        pipeline: list[dict[str, Any]] = [{"$match": self.scope(criteria)}, {"$group": group}, {"$limit": TALLY_LIMIT}]
        cursor = await self.collection.aggregate(pipeline, maxTimeMS=TALLY_MILLISECONDS)
        return [row async for row in cursor]

    async def status_of(self, order_id: str) -> str | None:
        """The status alone; for those who wait for its change."""
        document: dict[str, Any] | None = await self.collection.find_one(
            self.scope({"_id": order_id}), {"status": 1, "_id": 0}
        )
        return document["status"] if document else None


def due_by(moment: datetime) -> dict[str, Any]:
    """Whose deadline has passed by then. The type must be said: without it the index of deadlines is not used."""
    return {"dueAt": {"$type": "date", "$lte": moment}}


def _search_keys(order: Order) -> list[str]:
    """What a search may begin with: the number, the address, and the name from each of its words on."""
    words = (order.customer_name or "").casefold().split()[:NAME_KEYS]
    names = [" ".join(words[start:]) for start in range(len(words))]
    keys = [order.number.casefold(), (order.email or "").casefold(), *names]
    return list(dict.fromkeys(key for key in keys if key))
