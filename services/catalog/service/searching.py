"""Reads products for the search index."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import groupby

from services.catalog.clients.search_fields import Searchable
from services.catalog.domain.product import Product
from services.catalog.store.categories import Categories
from services.catalog.store.products import Products

PIECE = 500
BRAND_ATTRIBUTES = frozenset({"brand", "manufacturer", "supplier", "vendor"})


class SearchReader:
    """Products as the index holds them, with the names of their categories."""

    def __init__(self, products: Products, categories: Categories) -> None:
        self._products = products
        self._categories = categories

    async def by_id(self, company_id: str, product_ids: Sequence[str]) -> list[Searchable]:
        """The named products as they are now."""
        found = await self._products.for_company(company_id).by_ids(product_ids)
        return await self._searchable(company_id, found.values())

    async def everything(self) -> AsyncIterator[list[Searchable]]:
        """All products of all companies; each piece is read when it is asked for."""
        last = ""
        while True:
            piece = await self._products.for_platform().find_many({"_id": {"$gt": last}}, PIECE)
            if not piece:
                return
            last = piece[-1].id
            by_company = groupby(sorted(piece, key=_company), key=_company)
            grouped = [(company_id, list(products)) for company_id, products in by_company]
            yield [entry for company_id, products in grouped for entry in await self._searchable(company_id, products)]

    async def _searchable(self, company_id: str, products: Iterable[Product]) -> list[Searchable]:
        listed = list(products)
        named = list({product.category_id for product in listed if product.category_id is not None})
        names = await self._categories.for_company(company_id).names(named) if named else {}
        return [searchable(product, names) for product in listed]


def searchable(product: Product, category_names: Mapping[str, str]) -> Searchable:
    """What the index holds of a product."""
    values = [f"{name} {value}" for name, value in product.attributes.items()]
    chosen = [value for variant in product.variants for value in variant.options.values()]
    return Searchable(
        id=product.id,
        company_id=_company(product),
        title=product.name,
        skus=product.skus,
        barcodes=[code for code in (product.barcode, *(variant.barcode for variant in product.variants)) if code],
        brand=_brand(product),
        description=product.description or "",
        category=category_names.get(product.category_id or "", ""),
        category_id=product.category_id,
        attributes=[*values, *dict.fromkeys(chosen)],
        facets=product.facets,
        status=product.status,
        price_minor=product.price.amount,
        slug=product.seo.slug,
    )


def _brand(product: Product) -> str:
    """Who makes it: this names a product as its title does."""
    named = (str(value) for name, value in product.attributes.items() if name.casefold() in BRAND_ATTRIBUTES)
    return next(named, "")


def _company(product: Product) -> str:
    return product.company_id or ""
