"""Products in MongoDB."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from common.mongo.store import Store
from services.catalog.domain.product import Product
from services.catalog.domain.stock import StockFlag
from services.catalog.store.stock_flags import IN_STOCK, with_flag

DUPLICATE_KEY = 11_000


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What a list is narrowed to. Prices in minor units; ``facets``: of each group one must match."""

    statuses: Sequence[str] = ()
    ids: Sequence[str] | None = None
    category_ids: Sequence[str] | None = None
    min_price: int | None = None
    max_price: int | None = None
    facets: Sequence[Sequence[str]] = ()
    in_stock: bool | None = None

    def criteria(self) -> dict[str, Any]:
        """The same as a MongoDB filter."""
        criteria: dict[str, Any] = {}
        if self.statuses:
            criteria["status"] = {"$in": list(self.statuses)}
        if self.ids is not None:
            criteria["_id"] = {"$in": list(self.ids)}
        if self.category_ids is not None:
            criteria["categoryId"] = {"$in": list(self.category_ids)}
        bounds = {"$gte": self.min_price, "$lte": self.max_price}
        price = {operator: bound for operator, bound in bounds.items() if bound is not None}
        if price:
            criteria["price.amount"] = price
        if self.facets:
            criteria["$and"] = [{"facets": {"$in": list(group)}} for group in self.facets]
        if self.in_stock is not None:
            criteria["inStock"] = self.in_stock
        return criteria


class Products(Store[Product]):
    """The collection ``products``."""

    COLLECTION = "products"
    MODEL = Product
    WHAT = "product"
    INDEXES = [
        IndexModel([("companyId", 1), ("skus", 1)], name="company_skus", unique=True),
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("status", 1), ("createdAt", -1), ("_id", -1)], name="company_status_created"),
        IndexModel([("companyId", 1), ("price.amount", 1), ("_id", 1)], name="company_price"),
        IndexModel([("companyId", 1), ("nameKey", 1), ("_id", 1)], name="company_name"),
        IndexModel([("companyId", 1), ("updatedAt", -1), ("_id", -1)], name="company_updated"),
        IndexModel([("companyId", 1), ("categoryId", 1), ("createdAt", -1), ("_id", -1)], name="company_category"),
        IndexModel([("companyId", 1), ("facets", 1)], name="company_facets"),
    ]
    TAKEN = {"company_skus": "sku_taken", "_id_": "product_taken"}

    async def insert_each(self, products: Sequence[Product]) -> dict[int, Exception]:
        """Insert all in one round trip; those that are refused, by their place, with the reason."""
        prepared = [(product, *self._prepare_insert(product, None)) for product in products]
        refused: dict[int, Exception] = {}
        if not prepared:
            return refused
        try:
            await self.collection.insert_many([document for _, document, _ in prepared], ordered=False)
        except BulkWriteError as error:
            for problem in error.details["writeErrors"]:
                if problem["code"] != DUPLICATE_KEY:
                    raise
                details = {"errmsg": problem["errmsg"]}
                refused[problem["index"]] = self.taken(DuplicateKeyError(problem["errmsg"], DUPLICATE_KEY, details))
        for place, (product, _, sealed) in enumerate(prepared):
            if place not in refused:
                self._settle(product, sealed, offer=True)
        return refused

    async def by_ids(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Those of the named products that are this company's."""
        wanted = list(dict.fromkeys(product_ids))
        found = await self.find_many({"_id": {"$in": wanted}}, len(wanted)) if wanted else []
        return {product.id: product for product in found}

    async def ids_matching(self, criteria: dict[str, Any], limit: int) -> set[str]:
        """Only the ids of what matches."""
        cursor = self.collection.find(self.scope(criteria), {"_id": 1}).limit(limit)
        return {document["_id"] async for document in cursor}

    async def set_stock_flag(self, flag: StockFlag) -> None:
        """Take over what inventory announced, unless something later is known; the version stays."""
        criteria = self.scope({"skus": flag.sku})
        await self.collection.update_one(criteria, with_flag(flag))

    async def refresh_in_stock(self, product_id: str) -> None:
        """Work out ``inStock`` again after the variants changed."""
        await self.collection.update_one(self.scope({"_id": product_id}), [{"$set": {"inStock": IN_STOCK}}])

    async def clear_category(self, category_id: str) -> None:
        """Leave the products of a category without one."""
        change = {"$set": {"categoryId": None, "updatedAt": self.ground.clock.now()}, "$inc": {"version": 1}}
        await self.collection.update_many(self.scope({"categoryId": category_id}), change)
