"""Storefront configurations in MongoDB, one a company."""

from pymongo import IndexModel

from common.mongo.store import Store
from services.shop.domain.storefront import Storefront


class Storefronts(Store[Storefront]):
    """The collection ``storefronts``."""

    COLLECTION = "storefronts"
    MODEL = Storefront
    WHAT = "storefront"
    INDEXES = [IndexModel([("companyId", 1)], name="company", unique=True)]
    TAKEN = {"company": "storefront_exists"}

    async def of_company(self) -> Storefront | None:
        """The one of the company that this store is open for, once it was configured."""
        return await self.find_one({})
