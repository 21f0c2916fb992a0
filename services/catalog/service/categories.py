"""Use cases of categories."""

from collections.abc import Mapping, Sequence
from typing import Any

from common.clock import Clock
from common.identity.principal import Principal
from common.ids import new_id
from common.mongo.transactions import Session
from common.pagination import Page, PageRequest
from common.web.etag import check_version
from services.catalog.domain.category import Category
from services.catalog.domain.category_tree import Branch, grow
from services.catalog.service.listing import visible_statuses
from services.catalog.store.categories import Categories
from services.catalog.store.products import Products


class CategoryService:
    """The tree of categories. Changes of its shape happen one after another, so that no cycle slips in."""

    def __init__(self, categories: Categories, products: Products, clock: Clock) -> None:
        self._categories = categories
        self._products = products
        self._clock = clock

    async def create(self, who: Principal, name: str, parent_id: str | None) -> Category:
        """A new category. Raises Invalid ``unknown_parent``, Conflict ``category_limit``."""
        categories = self._categories.for_company(who.tenant)

        async def work(session: Session) -> Category:
            category = Category.create(
                category_id=new_id("cat"),
                company_id=who.tenant,
                name=name,
                parent_id=parent_id,
                parents=await categories.parents(session),
                now=self._clock.now(),
            )
            return await categories.insert(category, session=session)

        category = await categories.changing_tree(work)
        categories.offer(category.id, category.sealed)
        return category

    async def list(self, who: Principal, page: PageRequest, parent_id: str | None) -> Page[Category]:
        """Categories; with ``parent_id`` those directly below it."""
        criteria = {"parentId": parent_id} if parent_id is not None else {}
        return await self._categories.for_company(who.tenant).page(criteria, page)

    async def tree(self, who: Principal) -> Sequence[Branch]:
        """All categories as a tree, with what the caller may see in each."""
        categories = await self._categories.for_company(who.tenant).everything()
        statuses = visible_statuses(who, "active")
        contents = await self._products.for_company(who.tenant).contents_by_category(statuses)
        return grow(categories, contents)

    async def read(self, who: Principal, category_id: str) -> Category:
        """One category. Raises NotFound."""
        return await self._categories.for_company(who.tenant).get(category_id)

    async def edit(
        self, who: Principal, category_id: str, changes: Mapping[str, Any], if_match: str | None
    ) -> Category:
        """Rename or move. Raises Conflict ``category_cycle``, VersionConflict, NotFound."""
        categories = self._categories.for_company(who.tenant)

        async def work(session: Session) -> Category:
            category = await categories.get_in(category_id, session)
            check_version(if_match, category.version)
            if changes:
                category.edit(changes, await categories.parents(session))
                await categories.save(category, session=session)
            return category

        category = await categories.changing_tree(work)
        categories.offer(category.id, category.sealed)
        return category

    async def delete(self, who: Principal, category_id: str, if_match: str | None) -> None:
        """Delete a category; its products stay, without one, and its children move up. Raises NotFound."""
        categories = self._categories.for_company(who.tenant)

        async def work(session: Session) -> list[Category]:
            category = await categories.get_in(category_id, session)
            check_version(if_match, category.version)
            children = await categories.children(category_id, session)
            parents = await categories.parents(session)
            for child in children:
                child.edit({"parent_id": category.parent_id}, parents)
                await categories.save(child, session=session)
            category.delete(self._clock.now())
            return [*children, await categories.save(category, session=session)]

        for changed in await categories.changing_tree(work):
            categories.offer(changed.id, changed.sealed)
        await self.clear_products(who.tenant, category_id)

    async def clear_products(self, company_id: str, category_id: str) -> None:
        """Leave the products of a deleted category without one; again changes nothing."""
        await self._products.for_company(company_id).clear_category(category_id)
