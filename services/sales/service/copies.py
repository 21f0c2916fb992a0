"""Local copies of products, companies and shops: fed by events, asked at the owner when missing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from common.copies import LocalCopies
from common.errors import Conflict, Forbidden, NotFound
from common.events.catalogue import ProductArchived, ProductCreated, ProductUpdated
from common.events.parts import CompanySettings
from common.events.tenancy import CompanyCreated, CompanyUpdated, ShopCreated, ShopUpdated
from services.sales.clients import Neighbours
from services.sales.domain.former_prices import superseded
from services.sales.domain.lines import Sellable, Tariff


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What selling needs to know of a company."""

    currency: str
    timezone: str
    settings: CompanySettings
    name: str = ""

    @property
    def tariff(self) -> Tariff:
        """By what its prices are reckoned."""
        return Tariff.of(self.currency, self.settings)


class Copies:
    """The collections ``products``, ``companies`` and ``shops``."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], neighbours: Neighbours) -> None:
        self._products = LocalCopies(database, "products")
        self._companies = LocalCopies(database, "companies")
        self._shops = LocalCopies(database, "shops")
        self._neighbours = neighbours

    async def company(self, company_id: str) -> CompanyFacts:
        """Raises NotFound for an unknown company, Forbidden ``company_suspended`` for one that may not sell."""
        copy = await self._companies.find(company_id, company_id, lambda: self._neighbours.company(company_id))
        if copy is None:
            raise NotFound("company")
        if copy["status"] != "active":
            raise Forbidden("company_suspended", "This company does not sell at the moment.")
        settings = CompanySettings.model_validate(copy["settings"])
        return CompanyFacts(copy["currency"], copy["timezone"], settings, copy.get("name") or "")

    async def shop(self, company_id: str, shop_id: str, *, must_be_open: bool = True) -> None:
        """Raises NotFound for a shop that is not this company's, Conflict ``shop_closed``."""
        copy = await self._shops.find(company_id, shop_id, lambda: self._neighbours.shop(company_id, shop_id))
        if copy is None:
            raise NotFound("shop")
        if must_be_open and copy["status"] != "active":
            raise Conflict("shop_closed", "This shop is closed.")

    async def shop_name_and_zone(self, company_id: str, shop_id: str) -> tuple[str, str]:
        """What a shop is called and by which clock it lives; empty where nobody knows it any more."""
        copy = await self._shops.find(company_id, shop_id, lambda: self._neighbours.shop(company_id, shop_id))
        return (copy.get("name") or "", copy.get("timezone") or "") if copy else ("", "")

    async def products(self, company_id: str, product_ids: set[str]) -> dict[str, Sellable]:
        """Those of the products that exist, in one query; what is missing here is asked in one call."""
        found = await self._priced_here(company_id, product_ids)
        missing = sorted(product_ids - found.keys())
        if missing:
            for told in await self._neighbours.products(company_id, missing):
                product_id, sequence = str(told.pop("productId")), int(told.pop("sequence", 0))
                await self._products.take(company_id, product_id, sequence, told)
                found[product_id] = {**told, "_id": product_id}
        return {product_id: Sellable.from_copy(copy) for product_id, copy in found.items()}

    async def products_here(self, company_id: str, product_ids: set[str]) -> dict[str, Sellable]:
        """Those of the products that are known here; nobody is asked."""
        found = await self._priced_here(company_id, product_ids)
        return {product_id: Sellable.from_copy(copy) for product_id, copy in found.items()}

    async def _priced_here(self, company_id: str, product_ids: set[str]) -> dict[str, dict[str, Any]]:
        copies = await self._products.find_many(company_id, sorted(product_ids))
        return {product_id: copy for product_id, copy in copies.items() if copy.get("price")}

    async def take_product(
        self, company_id: str, data: ProductCreated | ProductUpdated, sequence: int, at: datetime
    ) -> None:
        """A product's sellable state as of ``at``, unless a newer one is here; what it cost before is kept."""
        fields = data.model_dump(
            by_alias=True, include={"sku", "name", "status", "price", "tax_basis_points", "variants"}
        )
        known = await self._products.find(company_id, data.product_id)
        if former := superseded(known, fields, at):
            fields["formerPrices"] = former
        await self._products.take(company_id, data.product_id, sequence, fields)

    async def archive_product(self, company_id: str, data: ProductArchived, sequence: int) -> None:
        """A product is no longer sold."""
        await self._products.take(company_id, data.product_id, sequence, {"sku": data.sku, "status": "archived"})

    async def take_company(self, data: CompanyCreated | CompanyUpdated, sequence: int) -> None:
        """A company's settings, unless newer ones are here."""
        fields = data.model_dump(by_alias=True, include={"name", "slug", "status", "currency", "timezone", "settings"})
        await self._companies.take(data.company_id, data.company_id, sequence, fields)

    async def take_shop(self, company_id: str, data: ShopCreated | ShopUpdated, sequence: int) -> None:
        """A shop's name and status, unless newer ones are here."""
        status = data.status if isinstance(data, ShopUpdated) else "active"
        fields = {"name": data.name, "code": data.code, "timezone": data.timezone, "status": status}
        await self._shops.take(company_id, data.shop_id, sequence, fields)
