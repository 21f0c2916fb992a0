"""Returns at tills in MongoDB."""

from pymongo import IndexModel

from common.mongo.store import Store
from common.mongo.transactions import Session
from services.sales.domain.till_return import Return


class Returns(Store[Return]):
    """The collection ``returns``."""

    COLLECTION = "returns"
    MODEL = Return
    WHAT = "return"
    INDEXES = [
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("shopId", 1), ("createdAt", -1), ("_id", -1)], name="shop_created"),
        IndexModel([("companyId", 1), ("orderId", 1), ("createdAt", -1), ("_id", -1)], name="order_created"),
        IndexModel(
            [("companyId", 1), ("shopId", 1), ("clientReturnId", 1)],
            name="company_client_return",
            unique=True,
        ),
    ]
    TAKEN = {"company_client_return": "client_return_taken"}

    async def of_client(self, shop_id: str, client_return_id: str, session: Session | None = None) -> Return | None:
        """The return of a shop that its till named so."""
        return await self.find_one({"shopId": shop_id, "clientReturnId": client_return_id}, session)
