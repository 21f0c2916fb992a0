"""Products in MongoDB."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pymongo import IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from common.errors import Conflict
from common.mongo.store import Ground, Store
from common.mongo.transactions import Session, transact
from common.pagination import Page, PageRequest
from services.catalog.domain.category import CATEGORIES_LIMIT
from services.catalog.domain.category_tree import Contents
from services.catalog.domain.filter import ATTRIBUTE, ProductFilter
from services.catalog.domain.product import Product
from services.catalog.domain.stock import StockFlag
from services.catalog.store.facet_counts import attribute_counts, field_counts
from services.catalog.store.product_filter import criteria_of
from services.catalog.store.stock_flags import REFRESHED, with_flag

DUPLICATE_KEY = 11_000


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
        IndexModel([("companyId", 1), ("stockState", 1), ("createdAt", -1), ("_id", -1)], name="company_stock"),
        IndexModel([("companyId", 1), ("inStock", 1), ("createdAt", -1), ("_id", -1)], name="company_in_stock"),
        IndexModel(
            [("companyId", 1), ("seo.slug", 1)],
            name="company_slug",
            unique=True,
            partialFilterExpression={"seo.slug": {"$gt": ""}},
        ),
    ]
    TAKEN = {"company_skus": "sku_taken", "company_slug": "slug_taken", "_id_": "product_taken"}

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._plans = ground.database["product_plans"]

    async def filtered(self, narrowed: ProductFilter, request: PageRequest) -> Page[Product]:
        """One page of the products that the filter lets through."""
        return await self.page(criteria_of(narrowed), request)

    async def count_facet(self, facet: str, narrowed: ProductFilter) -> list[tuple[str, int]]:
        """How many products have each value of ``attr.NAME`` or of a field, the most frequent first."""
        criteria = self.scope(criteria_of(narrowed))
        if facet.startswith(ATTRIBUTE):
            pipeline = attribute_counts(criteria, facet.removeprefix(ATTRIBUTE))
        else:
            pipeline = field_counts(criteria, facet)
        found = await self.collection.aggregate(pipeline)
        return [(str(document["_id"]), document["count"]) async for document in found]

    async def within_plan(self, limit: int, work: Callable[[Session], Awaitable[Product]]) -> Product:
        """Run ``work``, which adds one product to those not archived, in a transaction that no other addition
        of this company overlaps. Raises Conflict ``plan_limit_reached`` when there are ``limit`` already.
        """

        async def guarded(session: Session) -> Product:
            await self._plans.update_one({"_id": self.company_id}, {"$inc": {"changes": 1}}, True, session=session)
            counted = self.scope({"status": {"$in": ["draft", "active"]}})
            if await self.collection.count_documents(counted, limit=max(limit, 1), session=session) >= limit:
                raise Conflict("plan_limit_reached", f"This company's plan allows {limit} products.")
            return await work(session)

        product = await transact(self.ground.client, guarded)
        self.offer(product.id, product.sealed)
        return product

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

    async def by_skus(self, skus: Sequence[str]) -> dict[str, Product]:
        """Those products, by id, that have one of the SKUs, or a variant with it."""
        wanted = list(dict.fromkeys(skus))
        found = await self.find_many({"skus": {"$in": wanted}}, len(wanted)) if wanted else []
        return {product.id: product for product in found}

    async def contents_by_category(self, statuses: Sequence[str]) -> dict[str, Contents]:
        """How many products stand in each category, and between which prices."""
        price = "$price.amount"
        grouped = {"_id": "$categoryId", "count": {"$sum": 1}, "lowest": {"$min": price}, "highest": {"$max": price}}
        matched = self.scope({"status": {"$in": list(statuses)}, "categoryId": {"$gt": ""}})
        pipeline: list[dict[str, Any]] = [{"$match": matched}, {"$group": grouped}, {"$limit": CATEGORIES_LIMIT}]
        found = await self.collection.aggregate(pipeline)
        return {
            document["_id"]: Contents(document["count"], document["lowest"], document["highest"])
            async for document in found
        }

    async def known_ids(self, product_ids: Sequence[str]) -> set[str]:
        """Those of the named products that are this company's."""
        return await self.ids_matching(ProductFilter(ids=product_ids), len(product_ids)) if product_ids else set()

    async def ids_matching(self, narrowed: ProductFilter, limit: int) -> set[str]:
        """Only the ids of what the filter lets through."""
        cursor = self.collection.find(self.scope(criteria_of(narrowed)), {"_id": 1}).limit(limit)
        return {document["_id"] async for document in cursor}

    async def set_stock_flag(self, flag: StockFlag) -> None:
        """Take over what inventory announced, unless something later is known; the version stays."""
        criteria = self.scope({"skus": flag.sku})
        await self.collection.update_one(criteria, with_flag(flag))

    async def refresh_stock(self, product_id: str) -> None:
        """Work out what lists say of its stock again after the variants changed."""
        await self.collection.update_one(self.scope({"_id": product_id}), REFRESHED)

    async def clear_category(self, category_id: str) -> None:
        """Leave the products of a category without one."""
        change = {"$set": {"categoryId": None, "updatedAt": self.ground.clock.now()}, "$inc": {"version": 1}}
        await self.collection.update_many(self.scope({"categoryId": category_id}), change)
