"""Use cases of products: create, edit, archive, read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.clock import Clock
from common.errors import Conflict, DomainError, Invalid, NotFound, VersionConflict
from common.events.stock import StockFact
from common.identity.principal import Principal
from common.mongo.transactions import Session
from common.web.etag import check_version
from services.catalog.clients.company import Companies, CompanyFacts
from services.catalog.domain.product import Product, ProductDraft
from services.catalog.domain.stock import StockFlag, StockStatus
from services.catalog.store.categories import Categories
from services.catalog.store.products import Products

TRIES = 5


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What became of one product of a batch: the product, or why it was refused.

    ``is_replayed``: an earlier run of the same request had made it.
    """

    product: Product | None = None
    problem: DomainError | None = None
    is_replayed: bool = False


class ProductService:
    """Products of a company."""

    def __init__(self, products: Products, categories: Categories, companies: Companies, clock: Clock) -> None:
        self._products = products
        self._categories = categories
        self._companies = companies
        self._clock = clock

    async def create(self, who: Principal, draft: ProductDraft, product_id: str) -> Product:
        """A new product, in one insert; one that is already there under this id is answered as it is.

        Raises Conflict ``sku_taken``, ``slug_taken``, ``plan_limit_reached``;
        Invalid ``currency_mismatch``, ``unknown_category``, ``invalid_variants``.
        """
        await self._check_categories(who.tenant, [draft.category_id])
        company = await self._companies.get(who.tenant)
        products = self._products.for_company(who.tenant)
        try:
            return await self._insert(who, draft, product_id, company)
        except Conflict:
            earlier = await products.find(product_id)
            if earlier is None:
                raise
            return earlier

    async def create_batch(
        self, who: Principal, drafts: Sequence[ProductDraft | Invalid], product_ids: Sequence[str]
    ) -> list[BatchRow]:
        """Many new products in one round trip; each is taken or refused by itself.

        ``product_ids``: one a draft. A draft that could not be read comes as its problem and keeps its place.
        """
        if (await self._companies.get(who.tenant)).limits.products is not None:
            return [await self._alone(who, *row) for row in zip(drafts, product_ids, strict=True)]
        readable = [draft for draft in drafts if isinstance(draft, ProductDraft)]
        named = _named(draft.category_id for draft in readable)
        known = await self._categories.for_company(who.tenant).names(named) if named else {}
        rows = [
            await self._row(who, draft, product_id, known)
            for draft, product_id in zip(drafts, product_ids, strict=True)
        ]
        places = [place for place, row in enumerate(rows) if row.product is not None]
        made = [row.product for row in rows if row.product is not None]
        products = self._products.for_company(who.tenant)
        refused = await products.insert_each(made)
        earlier = await products.by_ids([made[index].id for index in refused])
        for index, refusal in refused.items():
            if made[index].id in earlier:
                rows[places[index]] = BatchRow(product=earlier[made[index].id], is_replayed=True)
            elif isinstance(refusal, DomainError):
                rows[places[index]] = BatchRow(problem=refusal)
            else:
                raise refusal
        return rows

    async def read(self, who: Principal, product_id: str) -> Product:
        """One product. Raises NotFound, for shoppers also when it is not active."""
        product = await self._products.for_company(who.tenant).get(product_id)
        if product.status != "active" and not sees_all(who):
            raise NotFound("product")
        return product

    async def edit(self, who: Principal, product_id: str, changes: Mapping[str, Any], if_match: str | None) -> Product:
        """Change a product. Raises VersionConflict when ``if_match`` names an old version, and as :meth:`create`."""
        if changes.get("category_id") is not None:
            await self._check_categories(who.tenant, [changes["category_id"]])
        company = await self._companies.get(who.tenant)

        def change(product: Product) -> bool:
            if changes:
                product.edit(changes, company.currency)
            return bool(changes)

        limit = company.limits.products
        if limit is not None and await self._comes_back(who, product_id, changes):
            product = await self._bring_back(who, product_id, if_match, change, limit)
        else:
            product = await self._change(who, product_id, if_match, change)
        if "variants" in changes:
            await self._products.for_company(who.tenant).refresh_stock(product_id)
        return product

    async def archive(self, who: Principal, product_id: str, if_match: str | None) -> None:
        """Take a product out of sale; again is the same."""
        await self._change(who, product_id, if_match, Product.archive)

    async def look_up(self, company_id: str, product_ids: Sequence[str], skus: Sequence[str] = ()) -> list[Product]:
        """Products for another service by id or SKU, whatever their status."""
        products = self._products.for_company(company_id)
        return list((await products.by_ids(product_ids) | await products.by_skus(skus)).values())

    async def note_stock(self, company_id: str, fact: StockFact, status: StockStatus, sequence: int) -> None:
        """Take over what inventory announced of a SKU at a warehouse; older news changes nothing."""
        flag = StockFlag(sku=fact.sku, warehouse_id=fact.warehouse_id, status=status, sequence=sequence)
        await self._products.for_company(company_id).set_stock_flag(flag)

    async def _change(
        self, who: Principal, product_id: str, if_match: str | None, change: Callable[[Product], bool]
    ) -> Product:
        """Load, change, save. Without ``if_match`` a lost race is run again on the newer product."""
        products = self._products.for_company(who.tenant)
        for attempt in range(1, TRIES + 1):
            product = await products.get(product_id)
            check_version(if_match, product.version)
            if not change(product):
                break
            try:
                return await products.save(product)
            except VersionConflict:
                if if_match is not None or attempt == TRIES:
                    raise
        return product

    async def _insert(self, who: Principal, draft: ProductDraft, product_id: str, company: CompanyFacts) -> Product:
        products, limit = self._products.for_company(who.tenant), company.limits.products
        if limit is None or draft.status == "archived":
            return await products.insert(self._make(who, draft, product_id, company.currency))

        async def work(session: Session) -> Product:
            return await products.insert(self._make(who, draft, product_id, company.currency), session=session)

        return await products.within_plan(limit, work)

    async def _comes_back(self, who: Principal, product_id: str, changes: Mapping[str, Any]) -> bool:
        """Whether an archived product is put on sale again: it counts for the plan like a new one."""
        if changes.get("status") in (None, "archived"):
            return False
        return (await self._products.for_company(who.tenant).get(product_id)).status == "archived"

    async def _bring_back(
        self, who: Principal, product_id: str, if_match: str | None, change: Callable[[Product], bool], limit: int
    ) -> Product:
        products = self._products.for_company(who.tenant)

        async def work(session: Session) -> Product:
            product = await products.find_one({"_id": product_id}, session)
            if product is None:
                raise NotFound("product")
            check_version(if_match, product.version)
            change(product)
            return await products.save(product, session=session)

        return await products.within_plan(limit, work)

    async def _alone(self, who: Principal, draft: ProductDraft | Invalid, product_id: str) -> BatchRow:
        """A row of a batch under a plan with a limit: one after another, so that none goes beyond it."""
        if isinstance(draft, Invalid):
            return BatchRow(problem=draft)
        try:
            earlier = await self._products.for_company(who.tenant).find(product_id)
            if earlier is not None:
                return BatchRow(product=earlier, is_replayed=True)
            return BatchRow(product=await self.create(who, draft, product_id))
        except DomainError as error:
            return BatchRow(problem=error)

    async def _row(
        self, who: Principal, draft: ProductDraft | Invalid, product_id: str, known: Mapping[str, str]
    ) -> BatchRow:
        if isinstance(draft, Invalid):
            return BatchRow(problem=draft)
        if draft.category_id is not None and draft.category_id not in known:
            return BatchRow(problem=_unknown_category())
        currency = await self._companies.currency_of(who.tenant)
        try:
            return BatchRow(product=self._make(who, draft, product_id, currency))
        except DomainError as error:
            return BatchRow(problem=error)

    def _make(self, who: Principal, draft: ProductDraft, product_id: str, currency: str) -> Product:
        return Product.create(
            draft,
            product_id=product_id,
            company_id=who.tenant,
            currency=currency,
            now=self._clock.now(),
        )

    async def _check_categories(self, company_id: str, category_ids: Sequence[str | None]) -> None:
        wanted = _named(category_ids)
        if wanted and len(await self._categories.for_company(company_id).names(wanted)) < len(wanted):
            raise _unknown_category()


def sees_all(who: Principal) -> bool:
    """Whether drafts and archived products are shown: to staff, and to keys that may do a staff's work."""
    return who.is_staff and (who.kind != "key" or who.may("products.write") or who.may("inventory.read"))


def _named(category_ids: Any) -> list[str]:
    return list(dict.fromkeys(category_id for category_id in category_ids if category_id is not None))


def _unknown_category() -> Invalid:
    return Invalid("unknown_category", "There is no such category.", [("categoryId", "is not known")])
