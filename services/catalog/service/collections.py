"""Use cases of collections."""

from collections.abc import Mapping
from typing import Any

from common.clock import Clock
from common.errors import Invalid
from common.identity.principal import Principal
from common.ids import new_id
from common.pagination import Page, PageRequest
from common.web.etag import again_when_overtaken, check_version
from services.catalog.domain.collection import Collection
from services.catalog.store.categories import Categories
from services.catalog.store.collections import Collections
from services.catalog.store.products import Products


class CollectionService:
    """Collections of a company; what belongs to one is read with the product list, by ``collectionId``."""

    def __init__(self, collections: Collections, products: Products, categories: Categories, clock: Clock) -> None:
        self._collections = collections
        self._products = products
        self._categories = categories
        self._clock = clock

    async def create(self, who: Principal, fields: Mapping[str, Any]) -> Collection:
        """A new collection. Raises Invalid ``invalid_collection``, ``unknown_product``, ``unknown_category``."""
        await self._check(who.tenant, fields)
        collection = Collection.create(
            fields, collection_id=new_id("col"), company_id=who.tenant, now=self._clock.now()
        )
        return await self._collections.for_company(who.tenant).insert(collection)

    async def list(self, who: Principal, page: PageRequest) -> Page[Collection]:
        """Collections of the company."""
        return await self._collections.for_company(who.tenant).page({}, page)

    async def read(self, who: Principal, collection_id: str) -> Collection:
        """One collection. Raises NotFound."""
        return await self._collections.for_company(who.tenant).get(collection_id)

    async def edit(
        self, who: Principal, collection_id: str, changes: Mapping[str, Any], if_match: str | None
    ) -> Collection:
        """Change a collection. Raises VersionConflict, NotFound, and as :meth:`create`."""
        await self._check(who.tenant, changes)
        collections = self._collections.for_company(who.tenant)

        async def change() -> Collection:
            collection = await collections.get(collection_id)
            check_version(if_match, collection.version)
            if not changes:
                return collection
            collection.edit(changes)
            return await collections.save(collection)

        return await again_when_overtaken(change, if_match)

    async def delete(self, who: Principal, collection_id: str, if_match: str | None) -> None:
        """Delete a collection; its products stay. Raises NotFound, VersionConflict."""
        collections = self._collections.for_company(who.tenant)

        async def change() -> None:
            collection = await collections.get(collection_id)
            check_version(if_match, collection.version)
            collection.delete(self._clock.now())
            await collections.save(collection)

        await again_when_overtaken(change, if_match)

    async def _check(self, company_id: str, fields: Mapping[str, Any]) -> None:
        """What is named must be the company's own."""
        product_ids = list(fields.get("product_ids") or ())
        known = await self._products.for_company(company_id).known_ids(product_ids)
        unknown = [
            (f"productIds.{place}", "is not known") for place, name in enumerate(product_ids) if name not in known
        ]
        if unknown:
            raise Invalid("unknown_product", "There is no such product.", unknown[:50])
        rule = fields.get("rule")
        category_id = rule.category_id if rule is not None else None
        if category_id is not None and not await self._categories.for_company(company_id).names([category_id]):
            raise Invalid("unknown_category", "There is no such category.", [("rule.categoryId", "is not known")])
