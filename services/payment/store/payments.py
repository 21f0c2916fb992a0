"""The collection of payments."""

from datetime import datetime

import bson
from pymongo import IndexModel

from common.mongo.client import CODEC
from common.mongo.store import Store
from services.payment.domain import Payment
from services.payment.domain.record import UNDER_WAY

PAYMENTS_OF_AN_ORDER = 50


class Payments(Store[Payment]):
    """The collection ``payments``."""

    COLLECTION = "payments"
    MODEL = Payment
    WHAT = "payment"
    INDEXES = [
        IndexModel([("companyId", 1), ("createdAt", -1), ("_id", -1)], name="company_created"),
        IndexModel([("companyId", 1), ("orderId", 1), ("_id", 1)], name="company_order"),
        IndexModel([("companyId", 1), ("shopId", 1), ("createdAt", -1), ("_id", -1)], name="company_shop_created"),
        IndexModel([("companyId", 1), ("status", 1), ("createdAt", -1), ("_id", -1)], name="company_status_created"),
        IndexModel([("companyId", 1), ("method", 1), ("createdAt", -1), ("_id", -1)], name="company_method_created"),
        IndexModel([("companyId", 1), ("updatedAt", -1), ("_id", -1)], name="company_updated"),
        IndexModel([("companyId", 1), ("accountId", 1), ("status", 1)], name="company_account_status"),
        IndexModel([("dueAt", 1)], name="due", partialFilterExpression={"dueAt": {"$type": "date"}}),
    ]

    def prepare(self, payment: Payment) -> bytes:
        """The write that stores this payment, with its events, as a step of its account's commit."""
        scoped = self.for_company(payment.company_id)
        if payment.is_stored:
            payment.updated_at = self.ground.clock.now()
            criteria = {"_id": payment.id, "companyId": payment.company_id, "version": payment.version}
            body, sealed = scoped._prepare_update(payment, None)
            payment.version += 1
        else:
            criteria = None
            body, sealed = scoped._prepare_insert(payment, None)
        self._settle(payment, sealed, offer=False)
        return bson.encode({"collection": self.COLLECTION, "criteria": criteria, "body": body}, codec_options=CODEC)

    async def of_order(self, order_id: str) -> list[Payment]:
        """All payments of an order, oldest first."""
        return await self.find_many({"orderId": order_id}, PAYMENTS_OF_AN_ORDER)

    async def due(self, now: datetime, limit: int) -> list[Payment]:
        """Payments that a sweeper has to look at."""
        return await self.find_many({"dueAt": {"$type": "date", "$lte": now}}, limit, sort="dueAt")

    async def is_account_used(self, account_id: str) -> bool:
        """Whether a payment that is not through goes to this account at a provider."""
        return await self.count({"accountId": account_id, "status": {"$in": [*UNDER_WAY]}}, 1) > 0
